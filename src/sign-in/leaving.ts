import { clearCookie, setCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { returnCookieName } from '../session/names.ts';
import type { Context } from './deps.ts';
import { type Leave, sealLeave } from './messages.ts';
import { poolLabel } from './standing.ts';

/** Where a browser goes next on its way out. */
export interface NextStep {
  readonly address: string;
  readonly cookie: string;
}

/** Of the pools that a browser is signed out of one after the other. */
export const mostPools = 4;

/**
 * The `/logout` of the next pool. Cognito has one for each pool and no word about the others, so the browser goes from
 * one to the next and comes back between them; what is left to do shrinks each time. Pools that can't be found are
 * passed over, and the page at the end says so.
 */
export async function nextLogout(
  context: Context,
  id: string,
  leave: Leave,
  pools: readonly string[],
): Promise<NextStep> {
  const [next, ...rest] = pools.slice(0, mostPools);
  const left = { ...leave, others: rest.map((pool) => ({ pool, sid: '' })), at: context.now() };
  const pool = context.table()?.pools.get(next ?? '');
  if (next === undefined) {
    return { address: `${context.origins.signedOut}?incomplete=1`, cookie: keep(context, left) };
  }
  try {
    const address = await (pool && context.pools.of(pool).logoutUrl(context.origins.signedOut));
    if (address !== undefined) {
      return { address: address.href, cookie: keep(context, left) };
    }
  } catch {
    context.events.log({ event: 'failed', id, reason: 'logout_unknown', ...(pool && { pool: poolLabel(pool) }) });
  }
  return nextLogout(context, id, leave, rest);
}

/** Where the sign-out leads; never who it was. */
function keep(context: Context, leave: Leave): string {
  const text = sealLeave(context.sealer, 'return', { ...leave, sid: undefined, revoked: undefined });
  return setCookie(returnCookieName, text, { maxAge: limits.returnSeconds });
}

export const leftForGood = clearCookie(returnCookieName);
