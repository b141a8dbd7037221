import type { Pool } from '../model/pool.ts';
import type { SignIn, Session } from '../model/session.ts';
import type { Secret } from '../model/secret.ts';
import type { Context } from './deps.ts';
import { poolLabel } from './standing.ts';

/**
 * Ends a sign-in in this process at once, then asks Cognito to revoke its refresh token; where that fails, the end
 * here stands all the same (L22).
 */
export async function endSignIn(
  context: Context,
  pool: Pool,
  ending: Pick<Session | SignIn, 'sid' | 'refreshToken'>,
): Promise<void> {
  context.sessions.ended(ending.sid, context.now() + pool.session.signInLifetime);
  context.events.onSignIn(poolLabel(pool), 'signed_out');
  if (ending.refreshToken !== undefined) {
    await revoke(context, pool, ending.refreshToken);
  }
}

export async function revoke(context: Context, pool: Pool, refreshToken: Secret): Promise<void> {
  await context.pools
    .of(pool)
    .revoke(refreshToken)
    .catch(() => false);
}
