import type { UserPool } from '../identity/user-pool.ts';
import type { Pool } from '../model/pool.ts';
import type { SignIn } from '../model/session.ts';
import type { Context } from './deps.ts';
import { digest, type Target } from './messages.ts';
import { poolLabel } from './standing.ts';

/** What is known of a sign-in after it was looked at. */
export type Freshened =
  | { readonly kind: 'usable'; readonly signIn: SignIn; readonly refreshed: boolean }
  /** Nothing usable: to Cognito. */
  | { readonly kind: 'expired' }
  /** Cognito has ended it. */
  | { readonly kind: 'ended' };

type RefreshAnswer = Awaited<ReturnType<UserPool['refresh']>>;

/** One refresh of one refresh token at a time; a rotated one answers for its predecessor a while (ten tabs). */
export interface Refreshes {
  run(key: string, now: number, refresh: () => Promise<RefreshAnswer>): Promise<RefreshAnswer>;
}

const rotatedSeconds = 60;

export function createRefreshes(): Refreshes {
  const running = new Map<string, Promise<RefreshAnswer>>();
  const rotated = new Map<string, { readonly answer: RefreshAnswer; readonly until: number }>();
  return {
    async run(key, now, refresh) {
      for (const [old, { until }] of rotated) {
        if (until <= now) {
          rotated.delete(old);
        }
      }
      const known = rotated.get(key)?.answer ?? running.get(key);
      if (known !== undefined) {
        return known;
      }
      const own = refresh();
      running.set(key, own);
      try {
        const answer = await own;
        if (answer.kind === 'ok' && answer.rotated) {
          rotated.set(key, { answer, until: now + rotatedSeconds });
        }
        return answer;
      } finally {
        running.delete(key);
      }
    },
  };
}

/**
 * Refreshes in the foreground where groups are older than the pool wants, the tokens are past half of their life, or
 * start wants them read again. Where Cognito can't be asked, what is known serves until its tokens expire.
 */
export async function freshen(context: Context, pool: Pool, signIn: SignIn, target: Target): Promise<Freshened> {
  const now = context.now();
  const asIs: Freshened =
    now < signIn.tokensExpireAt ? { kind: 'usable', signIn, refreshed: false } : { kind: 'expired' };
  if (!isDue(signIn, pool, target, now) || signIn.refreshToken === undefined) {
    return asIs;
  }
  const { refreshToken } = signIn;
  const answer = await context.refreshes.run(digest('refresh', refreshToken.reveal()), now, () =>
    context.pools.of(pool).refresh(refreshToken),
  );
  if (answer.kind === 'failed') {
    if (answer.code === 'invalid_grant') {
      return { kind: 'ended' };
    }
    context.events.onSignIn(poolLabel(pool), 'refresh_failed');
    return asIs;
  }
  const { tokens } = answer;
  return tokens.identity.subject === signIn.identity.subject
    ? { kind: 'usable', signIn: { ...signIn, ...tokens }, refreshed: true }
    : { kind: 'ended' };
}

function isDue(signIn: SignIn, pool: Pool, target: Target, now: number): boolean {
  const half = signIn.checkedAt + (signIn.tokensExpireAt - signIn.checkedAt) / 2;
  const reread = target.wish === 'reread' && signIn.checkedAt <= target.at;
  return reread || now - signIn.checkedAt > pool.session.refreshAfter || now >= half;
}
