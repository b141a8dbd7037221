import type { CompiledPolicy } from '../decide/compile.ts';
import type { CompiledRoute, Table } from '../decide/table.ts';
import { decide, needsIdentity } from '../decide/decide.ts';
import type { DecideOptions } from '../decide/decide.ts';
import type { BearerRead, Bearers } from '../identity/bearers.ts';
import type { Policy } from '../model/policy.ts';
import type { Pool } from '../model/pool.ts';
import type { Request } from '../model/request.ts';
import type { Session } from '../model/session.ts';
import type { RefusalReason, Verdict } from '../model/verdict.ts';
import { readRequest, writeVerdict } from '../planes/nginx.ts';
import type { PlaneAnswer, RouteNames } from '../planes/nginx.ts';
import { bearerVerdict } from './bearer-verdict.ts';
import { judgeBySession } from './by-session.ts';
import type { MaybePromise, Sessions } from '../session/sessions.ts';

/** Told after every decision; for counting and for the one log line of a refusal. */
export interface Decided {
  readonly route: CompiledRoute | undefined;
  readonly request: Request | undefined;
  readonly verdict: Verdict;
  readonly status: number;
  /** The id that was asked about, where no route has it. */
  readonly unknownId?: string;
}

export interface DeciderDeps {
  readonly table: () => Table | undefined;
  readonly sessions: Sessions;
  readonly bearers: Bearers;
  readonly now: () => number;
  readonly options: DecideOptions;
  readonly decided: (outcome: Decided) => void;
  readonly audited: (policy: Policy, verdict: Verdict) => void;
  readonly failed: (error: unknown) => void;
}

/** In: the route id of the URL and node's raw headers. Out: the answer for NGINX. Never throws, never rejects. */
export type Decider = (routeId: string, rawHeaders: readonly string[]) => MaybePromise<PlaneAnswer>;

/** flows.md: all headers of a decision request together. */
const headerLimit = 64 * 1024;

export function createDecider(deps: DeciderDeps): Decider {
  return (routeId, rawHeaders) => {
    try {
      const answer = decideRequest(deps, routeId, rawHeaders);
      return answer instanceof Promise ? answer.catch((error: unknown) => fail(deps, error)) : answer;
    } catch (error) {
      return fail(deps, error);
    }
  };
}

function decideRequest(deps: DeciderDeps, routeId: string, rawHeaders: readonly string[]): MaybePromise<PlaneAnswer> {
  const table = deps.table();
  if (table === undefined) return refuse(deps, 'not_ready');
  const found = table.route(routeId);
  if (found === undefined) return refuseUnknown(deps, routeId);
  if (size(rawHeaders) > headerLimit) return refuse(deps, 'headers_too_large', found);
  const asked = readRequest(rawHeaders);
  if (asked.kind === 'refuse') return refuse(deps, asked.reason, found);
  const { request } = asked;
  const policy = found.policy;
  if (policy === undefined) return refuse(deps, 'policy_broken', found, request);
  if (!needsIdentity(request, policy, deps.options)) {
    return finish(deps, { found, request, verdict: decide(request, [], policy, deps.options), live: [] });
  }
  const pools = routePools(table, found);
  const bearer = readsBearers(found) ? deps.bearers.read(request, pools, table.revoked) : noBearer;
  const bySession = (): MaybePromise<PlaneAnswer> => decideBySession(deps, { table, found, request, policy, bearer });
  const byBearer = (read: BearerRead): MaybePromise<PlaneAnswer> => {
    const verdict = bearerVerdict(read, request, policy, deps.options);
    return verdict === undefined
      ? bySession()
      : finish(deps, { found, request, verdict, live: [], bearer: read, byBearer: true });
  };
  if (!policy.readsBearers) return bySession();
  return bearer instanceof Promise ? bearer.then(byBearer) : byBearer(bearer);
}

const noBearer: BearerRead = { kind: 'foreign' };

function readsBearers({ policy, audits }: CompiledRoute): boolean {
  return policy?.readsBearers === true || audits.some((one) => one.readsBearers);
}

interface Asked {
  readonly table: Table;
  readonly found: CompiledRoute;
  readonly request: Request;
  readonly policy: CompiledPolicy;
  /** For policies that are judged beside. */
  readonly bearer: MaybePromise<BearerRead>;
}

function decideBySession(deps: DeciderDeps, asked: Asked): MaybePromise<PlaneAnswer> {
  const { table, found, request, policy, bearer } = asked;
  const hosts = sessionHost(table, found);
  const judged = judgeBySession(deps, { request, policy, hosts, pools: routePools(table, found) });
  return judged instanceof Promise
    ? judged.then((one) => finish(deps, { found, request, bearer, ...one }))
    : finish(deps, { found, request, bearer, verdict: judged.verdict, live: judged.live });
}

function sessionHost(
  table: Table,
  found: CompiledRoute,
): { hosts: readonly string[]; matchesHost: (host: string) => boolean } {
  return { hosts: found.route.hosts, matchesHost: (host) => table.ownsHost(found.route, host) };
}

interface RoutePools {
  readonly pools: readonly Pool[];
  /** Clients whose machines may pass; undefined: none does. */
  readonly machines: ReadonlySet<string> | undefined;
}

const poolsOfRoute = new WeakMap<CompiledRoute, RoutePools>();

/** A table is never edited, so what a route of it means stays. */
function routePools(table: Table, found: CompiledRoute): readonly Pool[] {
  const known = poolsOfRoute.get(found);
  if (known !== undefined) return known.pools;
  const pools = (found.policy?.policy.pools ?? []).flatMap((id) => table.pools.get(id) ?? []);
  const clients = pools.flatMap(({ clientId, machineClients = [] }) => [clientId, ...machineClients]);
  poolsOfRoute.set(found, { pools, machines: found.policy?.readsBearers === true ? new Set(clients) : undefined });
  return pools;
}

interface Outcome {
  readonly found: CompiledRoute | undefined;
  readonly request: Request | undefined;
  readonly verdict: Verdict;
  readonly live: readonly Session[];
  readonly bearer?: MaybePromise<BearerRead>;
  /** Whether the bearer decided. */
  readonly byBearer?: boolean;
}

const noGroups: ReadonlySet<string> = new Set();

function namesOf(found: CompiledRoute | undefined): RouteNames {
  return {
    namedGroups: found?.policy?.namedGroups ?? noGroups,
    machines: found && poolsOfRoute.get(found)?.machines,
  };
}

function finish(deps: DeciderDeps, outcome: Outcome): PlaneAnswer {
  const { found, request, verdict, live, byBearer = false } = outcome;
  const answer = writeVerdict(verdict, request, {
    signIn: found?.policy?.signIn ?? true,
    bearer: byBearer,
    ...namesOf(found),
    sessionUsable: live.length > 0,
  });
  if (found !== undefined && request !== undefined) audit(deps, found, request, outcome);
  deps.decided({ route: found, request, verdict, status: answer.status });
  return answer;
}

/** Audit policies are judged beside the one in force and never decide (case P23). */
function audit(
  deps: DeciderDeps,
  { audits }: CompiledRoute,
  request: Request,
  { live, bearer = noBearer }: Outcome,
): void {
  if (audits.length === 0) return;
  const identities = live.map((session) => session.identity);
  for (const policy of audits) {
    const judge = (read: BearerRead): void => {
      const verdict = bearerVerdict(read, request, policy, deps.options);
      deps.audited(policy.policy, verdict ?? decide(request, identities, policy, deps.options));
    };
    // A policy that decides nothing must not make a request wait for a pool's keys.
    if (bearer instanceof Promise) void bearer.then(judge).catch(deps.failed);
    else judge(bearer);
  }
}

function refuse(deps: DeciderDeps, reason: RefusalReason, found?: CompiledRoute, request?: Request): PlaneAnswer {
  const verdict: Verdict = { kind: 'refuse', reason, rule: undefined, missing: [], identity: undefined };
  return finish(deps, { found, request, verdict, live: [] });
}

/** Ids of another form are not ours to log: whoever reaches the port could write anything there. */
function refuseUnknown(deps: DeciderDeps, routeId: string): PlaneAnswer {
  const decided = (outcome: Decided): void =>
    deps.decided(/^[0-9a-f]{32}$/.test(routeId) ? { ...outcome, unknownId: routeId } : outcome);
  return refuse({ ...deps, decided }, 'unknown_route');
}

function fail(deps: DeciderDeps, error: unknown): PlaneAnswer {
  deps.failed(error);
  return refuse(deps, 'internal_error');
}

function size(rawHeaders: readonly string[]): number {
  let total = 0;
  for (const part of rawHeaders) total += part.length + 2;
  return total;
}
