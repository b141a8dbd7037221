import { createHash } from 'node:crypto';

import { limits } from '../session/limits.ts';
import { pack, unpack } from '../session/packing.ts';
import type { SealKind, Sealer } from '../session/seal.ts';

/**
 * Which freshness start wants: whatever is fresh enough, groups read again, a new authentication, or one that is not
 * older than the rule allows (`since`).
 */
export type Wish = 'any' | 'reread' | 'login' | 'fresh';

const wishes: readonly Wish[] = ['any', 'reread', 'login', 'fresh'];

/** Where a sign-in under way leads: one attempt of one browser at one route of one app host, for one pool. */
export interface Target {
  readonly pool: string;
  readonly host: string;
  readonly route: string;
  /** The hash of the attempt's secret; the attempt's cookie is named by it. */
  readonly attempt: string;
  readonly wish: Wish;
  /** When it was made, in seconds. */
  readonly at: number;
  /** Carried only up to 200 characters: "continue" leads there even without the attempt. */
  readonly returnPath: string | undefined;
  /** With `fresh`: the earliest `auth_time` that will do, in seconds. */
  readonly since?: number | undefined;
  /** The browser was sent through Cognito's `/logout` on the way; that happens once. */
  readonly left?: boolean | undefined;
}

export function targetFields(target: Target): readonly unknown[] {
  const { route, attempt, wish, at, returnPath, since, left } = target;
  const fields = [Buffer.from(route, 'hex').toString('base64url'), attempt, wishes.indexOf(wish), at];
  const carried = returnPath !== undefined && returnPath.length <= limits.carriedReturnPath ? [returnPath] : [];
  const isPlain = since === undefined && left !== true;
  return isPlain ? [...fields, ...carried] : [...fields, carried[0] ?? null, since ?? 0, left === true ? 1 : 0];
}

export function targetOf(fields: unknown, scope: { readonly pool: string; readonly host: string }): Target | undefined {
  if (!Array.isArray(fields)) {
    return undefined;
  }
  const [route, attempt, wishIndex, at, returnPath, since, left] = fields as readonly unknown[];
  const wish = typeof wishIndex === 'number' ? wishes[wishIndex] : undefined;
  if (typeof route !== 'string' || typeof attempt !== 'string' || typeof at !== 'number' || wish === undefined) {
    return undefined;
  }
  return {
    pool: scope.pool,
    host: scope.host,
    route: Buffer.from(route, 'base64url').toString('hex'),
    attempt,
    wish,
    at,
    returnPath: typeof returnPath === 'string' ? returnPath : undefined,
    ...wayOf(since, left),
  };
}

function wayOf(since: unknown, left: unknown): Pick<Target, 'since' | 'left'> {
  return { ...(typeof since === 'number' && since > 0 ? { since } : {}), ...(left === 1 ? { left: true } : {}) };
}

/** The request that start hands to the sign-in host. */
export function sealRequest(sealer: Sealer, target: Target): string {
  return sealJson(sealer, 'authorize', target, targetFields(target));
}

export function openRequest(sealer: Sealer, text: string): Target | undefined {
  const opened = openJson(sealer, 'authorize', text);
  return opened === undefined ? undefined : targetOf(opened.value, opened);
}

/** Where a person goes on after a sign-out. */
export interface Leave {
  readonly pool: string;
  readonly host: string;
  /** The route to start again for; undefined where none was told. */
  readonly route: string | undefined;
  readonly sid: string | undefined;
  readonly returnPath: string;
  /** Start again at once, to sign in with another account. */
  readonly switchAccount: boolean;
  readonly at: number;
  /** Further sign-ins of the browser that end with it, at other pools. */
  readonly others?: readonly Leaving[];
  /** Which refresh token Cognito has confirmed as revoked, as a hash. */
  readonly revoked?: string | undefined;
}

/** One sign-in that ends; `pool` is the whole id. */
export interface Leaving {
  readonly pool: string;
  readonly sid: string;
}

/** `signout` goes in an address, `return` in a cookie of the sign-in host. */
export function sealLeave(sealer: Sealer, kind: 'signout' | 'return', leave: Leave): string {
  const { route, sid, returnPath, switchAccount, at, others = [], revoked } = leave;
  const isPlain = others.length === 0 && revoked === undefined;
  const more = isPlain ? [] : [others.map((one) => [one.pool, one.sid]), ...(revoked === undefined ? [] : [revoked])];
  return sealJson(sealer, kind, leave, [route ?? '', sid ?? '', returnPath, switchAccount ? 1 : 0, at, ...more]);
}

export function openLeave(sealer: Sealer, kind: 'signout' | 'return', text: string): Leave | undefined {
  const opened = openJson(sealer, kind, text);
  if (opened === undefined || !Array.isArray(opened.value)) {
    return undefined;
  }
  const [route, sid, returnPath, switchAccount, at, others, revoked] = opened.value as readonly unknown[];
  if (
    typeof route !== 'string' ||
    typeof sid !== 'string' ||
    typeof returnPath !== 'string' ||
    typeof at !== 'number'
  ) {
    return undefined;
  }
  return {
    pool: opened.pool,
    host: opened.host,
    route: route === '' ? undefined : route,
    sid: sid === '' ? undefined : sid,
    returnPath,
    switchAccount: switchAccount === 1,
    at,
    ...restOf(others, revoked),
  };
}

function restOf(others: unknown, revoked: unknown): Pick<Leave, 'others' | 'revoked'> {
  return {
    ...(Array.isArray(others) ? { others: leavingOf(others) } : {}),
    ...(typeof revoked === 'string' ? { revoked } : {}),
  };
}

function leavingOf(values: readonly unknown[]): readonly Leaving[] {
  return values.flatMap((value) => {
    const [pool, sid] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    return typeof pool === 'string' && typeof sid === 'string' ? [{ pool, sid }] : [];
  });
}

export function sealJson(
  sealer: Sealer,
  kind: SealKind,
  scope: { readonly pool: string; readonly host: string },
  value: unknown,
): string {
  return sealer.seal(kind, { pool: scope.pool, host: scope.host }, pack(value));
}

export function openJson(
  sealer: Sealer,
  kind: SealKind,
  text: string,
): { pool: string; host: string; value: unknown } | undefined {
  const opened = sealer.open(kind, text);
  const value = opened === undefined ? undefined : unpack(opened.plaintext, limits.sealedText);
  return opened === undefined || value === undefined ? undefined : { pool: opened.pool, host: opened.host, value };
}

/** 128 bits of a hash with a purpose, in base64url: 22 characters. */
export function digest(purpose: string, ...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256').update(purpose);
  for (const part of parts) {
    hash.update('\0').update(part);
  }
  return hash.digest().subarray(0, 16).toString('base64url');
}
