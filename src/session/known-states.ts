import type { TokenState } from '../model/session.ts';
import { createBoundedCache } from './bounded-cache.ts';

/** What this replica has learned about sign-ins since their cookies were sealed, by sid. */
export interface KnownStates {
  /** The newer of the two. Costs a map lookup. */
  newest(sid: string, state: TokenState): TokenState;
  /** What is older than what is known changes nothing. */
  learn(sid: string, state: TokenState): void;
  forget(sid: string): void;
  readonly size: number;
}

/** Seconds between the clocks of replicas. */
const clocksApart = 60;

/** Read by a clock that was wrong: how old it is nobody can tell. */
export function isOfFuture({ checkedAt }: TokenState, now: number): boolean {
  return checkedAt > now + clocksApart;
}

export function createKnownStates(
  bounds: { readonly entries: number; readonly bytes: number },
  now: () => number,
): KnownStates {
  const isNewer = (one: TokenState, other: TokenState): boolean => isNewerAt(now(), one, other);
  const states = createBoundedCache<TokenState>(bounds);
  return {
    newest(sid, state) {
      const known = states.get(sid);
      // What came from Cognito itself is whole; the same reading in a cookie may be trimmed.
      return known !== undefined && !isNewer(state, known) ? known : state;
    },
    learn(sid, state) {
      const known = states.get(sid);
      if (known === undefined || !isNewer(known, state)) {
        states.set(sid, state, memoryOf(state));
      }
    },
    forget: states.delete,
    get size() {
      return states.size;
    },
  };
}

/**
 * A later sign-in counts before a later reading: a refresh of the older sign-in's tokens that ends after the person has
 * signed in again must not bring the older `auth_time` back.
 */
function isNewerAt(now: number, one: TokenState, other: TokenState): boolean {
  if (one.identity.authTime !== other.identity.authTime) return one.identity.authTime > other.identity.authTime;
  if (isOfFuture(one, now) !== isOfFuture(other, now)) return isOfFuture(other, now);
  return one.checkedAt > other.checkedAt;
}

/** A generous estimate. */
function memoryOf({ refreshToken, identity }: TokenState): number {
  const groups = identity.groups.names.size + (identity.groups.judged?.size ?? 0);
  return 1500 + (refreshToken?.reveal().length ?? 0) + groups * 100 + identity.claims.size * 400;
}
