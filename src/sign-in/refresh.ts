import type { Pool } from '../model/pool.ts';
import type { SignIn, TokenState } from '../model/session.ts';
import type { Refreshed } from '../session/freshness.ts';
import { asOf } from '../session/own-sign-in.ts';
import type { Context } from './deps.ts';
import type { Target } from './messages.ts';
import { poolLabel } from './standing.ts';

/** What is known of a sign-in after it was looked at. */
export type Freshened =
  /** `newer`: than what its cookie holds. */
  | { readonly kind: 'usable'; readonly signIn: SignIn; readonly newer: boolean }
  /** Nothing usable: to Cognito. */
  | { readonly kind: 'expired' }
  /** Cognito has ended it. */
  | { readonly kind: 'ended' };

/**
 * Refreshes in the foreground where groups are older than the pool wants, the tokens are past half of their life, or
 * start wants them read again: this host's cookie can keep a rotated refresh token. Where Cognito can't be asked, what
 * is known serves until its tokens expire, and for the pool's grace after that.
 */
export async function freshen(context: Context, pool: Pool, signIn: SignIn, target: Target): Promise<Freshened> {
  const known = context.freshness.newest(signIn.sid, signIn);
  const newest = stateIn(signIn, known);
  if (!isDue(context, newest, pool, target)) {
    return { kind: 'usable', signIn: newest, newer: known !== signIn };
  }
  const answer = await context.freshness.refresh(signIn.sid, pool, known, 'person');
  if (answer.kind === 'fresh') {
    return { kind: 'usable', signIn: stateIn(signIn, answer.state), newer: true };
  }
  if (answer.kind === 'ended') {
    return answer;
  }
  context.events.onSignIn(poolLabel(pool), 'refresh_failed');
  const until = newest.tokensExpireAt + graceOf(answer, pool);
  return context.now() < until ? { kind: 'usable', signIn: newest, newer: known !== signIn } : { kind: 'expired' };
}

/** The grace is for what passes by itself. */
function graceOf(answer: Refreshed, pool: Pool): number {
  return answer.kind === 'unavailable' || answer.kind === 'late' ? pool.session.grace : 0;
}

/** Sid, pool, start and `auth_time` stay the sign-in's own, whatever else the state carries. */
function stateIn(signIn: SignIn, state: TokenState): SignIn {
  return { ...asOf(state, signIn.identity.authTime), sid: signIn.sid, pool: signIn.pool, startedAt: signIn.startedAt };
}

function isDue(context: Context, signIn: SignIn, pool: Pool, target: Target): boolean {
  const reread = target.wish === 'reread' && signIn.checkedAt <= target.at;
  const unjudged = context.revoked(signIn.identity) === 'unknown';
  return reread || unjudged || isOld(signIn, pool, context.now());
}

/** Older than the pool wants its groups to be, or past half of the tokens' life. */
export function isOld(state: TokenState, pool: Pool, now: number): boolean {
  const half = state.checkedAt + (state.tokensExpireAt - state.checkedAt) / 2;
  return now - state.checkedAt > pool.session.refreshAfter || now >= half;
}
