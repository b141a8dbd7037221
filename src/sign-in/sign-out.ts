import type { Table } from '../decide/table.ts';
import type { Pool } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, parseCookies } from '../session/cookies.ts';
import { attemptCookiePrefix, sessionCookieName } from '../session/names.ts';
import type { Context } from './deps.ts';
import { endSignIn } from './end-session.ts';
import { isFromOwnPage, refuseUnlessNavigation } from './guard.ts';
import { mostPools } from './leaving.ts';
import { type Leave, sealLeave } from './messages.ts';
import { accountName } from './pages/denial.ts';
import { pageResponse } from './pages/layout.ts';
import { leavingPage, signOutQuestionPage } from './pages/leave.ts';
import { badAddressPage } from './pages/way.ts';
import { single } from './reply.ts';
import { readReturnPath } from './return-path.ts';
import { poolsOn, sessionsHere } from './standing.ts';

interface Wanted {
  readonly table: Table;
  readonly pools: readonly Pool[];
  readonly sessions: readonly Session[];
  readonly returnPath: string;
  readonly parameters: URLSearchParams;
}

/** Sign-out on an app host: a GET asks, a POST from our own page ends the sign-in and leads to the sign-in host. */
export async function signOut(context: Context, table: Table, request: WebRequest): Promise<WebResponse> {
  const refused = refuseUnlessNavigation(request, context.origins.own(request.host, '/sign-out'));
  if (refused !== undefined) {
    return refused;
  }
  const parameters = request.method === 'POST' ? request.form : request.query;
  const returnPath = readReturnPath(parameters.has('rd') ? single(parameters, 'rd') : '/', context.config.prefix);
  if (returnPath === undefined) {
    return pageResponse(400, badAddressPage(request.host, '/'), request.id);
  }
  const pools = poolsOn(table, request.host);
  const { live, stale } = await sessionsHere(context, request, pools);
  const wanted = { table, pools, sessions: [...live, ...stale], returnPath, parameters };
  if (request.method !== 'POST') {
    return pageResponse(200, question(context, request, wanted), request.id);
  }
  if (!isFromOwnPage(request, context.origins.app(request.host))) {
    return pageResponse(403, question(context, request, wanted), request.id);
  }
  return leave(context, request, wanted);
}

function question(context: Context, request: WebRequest, wanted: Wanted) {
  const account = wanted.sessions.map((session) => accountName(session.identity)).join(', ');
  const kept = ['route', 'switch', 'pool'].flatMap((name) => {
    const value = single(wanted.parameters, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return signOutQuestionPage({
    account: account === '' ? undefined : account,
    action: `${context.config.prefix}/sign-out`,
    fields: { rd: wanted.returnPath, ...Object.fromEntries(kept) },
    stay: `${context.origins.app(request.host)}${wanted.returnPath}`,
  });
}

async function leave(context: Context, request: WebRequest, wanted: Wanted): Promise<WebResponse> {
  const { pools, sessions, table } = wanted;
  const ended = await Promise.all(
    sessions.map(async (session) => {
      const pool = table.pools.get(session.pool);
      return { pool: session.pool, revoked: await (pool && endSignIn(context, pool, session)) };
    }),
  );
  const cookies = cookiesToClear(request, pools);
  context.events.log({ event: 'signed_out', id: request.id });
  const leaving = leaveOf(context, request, wanted);
  if (leaving === undefined) {
    return pageResponse(200, leavingPage(context.origins.signedOut), request.id, cookies);
  }
  const revoked = ended.find((one) => one.pool === leaving.pool)?.revoked;
  const sealed = sealLeave(context.sealer, 'signout', { ...leaving, revoked });
  return pageResponse(
    200,
    leavingPage(`${context.origins.signIn}/oauth2/sign-out?request=${sealed}`),
    request.id,
    cookies,
  );
}

/** Sessions, and attempts too: a sign-in under way must not come back after the sign-out. */
function cookiesToClear(request: WebRequest, pools: readonly Pool[]): readonly string[] {
  const jar = parseCookies(request.header('cookie'));
  const names = new Set(pools.map((pool) => sessionCookieName(pool.id)));
  return jar
    .names()
    .filter((name) => names.has(name) || name.startsWith(attemptCookiePrefix))
    .map(clearCookie);
}

/** First the pool of the page that asked, or of the first who is signed in; the others after it. */
function leaveOf(context: Context, request: WebRequest, wanted: Wanted): Leave | undefined {
  const { parameters, pools, sessions, table, returnPath } = wanted;
  const named = single(parameters, 'pool');
  const pool =
    pools.find((one) => one.id.slice(0, 8) === named) ?? pools.find((one) => one.id === sessions[0]?.pool) ?? pools[0];
  if (pool === undefined) {
    return undefined;
  }
  const routeId = single(parameters, 'route');
  const asked = routeId === undefined ? undefined : table.route(routeId);
  const route = asked ?? table.routeAt(request.host, '/') ?? table.routesOn(request.host)[0];
  const owned = route !== undefined && table.ownsHost(route.route, request.host) ? route.route.id : undefined;
  return {
    pool: pool.id,
    host: request.host,
    route: owned,
    sid: sessions.find((session) => session.pool === pool.id)?.sid,
    others: sessions
      .filter((session) => session.pool !== pool.id)
      .map((session) => ({ pool: session.pool, sid: session.sid }))
      .slice(0, mostPools - 1),
    returnPath,
    switchAccount: parameters.get('switch') === '1',
    at: context.now(),
  };
}
