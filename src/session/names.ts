import type { PoolId } from '../model/pool.ts';

/** Every cookie of ours starts like this; nothing else in a Cookie header is looked at. */
export const ourCookiePrefix = '__Host-cg';

const poolPart = (pool: PoolId): string => pool.slice(0, 8);

export function sessionCookieName(pool: PoolId): string {
  return `${ourCookiePrefix}-${poolPart(pool)}`;
}

export function signInCookieName(pool: PoolId): string {
  return `${ourCookiePrefix}s-${poolPart(pool)}`;
}

export const attemptCookiePrefix = `${ourCookiePrefix}a-`;

/** The attempt of an app host; `id` is base64url. */
export function attemptCookieName(id: string): string {
  return `${attemptCookiePrefix}${id}`;
}

export const stateCookiePrefix = `${ourCookiePrefix}c-`;

/** The sign-in host's own attempt at Cognito, named by the `state`. */
export function stateCookieName(state: string): string {
  return `${stateCookiePrefix}${state}`;
}

/** The random browser id at the sign-in host; sids are made of it. */
export const browserCookieName = `${ourCookiePrefix}b`;

/** Where to go on after Cognito's `/logout`. */
export const returnCookieName = `${ourCookiePrefix}r`;

/** Counts how often a browser was sent back to one return path of a route. */
export function loopCookieName(routeId: string): string {
  return `${ourCookiePrefix}l-${routeId.slice(0, 8)}`;
}
