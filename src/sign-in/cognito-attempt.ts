import { createHash } from 'node:crypto';

import { type CookieJar, setCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { stateCookieName, stateCookiePrefix } from '../session/names.ts';
import type { Sealer } from '../session/seal.ts';
import { sameText, trim } from './attempts.ts';
import { digest, openJson, sealJson, type Target, targetFields, targetOf } from './messages.ts';

/** How long a used state still leads on to the page that was wanted (back button, reload). */
const usedSeconds = 600;

/** The sign-in host's own attempt at Cognito. `target.pool` holds only the first 8 characters: cookies stay small. */
export interface CognitoAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly target: Target;
  readonly used: boolean;
}

interface Deps {
  readonly sealer: Sealer;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

export interface NewCognitoAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly codeChallenge: string;
  readonly cookie: string;
  /** Attempts that had to make room. */
  readonly trimmed: readonly string[];
}

/** State, nonce and PKCE verifier all come from one secret under the seal: three values in the room of one. */
export function makeCognitoAttempt(deps: Deps, jar: CookieJar, target: Target): NewCognitoAttempt {
  const secret = Buffer.from(deps.random(16)).toString('base64url');
  const state = digest('state', secret);
  const name = stateCookieName(state);
  const value = sealAttempt(deps.sealer, secret, { ...target, at: deps.now() }, false);
  return {
    state,
    nonce: digest('nonce', secret),
    codeChallenge: createHash('sha256').update(verifierOf(secret)).digest('base64url'),
    cookie: setCookie(name, value, { maxAge: limits.attemptSeconds }),
    trimmed: trim(
      jar,
      stateCookiePrefix,
      name.length + value.length + 1,
      (text) => read(deps.sealer, text)?.attempt.target.at,
    ),
  };
}

/** The attempt of this browser with this state; the cookie's name alone proves nothing, the sealed secret must give the state. */
export function findCognitoAttempt(
  deps: Pick<Deps, 'sealer'>,
  jar: CookieJar,
  state: string,
): { readonly attempt: CognitoAttempt; readonly consumed: string } | undefined {
  for (const text of jar.all(stateCookieName(state))) {
    const found = read(deps.sealer, text);
    if (found !== undefined && sameText(found.attempt.state, state)) {
      const value = sealAttempt(deps.sealer, found.secret, found.attempt.target, true);
      return { attempt: found.attempt, consumed: setCookie(stateCookieName(state), value, { maxAge: usedSeconds }) };
    }
  }
  return undefined;
}

export function isState(text: string): boolean {
  return /^[A-Za-z0-9_-]{22}$/.test(text);
}

function sealAttempt(sealer: Sealer, secret: string, target: Target, used: boolean): string {
  const scope = { host: target.host, pool: target.pool.slice(0, 8) };
  return sealJson(sealer, 'cognito', scope, [secret, targetFields(target), ...(used ? [1] : [])]);
}

function read(sealer: Sealer, text: string): { readonly secret: string; readonly attempt: CognitoAttempt } | undefined {
  const opened = openJson(sealer, 'cognito', text);
  if (opened === undefined || !Array.isArray(opened.value)) {
    return undefined;
  }
  const [secret, fields, used] = opened.value as readonly unknown[];
  const target = targetOf(fields, opened);
  if (typeof secret !== 'string' || target === undefined) {
    return undefined;
  }
  const codeVerifier = verifierOf(secret);
  const attempt = {
    state: digest('state', secret),
    nonce: digest('nonce', secret),
    codeVerifier,
    target,
    used: used === 1,
  };
  return { secret, attempt };
}

/** 43 characters, as RFC 7636 4.1 wants at least. */
function verifierOf(secret: string): string {
  return createHash('sha256').update('verifier\0').update(secret).digest('base64url');
}
