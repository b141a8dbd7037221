import type { Pool } from '../model/pool.ts';
import type { Secret } from '../model/secret.ts';
import type { TokenState } from '../model/session.ts';
import type { Context } from './deps.ts';
import { digest } from './messages.ts';
import { poolLabel } from './standing.ts';

/** A sign-in, or a session of it, that is to end. */
export type Ending = TokenState & { readonly sid: string };

/** Clocks of replicas, and what was under way. Seconds. */
const leeway = 60;

export interface EndOptions {
  /** The sign-in has had this refresh token only. */
  readonly sole?: boolean;
  /** What `endSignIn` told where this sign-in was ended first. */
  readonly revoked?: string | undefined;
}

/**
 * Ends a sign-in in this process at once, then asks Cognito to revoke its refresh token; where that fails, the end
 * here stands all the same (L22). Once Cognito has confirmed it of the only refresh token that there is, nothing can be
 * refreshed any more, and the end needs to be remembered only while tokens of that time are good. Tells which token was
 * revoked, as a hash; undefined: none.
 */
export async function endSignIn(
  context: Context,
  pool: Pool,
  ending: Ending,
  options: EndOptions = {},
): Promise<string | undefined> {
  forget(context, pool, ending.sid);
  context.events.onSignIn(poolLabel(pool), 'signed_out');
  // The newest one, where a pool rotates them.
  const { refreshToken, checkedAt, tokensExpireAt } = context.freshness.newest(ending.sid, ending);
  if (refreshToken === undefined) {
    return undefined;
  }
  const hash = digest('revoked', refreshToken.reveal());
  if (options.revoked !== hash && !(await revoke(context, pool, refreshToken))) {
    return undefined;
  }
  if (options.sole === true || context.store.kind === 'redis') {
    const tokenLife = tokensExpireAt - checkedAt;
    context.ended.shorten(ending.sid, context.now() + tokenLife + pool.session.grace + leeway);
  }
  return hash;
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
