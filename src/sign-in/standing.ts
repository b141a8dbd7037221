import type { CompiledPolicy } from '../decide/compile.ts';
import { judge } from '../decide/judge.ts';
import { matchRequest } from '../decide/match.ts';
import type { CompiledRoute, Table } from '../decide/table.ts';
import type { Pool } from '../model/pool.ts';
import type { Request } from '../model/request.ts';
import type { Session } from '../model/session.ts';
import type { RefusalReason, Verdict } from '../model/verdict.ts';
import type { WebRequest } from '../model/web.ts';
import type { SessionRead } from '../session/sessions.ts';
import type { Context } from './deps.ts';
import { splitReturnPath } from './return-path.ts';

/** A route whose policy can be read, with the pools that it takes. */
export interface OpenRoute {
  readonly found: CompiledRoute;
  readonly policy: CompiledPolicy;
  readonly pools: readonly Pool[];
}

/** Undefined for a broken route. */
export function openRoute(table: Table, found: CompiledRoute): OpenRoute | undefined {
  const { policy } = found;
  return policy === undefined ? undefined : { found, policy, pools: poolsOf(table, policy) };
}

/** The route with this id when it is open, owns the host and takes the pool: checked anew at every step. */
export function routeFor(
  table: Table | undefined,
  wanted: { readonly route: string; readonly host: string; readonly pool: string },
): { readonly route: OpenRoute; readonly pool: Pool } | undefined {
  const found = table?.route(wanted.route);
  if (table === undefined || found === undefined || !table.ownsHost(found.route, wanted.host)) {
    return undefined;
  }
  const route = openRoute(table, found);
  const pool = route?.pools.find((one) => one.id === wanted.pool);
  return route === undefined || pool === undefined ? undefined : { route, pool };
}

export function poolsOf(table: Table, policy: CompiledPolicy): readonly Pool[] {
  return policy.policy.pools.flatMap((id) => table.pools.get(id) ?? []);
}

/** All pools of all routes on a host, in their order. */
export function poolsOn(table: Table, host: string): readonly Pool[] {
  return [
    ...new Set(table.routesOn(host).flatMap(({ policy }) => (policy === undefined ? [] : poolsOf(table, policy)))),
  ];
}

/** The sessions of this browser on the host that it asked. */
export async function sessionsHere(
  context: Context,
  request: WebRequest,
  pools: readonly Pool[],
): Promise<SessionRead> {
  const here = { hosts: [request.host], matchesHost: (host: string) => host === request.host };
  return context.sessions.read(request.header('cookie'), here, pools);
}

/** How a visit to the return path would be judged. */
export type Standing =
  | { readonly kind: 'request'; readonly reason: RefusalReason }
  | { readonly kind: 'person'; readonly verdict: Verdict; readonly maxAuthAge: number | undefined };

export function judgeReturn(
  context: Pick<Context, 'now'>,
  request: WebRequest,
  asked: { readonly route: OpenRoute; readonly returnPath: string },
  live: readonly Session[],
): Standing {
  const { route, returnPath } = asked;
  const match = matchRequest(visit(request, returnPath), route.policy);
  if (match.kind === 'refuse') {
    return { kind: 'request', reason: match.reason };
  }
  return {
    kind: 'person',
    maxAuthAge: match.rule.rule.maxAuthAge,
    verdict: judge(
      match.rule,
      live.map((session) => session.identity),
      route.policy,
      context.now,
    ),
  };
}

/** The navigation that would follow, as the plane would describe it. */
function visit(request: WebRequest, returnPath: string): Request {
  return {
    method: 'GET',
    ...splitReturnPath(returnPath),
    clientAddress: request.header('x-real-ip'),
    cookie: request.header('cookie'),
    authorization: undefined,
    authorizationTwice: false,
    navigation: 'document',
    webSocket: false,
    origin: undefined,
    preflight: false,
  };
}

export function poolLabel(pool: Pool): string {
  return `${pool.namespace}/${pool.name}`;
}
