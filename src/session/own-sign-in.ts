import type { TokenState } from '../model/session.ts';

/**
 * What is known by sid may be of a later sign-in in the same browser. Whatever was made before that, a copied cookie
 * above all, learns groups by it, and doesn't become younger: only the way over the sign-in host tells that this very
 * browser has signed in again. Undefined: sealed by a version that didn't say.
 */
export function asOf<State extends TokenState>(state: State, authTime: number | undefined): State {
  const { identity } = state;
  return authTime === undefined || identity.authTime <= authTime
    ? state
    : { ...state, identity: { ...identity, authTime } };
}
