import type { Pool } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import type { Verdict } from '../model/verdict.ts';
import type { WebResponse } from '../model/web.ts';
import type { Context } from './deps.ts';
import { denialPage } from './pages/denial.ts';
import { pageResponse } from './pages/layout.ts';
import { poolLabel } from './standing.ts';
import { startAddress, type Visit } from './visit.ts';

/** The page that says why, for somebody who is signed in. */
export function denied(context: Context, visit: Visit, verdict: Verdict & { readonly kind: 'refuse' }): WebResponse {
  const pool = visit.route.pools.find((one) => one.id === verdict.identity?.pool);
  context.events.log({
    event: 'denied',
    id: visit.request.id,
    route: visit.routeId,
    reason: verdict.reason,
    ...(pool === undefined ? {} : { pool: poolLabel(pool) }),
  });
  if (pool !== undefined) {
    context.events.onSignIn(poolLabel(pool), 'denied');
  }
  return pageResponse(403, denialOf(context, visit, verdict, pool), visit.request.id, [
    ...visit.cookies,
    visit.loop.cleared,
  ]);
}

function denialOf(
  context: Context,
  visit: Visit,
  verdict: Verdict & { readonly kind: 'refuse' },
  pool: Pool | undefined,
) {
  const { read, request, returnPath, route } = visit;
  const absent = route.pools.filter((one) => !read.live.some((session: Session) => session.pool === one.id));
  const other = (one: Pool) => ({
    name: one.name,
    address: startAddress(context, visit, { pool: one.id.slice(0, 8) }),
  });
  return denialPage({
    host: request.host,
    returnPath,
    reason: verdict.reason,
    rule: verdict.rule,
    missing: verdict.missing,
    identity: verdict.identity?.kind === 'person' ? verdict.identity : undefined,
    pool: pool?.name,
    checkAgain: startAddress(context, visit, { check: '1' }),
    signOut: {
      action: `${context.config.prefix}/sign-out`,
      fields: { rd: returnPath, route: visit.routeId, switch: '1', pool: pool?.id.slice(0, 8) ?? '' },
    },
    others: absent.map(other),
    contact: context.config.contact,
  });
}
