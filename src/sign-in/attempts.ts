import { timingSafeEqual } from 'node:crypto';

import { clearCookie, type CookieJar, setCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { attemptCookieName, attemptCookiePrefix } from '../session/names.ts';
import type { Sealer } from '../session/seal.ts';
import { digest, openJson, sealJson } from './messages.ts';
import { readReturnPath } from './return-path.ts';

/** A sign-in under way in this browser, on one app host. */
export interface Attempt {
  readonly id: string;
  readonly returnPath: string;
  readonly at: number;
  /** How often the browser had been sent back to this path when the attempt was made. */
  readonly returns: number;
}

export interface NewAttempt {
  readonly id: string;
  /** The new cookie and the removal of those that make room for it. */
  readonly cookies: readonly string[];
}

interface AttemptDeps {
  readonly sealer: Sealer;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * Makes an attempt. The return path stands in the clear behind the seal, which holds its hash: sealed, it would take
 * a third more room, and it is nothing that the browser didn't send itself.
 */
export function makeAttempt(
  deps: AttemptDeps,
  jar: CookieJar,
  scope: { readonly host: string; readonly pool: string },
  content: { readonly returnPath: string; readonly returns: number },
): NewAttempt {
  const secret = Buffer.from(deps.random(16)).toString('base64url');
  const id = digest('attempt', secret);
  const fields = [secret, deps.now(), content.returns, digest('return path', content.returnPath)];
  const sealed = sealJson(deps.sealer, 'attempt', { host: scope.host, pool: scope.pool.slice(0, 8) }, fields);
  const value = `${sealed}~${escapeValue(content.returnPath)}`;
  const name = attemptCookieName(id);
  const removed = trim(
    jar,
    attemptCookiePrefix,
    name.length + value.length + 1,
    (text) => readAttempt(deps, text, scope.host)?.at,
  );
  return { id, cookies: [...removed.map(clearCookie), setCookie(name, value, { maxAge: limits.attemptSeconds })] };
}

/** The attempt with this id in this browser; undefined when it is gone, expired, or made on another host or for another pool. */
export function findAttempt(
  deps: AttemptDeps & { readonly prefix: string },
  jar: CookieJar,
  wanted: { readonly id: string; readonly host: string; readonly pool: string },
): Attempt | undefined {
  for (const text of jar.all(attemptCookieName(wanted.id))) {
    const found = readAttempt(deps, text, wanted.host);
    const returnPath = found === undefined ? undefined : readReturnPath(found.returnPath, deps.prefix);
    if (
      found !== undefined &&
      returnPath !== undefined &&
      found.pool === wanted.pool.slice(0, 8) &&
      sameText(found.id, wanted.id) &&
      deps.now() < found.at + limits.attemptSeconds
    ) {
      return { id: found.id, returnPath, at: found.at, returns: found.returns };
    }
  }
  return undefined;
}

function readAttempt(deps: AttemptDeps, text: string, host: string): (Attempt & { readonly pool: string }) | undefined {
  const dot = text.indexOf('~');
  const opened = dot === -1 ? undefined : openJson(deps.sealer, 'attempt', text.slice(0, dot));
  if (opened === undefined || opened.host !== host || !Array.isArray(opened.value)) {
    return undefined;
  }
  const [secret, at, returns, pathDigest] = opened.value as readonly unknown[];
  const returnPath = unescapeValue(text.slice(dot + 1));
  if (typeof secret !== 'string' || typeof at !== 'number' || typeof returns !== 'number') {
    return undefined;
  }
  return pathDigest === digest('return path', returnPath)
    ? { id: digest('attempt', secret), returnPath, at, returns, pool: opened.pool }
    : undefined;
}

/**
 * Names of the cookies that must go so that all with this prefix stay within 2 kB together with a new one: those that
 * nobody can read first, then the oldest.
 */
export function trim(
  jar: CookieJar,
  prefix: string,
  added: number,
  madeAt: (text: string) => number | undefined,
): readonly string[] {
  const known = jar
    .names()
    .filter((name) => name.startsWith(prefix))
    .map((name) => {
      const values = jar.all(name);
      const size = values.reduce((sum, value) => sum + name.length + value.length + 1, 0);
      return { name, size, at: Math.max(-1, ...values.map((value) => madeAt(value) ?? -1)) };
    })
    .toSorted((one, other) => one.at - other.at);
  let total = added + known.reduce((sum, cookie) => sum + cookie.size, 0);
  const removed: string[] = [];
  for (const cookie of known) {
    if (total > limits.attempts) {
      removed.push(cookie.name);
      total -= cookie.size;
    }
  }
  return removed;
}

/** What a cookie's value can't hold (RFC 6265 4.1.1), and the sign of the escape itself. */
function escapeValue(text: string): string {
  return text.replaceAll(/[!",;\\]/g, (character) => `!${character.charCodeAt(0).toString(16)}`);
}

function unescapeValue(text: string): string {
  return text.replaceAll(/!([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Compares whole texts without telling by time where they differ (T10.4). */
export function sameText(one: string, other: string): boolean {
  const left = Buffer.from(one);
  const right = Buffer.from(other);
  return left.length === right.length && timingSafeEqual(left, right);
}
