import type { CompiledRoute, Table } from '../decide/table.ts';
import type { Pool } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { sessionEnd } from '../session/life.ts';
import type { Context } from './deps.ts';
import { pageResponse } from './pages/layout.ts';
import { nobodyPage, whoYouArePage } from './pages/who-you-are.ts';
import { json, single } from './reply.ts';
import { readReturnPath, splitReturnPath } from './return-path.ts';
import { judgeReturn, openRoute, type OpenRoute, poolsOn, sessionsHere } from './standing.ts';

/** What a person sees about themselves on an app host. */
export async function whoYouAre(context: Context, table: Table, request: WebRequest): Promise<WebResponse> {
  const { session, pool, live } = await current(context, table, request, poolsOn(table, request.host));
  const home = routeFor(table, request.host, '/');
  if (session === undefined || pool === undefined) {
    return pageResponse(
      200,
      nobodyPage(request.host, home && context.origins.start(request.host, home.route.id, { rd: '/' })),
      request.id,
    );
  }
  const route = home === undefined ? undefined : openRoute(table, home);
  const standing = route && judgeReturn(context, request, { route, returnPath: '/' }, live);
  const verdict = standing?.kind === 'person' && standing.verdict.kind === 'allow' ? standing.verdict : undefined;
  const page = whoYouArePage({
    host: request.host,
    identity: session.identity,
    pool: pool.name,
    ends: readable(sessionEnd(session, pool)),
    rule: verdict?.rule,
    signOut: `${context.config.prefix}/sign-out`,
    contact: context.config.contact,
  });
  return pageResponse(200, page, request.id);
}

/** The same as JSON, for scripts: 401 with the address to navigate to, 403 with the reason for `?path=`. */
export async function userinfo(context: Context, table: Table, request: WebRequest): Promise<WebResponse> {
  const asked = request.query.has('path');
  const path = readReturnPath(asked ? single(request.query, 'path') : '/', context.config.prefix);
  if (path === undefined) {
    return json(400, { reason: 'path_malformed' });
  }
  return asked ? aboutPath(context, table, request, path) : aboutHost(context, table, request, path);
}

async function aboutHost(context: Context, table: Table, request: WebRequest, path: string): Promise<WebResponse> {
  const { session, pool } = await current(context, table, request, poolsOn(table, request.host));
  return session === undefined || pool === undefined
    ? nobody(context, request, routeFor(table, request.host, path), path)
    : json(200, described(session, pool));
}

async function aboutPath(context: Context, table: Table, request: WebRequest, path: string): Promise<WebResponse> {
  const found = routeFor(table, request.host, splitReturnPath(path).path);
  const route = found && openRoute(table, found);
  const { session, pool, live } = await current(context, table, request, route?.pools ?? []);
  const reason = refusal(context, request, route && { route, returnPath: path }, live);
  if (reason !== undefined) {
    // The one refusal that a page load mends.
    const mends = reason === 'sign_in_too_old' ? found : undefined;
    return json(403, { reason, signIn: mends && startFor(context, request, mends, path) });
  }
  return session === undefined || pool === undefined
    ? nobody(context, request, found, path)
    : json(200, described(session, pool));
}

function nobody(context: Context, request: WebRequest, found: CompiledRoute | undefined, rd: string): WebResponse {
  return json(401, found === undefined ? {} : { signIn: startFor(context, request, found, rd) });
}

function startFor(context: Context, request: WebRequest, found: CompiledRoute, rd: string): string {
  return context.origins.start(request.host, found.route.id, { rd });
}

function refusal(
  context: Context,
  request: WebRequest,
  asked: { readonly route: OpenRoute; readonly returnPath: string } | undefined,
  live: readonly Session[],
): string | undefined {
  if (asked === undefined) {
    return 'policy_broken';
  }
  const standing = judgeReturn(context, request, asked, live);
  if (standing.kind === 'request') {
    return standing.reason;
  }
  // Nobody is signed in: 401 says where to do so.
  return standing.verdict.kind === 'refuse' && standing.verdict.identity !== undefined
    ? standing.verdict.reason
    : undefined;
}

function described(session: Session, pool: Pool) {
  const { identity } = session;
  return {
    user: identity.username,
    ...(identity.name === undefined ? {} : { name: identity.name }),
    ...(identity.preferredUsername === undefined ? {} : { preferredUsername: identity.preferredUsername }),
    ...(identity.email === undefined ? {} : { email: identity.email }),
    groups: [...identity.groups.names].toSorted(),
    groupsPartial: identity.groups.judged !== undefined,
    pool: pool.name,
    sessionEnds: new Date(sessionEnd(session, pool) * 1000).toISOString(),
  };
}

async function current(context: Context, table: Table, request: WebRequest, pools: readonly Pool[]) {
  const { live } = await sessionsHere(context, request, pools);
  const session = live[0];
  return { live, session, pool: session === undefined ? undefined : table.pools.get(session.pool) };
}

/** The route of a path; where none serves it, any of the host. */
function routeFor(table: Table, host: string, path: string): CompiledRoute | undefined {
  return table.routeAt(host, path) ?? table.routesOn(host)[0];
}

function readable(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
