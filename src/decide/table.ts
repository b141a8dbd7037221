import type { Caller } from '../model/identity.ts';
import type { Pool, PoolId } from '../model/pool.ts';
import type { Policy } from '../model/policy.ts';
import type { Revocation, RevocationAnswer } from '../model/revocation.ts';
import type { Route } from '../model/route.ts';
import { compilePolicy, type CompiledPolicy } from './compile.ts';
import { indexHosts, type Hosts, type NamedHost } from './hosts.ts';
import { compileRevocations } from './revocations.ts';
import { routeOfPath } from './route-paths.ts';
import { hashTable } from './table-hash.ts';

export interface CompiledRoute {
  readonly route: Route;
  /** Undefined: broken; the route refuses. */
  readonly policy: CompiledPolicy | undefined;
  readonly audits: readonly CompiledPolicy[];
}

/** Everything a decision looks up. Replaced as a whole, never edited. */
export interface Table {
  /** The same for the same content, in every process. */
  readonly hash: string;
  readonly size: number;
  readonly pools: ReadonlyMap<PoolId, Pool>;
  /** Groups that any policy in force names, deny and audit included. */
  readonly namedGroups: ReadonlySet<string>;
  readonly namedClaims: ReadonlySet<string>;
  route(id: string): CompiledRoute | undefined;
  routesOn(host: string): readonly CompiledRoute[];
  /** The route that serves a path: Exact first, then the longest. Undefined where readings of the path disagree. */
  routeAt(host: string, path: string): CompiledRoute | undefined;
  ownsHost(route: Route, host: string): boolean;
  allRoutes(): Iterable<CompiledRoute>;
  /** Whether a SessionRevocation has ended what this caller comes from. */
  revoked(caller: Caller): RevocationAnswer;
  readonly revocations: number;
}

export function createTable(input: {
  routes: readonly Route[];
  pools: readonly Pool[];
  revocations?: readonly Revocation[];
  /** Hosts under a wildcard of a route that Ingresses name which are no routes. */
  namedElsewhere?: readonly NamedHost[];
}): Table {
  const { revocations = [], namedElsewhere = [] } = input;
  const hosts = indexHosts(input.routes, namedElsewhere);
  const compiled = new Map(input.routes.map((route) => [route.id, compileRoute(route, hosts)]));
  const policies = [...compiled.values()].flatMap(policiesOf);
  const routesOn = (host: string): readonly CompiledRoute[] =>
    hosts.on(host).flatMap((route) => compiled.get(route.id) ?? []);
  return {
    hash: hashTable({ ...input, revocations, namedElsewhere }),
    size: compiled.size,
    pools: new Map(input.pools.map((pool) => [pool.id, pool])),
    namedGroups: new Set(policies.flatMap(({ namedGroups }) => [...namedGroups])),
    namedClaims: new Set(policies.flatMap(({ namedClaims }) => [...namedClaims])),
    route: (id) => compiled.get(id),
    routesOn,
    routeAt: (host, path) => {
      const route = routeOfPath(hosts.on(host), host, path);
      return route && compiled.get(route.id);
    },
    ownsHost: (route, host) => hosts.owns(route, host),
    allRoutes: () => compiled.values(),
    revoked: compileRevocations(revocations),
    revocations: revocations.length,
  };
}

function compileRoute(route: Route, hosts: Hosts): CompiledRoute {
  if (route.state.kind === 'broken') return { route, policy: undefined, audits: [] };
  const compile = (policy: Policy): CompiledPolicy | undefined => {
    try {
      return compilePolicy(policy, (host) => hosts.owns(route, host));
    } catch {
      // House rule 2: what can't be read refuses. Translate has said why.
      return undefined;
    }
  };
  return {
    route,
    policy: compile(route.state.policy),
    audits: route.state.audits.flatMap((one) => compile(one) ?? []),
  };
}

function policiesOf({ policy, audits }: CompiledRoute): readonly CompiledPolicy[] {
  return policy === undefined ? audits : [policy, ...audits];
}
