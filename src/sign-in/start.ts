import type { Table } from '../decide/table.ts';
import type { RefusalReason } from '../model/verdict.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { parseCookies } from '../session/cookies.ts';
import type { Context } from './deps.ts';
import { denied } from './denied.ts';
import { refuseUnlessNavigation } from './guard.ts';
import { readLoop, returnsAllowed } from './loop-count.ts';
import { refusedPage } from './pages/denial.ts';
import { pageResponse } from './pages/layout.ts';
import { badAddressPage, chooserPage, loopPage, notFoundPage } from './pages/way.ts';
import { readAgain } from './read-again.ts';
import { redirect, single } from './reply.ts';
import { readReturnPath } from './return-path.ts';
import { judgeReturn, openRoute, sessionsHere, type Standing } from './standing.ts';
import { deadCookies, startAddress, toSignInHost, type Visit } from './visit.ts';

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
  return judged(context, { request, route, routeId, returnPath, jar, read, loop, chosen, cookies: [] });
}

type Judged = Standing & { readonly kind: 'person' };

/** Judged by what is known here, then by what Cognito says now where that can change the answer. */
async function judged(context: Context, first: Visit): Promise<WebResponse> {
  const before = standingOf(context, first);
  if (before.kind === 'request') {
    return refusedForAll(context, first, before.reason);
  }
  const reading = await readAgain(context, first, before.verdict);
  if (reading.kind === 'elsewhere') {
    return toSignInHost(context, first, { pool: reading.pool, wish: reading.wish });
  }
  const { visit } = reading;
  const standing = standingOf(context, visit);
  return standing.kind === 'request'
    ? refusedForAll(context, visit, standing.reason)
    : answered(context, visit, standing);
}

function standingOf(context: Context, { request, route, returnPath, read }: Visit): Standing {
  return judgeReturn(context, request, { route, returnPath }, read.live);
}

function refusedForAll(context: Context, visit: Visit, reason: RefusalReason): WebResponse {
  const { request, routeId: route } = visit;
  context.events.log({ event: 'denied', id: request.id, route, reason });
  return pageResponse(403, refusedPage(reason, request.host, context.config.contact), request.id);
}

function answered(context: Context, visit: Visit, { verdict, maxAuthAge = 0 }: Judged): WebResponse {
  const { read, chosen } = visit;
  if (verdict.kind === 'allow') {
    // A public page whose script came here wants the session that the page itself doesn't need.
    const nobody = verdict.identity === undefined && read.live.length === 0;
    return nobody ? withoutSession(context, visit) : sendBack(context, visit);
  }
  const newPerson = chosen !== undefined && !read.live.some((session) => session.pool === chosen.id);
  if (verdict.identity === undefined || newPerson) {
    return withoutSession(context, visit);
  }
  if (verdict.reason === 'sign_in_too_old') {
    const since = context.now() - maxAuthAge;
    return toSignInHost(context, visit, { pool: verdict.identity.pool, wish: 'fresh', since });
  }
  return denied(context, visit, verdict);
}

function sendBack(context: Context, visit: Visit): WebResponse {
  const { loop, request, returnPath, cookies } = visit;
  const returns = loop.returnsTo(returnPath);
  if (returns >= returnsAllowed) {
    context.events.log({ event: 'loop', id: request.id, route: visit.routeId });
    const address = startAddress(context, visit, {});
    const reason = 'the server that asked may not know yet what this one knows';
    const page = loopPage({ reason, address, contact: context.config.contact });
    return pageResponse(403, page, request.id, [...cookies, loop.cleared]);
  }
  return redirect(`${context.origins.app(request.host)}${returnPath}`, [...cookies, loop.counted(returnPath, returns)]);
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
    return toSignInHost(context, visit, { pool: known.id, wish: 'any' });
  }
  const wish = request.query.has('switch') ? 'login' : 'any';
  return toSignInHost(context, visit, { pool: (chosen ?? first).id, wish });
}
