import { createHash, randomBytes } from 'node:crypto';

import { failed, type TokenFailure } from '../../src/identity/failures.ts';
import type { UserPool } from '../../src/identity/user-pool.ts';
import type { Pool } from '../../src/model/pool.ts';
import { Secret } from '../../src/model/secret.ts';
import type { TokenState } from '../../src/model/session.ts';
import { identity } from '../session/samples.ts';

export interface FakePerson {
  username: string;
  groups: string[];
  name?: string;
}

/** A person who typed their password, and when. */
export interface FakeSignIn {
  person: FakePerson | undefined;
  at?: number;
}

interface Code {
  readonly person: FakePerson;
  readonly authTime: number;
  readonly nonce: string;
  readonly challenge: string;
  readonly pool: string;
  used: boolean;
}

/** A user pool handed in where the real one would be: it keeps count and checks what Cognito checks. */
export interface FakeCognito {
  /** Who types their password next; undefined: nobody does, the browser stays on the form. */
  person: FakePerson | undefined;
  failure: TokenFailure['code'] | undefined;
  tokenLife: number;
  rotate: boolean;
  issueRefreshTokens: boolean;
  /** As the classic pages do: whoever has a session is sent back. */
  ignorePrompt: boolean;
  /** Codes are redeemed once it resolves. */
  held: Promise<void> | undefined;
  readonly redeems: number;
  readonly refreshes: number;
  readonly revoked: readonly string[];
  readonly authorizations: readonly URL[];
  /** Every secret that it ever gave out. */
  readonly secrets: readonly string[];
  poolOf(pool: Pool): UserPool;
  /** What the browser is sent to next; undefined: a page of Cognito's is shown. `session` is its SSO cookie. */
  visit(url: URL, sso: FakeSignIn): URL | undefined;
}

export const cognitoHost = 'login.cognito.test';

export function createFakeCognito(now: () => number): FakeCognito {
  const codes = new Map<string, Code>();
  const refreshable = new Map<string, { readonly person: FakePerson; readonly authTime: number }>();
  const state = {
    redeems: 0,
    refreshes: 0,
    revoked: [] as string[],
    authorizations: [] as URL[],
    secrets: [] as string[],
  };
  const fake: FakeCognito = {
    person: undefined,
    failure: undefined,
    tokenLife: 3600,
    rotate: false,
    issueRefreshTokens: true,
    ignorePrompt: false,
    held: undefined,
    get redeems() {
      return state.redeems;
    },
    get refreshes() {
      return state.refreshes;
    },
    revoked: state.revoked,
    authorizations: state.authorizations,
    secrets: state.secrets,
    visit(url, sso) {
      if (url.pathname === '/logout') {
        sso.person = undefined;
        return new URL(url.searchParams.get('logout_uri') ?? '');
      }
      state.authorizations.push(url);
      if (url.searchParams.get('prompt') === 'login' && !fake.ignorePrompt) {
        sso.person = undefined;
      }
      if (sso.person === undefined) {
        sso.person = fake.person;
        sso.at = now();
      }
      const callback = new URL(url.searchParams.get('redirect_uri') ?? '');
      if (sso.person === undefined) {
        return undefined;
      }
      const code = randomBytes(16).toString('hex');
      state.secrets.push(code);
      const nonce = url.searchParams.get('nonce') ?? '';
      const challenge = url.searchParams.get('code_challenge') ?? '';
      codes.set(code, {
        person: sso.person,
        authTime: sso.at ?? now(),
        nonce,
        challenge,
        pool: url.searchParams.get('client_id') ?? '',
        used: false,
      });
      callback.search = new URLSearchParams({ code, state: url.searchParams.get('state') ?? '' }).toString();
      return callback;
    },
    poolOf: (pool) => userPool(pool),
  };
  const newToken = (person: FakePerson, authTime: number): Secret => {
    const token = randomBytes(100).toString('base64url');
    refreshable.set(token, { person, authTime });
    state.secrets.push(token);
    return new Secret(token);
  };
  const tokensOf = (
    pool: Pool,
    { person, authTime }: { readonly person: FakePerson; readonly authTime: number },
    refreshToken: Secret | undefined,
  ): TokenState => ({
    identity: identity({
      pool: pool.id,
      subject: `sub-${person.username}`,
      username: person.username,
      name: person.name,
      email: `${person.username}@mail.example`,
      groups: { names: new Set(person.groups), judged: undefined },
      claims: new Map(),
      authTime,
    }),
    checkedAt: now(),
    tokensExpireAt: now() + fake.tokenLife,
    refreshToken,
  });
  const userPool = (pool: Pool): UserPool => ({
    pool,
    async authorizeUrl(input) {
      const url = new URL(`https://${cognitoHost}/oauth2/authorize`);
      url.search = new URLSearchParams({
        client_id: pool.clientId,
        redirect_uri: input.redirectUri,
        state: input.state,
        nonce: input.nonce,
        code_challenge: input.codeChallenge,
        ...(input.prompt === undefined ? {} : { prompt: input.prompt }),
      }).toString();
      return url;
    },
    async redeem(input) {
      state.redeems += 1;
      await fake.held;
      state.secrets.push(input.codeVerifier);
      if (fake.failure !== undefined) {
        return failed(fake.failure, 'as the test wants');
      }
      const code = codes.get(input.callbackUrl.searchParams.get('code') ?? '');
      const challenge = createHash('sha256').update(input.codeVerifier).digest('base64url');
      if (code === undefined || code.used || code.challenge !== challenge || code.pool !== pool.clientId) {
        return failed('invalid_grant', 'code');
      }
      code.used = true;
      if (code.nonce !== input.nonce || input.callbackUrl.searchParams.get('state') !== input.state) {
        return failed('bad_token', 'nonce or state');
      }
      const refreshToken = fake.issueRefreshTokens ? newToken(code.person, code.authTime) : undefined;
      return { kind: 'ok', tokens: tokensOf(pool, code, refreshToken) };
    },
    async refresh(refreshToken) {
      state.refreshes += 1;
      if (fake.failure !== undefined) {
        return failed(fake.failure, 'as the test wants');
      }
      const known = refreshable.get(refreshToken.reveal());
      if (known === undefined) {
        return failed('invalid_grant', 'refresh');
      }
      if (fake.rotate) {
        refreshable.delete(refreshToken.reveal());
      }
      const next = fake.rotate ? newToken(known.person, known.authTime) : refreshToken;
      return { kind: 'ok', tokens: tokensOf(pool, known, next), rotated: fake.rotate };
    },
    async revoke(refreshToken) {
      if (fake.failure !== undefined) {
        return false;
      }
      state.revoked.push(refreshToken.reveal());
      // RFC 7009 2.2: a token that is revoked already is no error.
      refreshable.delete(refreshToken.reveal());
      return true;
    },
    async logoutUrl(logoutUri) {
      return new URL(
        `https://${cognitoHost}/logout?${new URLSearchParams({ client_id: pool.clientId, logout_uri: logoutUri }).toString()}`,
      );
    },
    accessTokens: {
      issuers: [],
      verify: () => Promise.reject(new Error('no bearers here')),
      stillTrusts: () => false,
    },
    keySetAge: () => undefined,
    issuer: () => undefined,
    stop: () => undefined,
  });
  return fake;
}
