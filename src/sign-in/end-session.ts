import type { Pool } from '../model/pool.ts';
import type { Secret } from '../model/secret.ts';
import type { TokenState } from '../model/session.ts';
import type { Context } from './deps.ts';
import { poolLabel } from './standing.ts';

/** A sign-in, or a session of it, that is to end. */
export type Ending = TokenState & { readonly sid: string };

/** Clocks of replicas, and what was under way. Seconds. */
const leeway = 60;

/**
 * Ends a sign-in in this process at once, then asks Cognito to revoke its refresh token; where that fails, the end
 * here stands all the same (L22). `sole`: the sign-in has had this refresh token only. Then, once Cognito has confirmed,
 * nothing can be refreshed any more, and the end needs to be remembered only while tokens of that time are good.
 */
export async function endSignIn(context: Context, pool: Pool, ending: Ending, sole = false): Promise<void> {
  forget(context, pool, ending.sid);
  context.events.onSignIn(poolLabel(pool), 'signed_out');
  // The newest one, where a pool rotates them.
  const { refreshToken, checkedAt, tokensExpireAt } = context.freshness.newest(ending.sid, ending);
  const confirmed = refreshToken !== undefined && (await revoke(context, pool, refreshToken));
  if (confirmed && (sole || context.store.kind === 'redis')) {
    const tokenLife = tokensExpireAt - checkedAt;
    context.ended.shorten(ending.sid, context.now() + tokenLife + pool.session.grace + leeway);
  }
}

/** Ends it here and in the store, without a word to Cognito. */
export function forget(context: Context, pool: Pool, sid: string): void {
  context.sessions.ended(sid, context.now() + pool.session.signInLifetime);
}

export async function revoke(context: Context, pool: Pool, refreshToken: Secret): Promise<boolean> {
  return context.pools
    .of(pool)
    .revoke(refreshToken)
    .catch(() => false);
}
