import type { Table } from '../decide/table.ts';
import type { Pool } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import type { Verdict } from '../model/verdict.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, type CookieJar, parseCookies } from '../session/cookies.ts';
import { sessionCookieName } from '../session/names.ts';
import { shouldRenew, type SessionRead } from '../session/sessions.ts';
import { makeAttempt } from './attempts.ts';
import type { Context } from './deps.ts';
import { refuseUnlessNavigation } from './guard.ts';
import { type Loop, readLoop, returnsAllowed } from './loop-count.ts';
import { sealRequest, type Wish } from './messages.ts';
import { denialPage, refusedPage } from './pages/denial.ts';
import { pageResponse } from './pages/layout.ts';
import { badAddressPage, chooserPage, loopPage, notFoundPage } from './pages/way.ts';
import { redirect, single } from './reply.ts';
import { readReturnPath } from './return-path.ts';
import { judgeReturn, openRoute, type OpenRoute, poolLabel, sessionsHere } from './standing.ts';

/** Seconds. Groups that were read just now, by the sign-in that led here, are not read again before a denial. */
const justRead = 2;
/** Seconds within which a re-read comes back to start; its mark serves one denial, the next click reads again. */
const rereadReturns = 10;

/** One visit to start, read once. */
interface Visit {
  readonly request: WebRequest;
  readonly route: OpenRoute;
  readonly routeId: string;
  readonly returnPath: string;
  readonly jar: CookieJar;
  readonly read: SessionRead;
  readonly loop: Loop;
  /** The pool that the person chose. */
  readonly chosen: Pool | undefined;
}

/** Where the plane sends a navigation that may not pass: in, on to the sign-in host, or to the page that says why not. */
export async function start(
  context: Context,
  table: Table,
  request: WebRequest,
  routeId: string,
): Promise<WebResponse> {
  const found = table.route(routeId);
  if (found === undefined || !table.ownsHost(found.route, request.host)) {
    return pageResponse(404, notFoundPage(), request.id);
  }
  const returnPath = readReturnPath(request.query.has('rd') ? single(request.query, 'rd') : '/', context.config.prefix);
  if (returnPath === undefined) {
    return pageResponse(400, badAddressPage(request.host, '/'), request.id);
  }
  const refused = refuseUnlessNavigation(request, `${context.origins.app(request.host)}${returnPath}`);
  if (refused !== undefined) {
    return refused;
  }
  const route = openRoute(table, found);
  if (route === undefined) {
    return pageResponse(403, refusedPage('policy_broken', request.host, context.config.contact), request.id);
  }
  const jar = parseCookies(request.header('cookie'));
  const read = await sessionsHere(context, request, route.pools);
  const loop = readLoop(context, jar, { host: request.host, route: routeId });
  const wanted = single(request.query, 'pool');
  const chosen = route.pools.find((pool) => pool.id.slice(0, 8) === wanted);
  return judged(context, { request, route, routeId, returnPath, jar, read, loop, chosen });
}

function judged(context: Context, visit: Visit): WebResponse {
  const { request, route, returnPath, read } = visit;
  const standing = judgeReturn(context, request, { route, returnPath }, read.live);
  if (standing.kind === 'request') {
    context.events.log({ event: 'denied', id: request.id, route: visit.routeId, reason: standing.reason });
    return pageResponse(403, refusedPage(standing.reason, request.host, context.config.contact), request.id);
  }
  const { verdict } = standing;
  if (verdict.kind === 'allow') {
    // A public page whose script came here wants the session that the page itself doesn't need.
    const nobody = verdict.identity === undefined && read.live.length === 0;
    return nobody ? withoutSession(context, visit) : allowed(context, visit, verdict);
  }
  const newPerson = visit.chosen !== undefined && !read.live.some((session) => session.pool === visit.chosen?.id);
  if (verdict.identity === undefined || newPerson) {
    return withoutSession(context, visit);
  }
  return refusal(context, visit, verdict);
}

function allowed(context: Context, visit: Visit, verdict: Verdict): WebResponse {
  const session = visit.read.live.find((one) => one.pool === verdict.identity?.pool);
  const renewing = session !== undefined && shouldRenew(session, context.now());
  return renewing ? toSignInHost(context, visit, session.pool, 'any') : sendBack(context, visit);
}

function sendBack(context: Context, visit: Visit): WebResponse {
  const { loop, request, returnPath } = visit;
  const returns = loop.returnsTo(returnPath);
  if (returns >= returnsAllowed) {
    context.events.log({ event: 'loop', id: request.id, route: visit.routeId });
    const address = startAddress(context, visit, {});
    const reason = 'the server that asked may not know yet what this one knows';
    return pageResponse(403, loopPage({ reason, address, contact: context.config.contact }), request.id, [
      loop.cleared,
    ]);
  }
  return redirect(`${context.origins.app(request.host)}${returnPath}`, [loop.counted(returnPath, returns)]);
}

/** Nobody, or nobody of the chosen pool, is signed in here. */
function withoutSession(context: Context, visit: Visit): WebResponse {
  const { route, chosen, request } = visit;
  const [first] = route.pools;
  if (first === undefined) {
    return pageResponse(403, refusedPage('policy_broken', request.host, context.config.contact), request.id);
  }
  if (route.pools.length > 1 && chosen === undefined) {
    const known = route.pools.find((pool) => visit.read.stale.some((session) => session.pool === pool.id));
    if (known === undefined) {
      const switching = request.query.has('switch') ? { switch: '1' } : {};
      const pools = route.pools.map((pool) => ({
        name: pool.name,
        address: startAddress(context, visit, { pool: pool.id.slice(0, 8), ...switching }),
      }));
      return pageResponse(200, chooserPage(request.host, pools), request.id, deadCookies(visit));
    }
    return toSignInHost(context, visit, known.id, 'any');
  }
  return toSignInHost(context, visit, (chosen ?? first).id, request.query.has('switch') ? 'login' : 'any');
}

/** Groups are read again before a denial, and once more when the person asks for it. */
function refusal(context: Context, visit: Visit, verdict: Verdict & { readonly kind: 'refuse' }): WebResponse {
  const { read, loop, request } = visit;
  const asked = request.query.has('check');
  // The sign-in host had nothing to read again.
  const unread = request.query.has('unread');
  const now = context.now();
  const outdated = read.live.find(
    ({ pool, checkedAt }) =>
      !unread && (asked || (checkedAt < now - justRead && !loop.rereadSince(pool, now - rereadReturns))),
  );
  if (outdated !== undefined) {
    return toSignInHost(context, visit, outdated.pool, 'reread');
  }
  const pool = visit.route.pools.find((one) => one.id === verdict.identity?.pool);
  context.events.log({
    event: 'denied',
    id: request.id,
    route: visit.routeId,
    reason: verdict.reason,
    ...labelOf(pool),
  });
  if (pool !== undefined) {
    context.events.onSignIn(poolLabel(pool), 'denied');
  }
  return pageResponse(403, denialOf(context, visit, verdict, pool), request.id, [loop.cleared]);
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

/** Makes an attempt and goes on to the sign-in host with a sealed request that only this browser can complete. */
function toSignInHost(context: Context, visit: Visit, pool: string, wish: Wish): WebResponse {
  const { request, returnPath, routeId: route, jar, loop } = visit;
  const { host } = request;
  const attempt = makeAttempt(context, jar, { host, pool }, { returnPath, returns: loop.returnsTo(returnPath) });
  const target = { pool, host, route, attempt: attempt.id, wish, at: context.now(), returnPath };
  const sealed = sealRequest(context.sealer, target);
  return redirect(`${context.origins.signIn}/oauth2/authorize?request=${sealed}`, [
    ...deadCookies(visit),
    ...attempt.cookies,
  ]);
}

/** Session cookies that nothing can be read from any more are taken away on the way to a sign-in (T7). */
function deadCookies(visit: Visit): readonly string[] {
  const kept = new Set([...visit.read.live, ...visit.read.stale].map((session) => session.pool));
  return visit.route.pools
    .filter((pool) => !kept.has(pool.id) && visit.jar.all(sessionCookieName(pool.id)).length > 0)
    .map((pool) => clearCookie(sessionCookieName(pool.id)));
}

function startAddress(context: Context, visit: Visit, query: Readonly<Record<string, string>>): string {
  return context.origins.start(visit.request.host, visit.routeId, { rd: visit.returnPath, ...query });
}

function labelOf(pool: Pool | undefined): { readonly pool?: string } {
  return pool === undefined ? {} : { pool: poolLabel(pool) };
}
