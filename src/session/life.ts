import type { Pool } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import { limits } from './limits.ts';

export type LifeState = 'live' | 'stale' | 'ended';

/**
 * Where a session stands. It ends at the earliest of its own and its sign-in's lifetime and of idleness; it is stale
 * once the tokens that its claims come from have expired. `lastSeen`: last request for its sid here, in seconds.
 */
export function lifeOf(session: Session, pool: Pool, now: number, lastSeen: number): LifeState {
  const { lifetime, idle } = pool.session;
  const ended =
    now >= session.startedAt + lifetime ||
    now >= signInEnd(session.signInStartedAt, pool) ||
    now >= Math.max(session.sealedAt, lastSeen) + idle;
  if (ended) {
    return 'ended';
  }
  return now >= session.tokensExpireAt ? 'stale' : 'live';
}

/** While Cognito can't be asked, claims outlive their tokens by this much. */
export function isWithinGrace(session: Session, pool: Pool, now: number): boolean {
  return now < session.tokensExpireAt + pool.session.grace;
}

export function signInEnd(startedAt: number, pool: Pool): number {
  return startedAt + pool.session.signInLifetime;
}

/** When the session ends if its person stays active. */
export function sessionEnd(session: Session, pool: Pool): number {
  return Math.min(session.startedAt + pool.session.lifetime, signInEnd(session.signInStartedAt, pool));
}

/**
 * Past half of the life of the tokens in the cookie, and not sealed within the last 5 minutes: time for a navigation to
 * renew. A new replica knows nothing but the cookie, and Cognito may be away then.
 */
export function shouldRenew(session: Session, now: number): boolean {
  const { checkedAt, tokensExpireAt } = session.sealedTokens ?? session;
  const half = checkedAt + (tokensExpireAt - checkedAt) / 2;
  return now >= half && now - session.sealedAt >= limits.renewEverySeconds;
}
