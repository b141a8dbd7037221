import { createTable } from '../decide/table.ts';
import type { Table } from '../decide/table.ts';
import type { Finding } from '../model/finding.ts';
import type { IngressPlan, PolicyReport, PoolReport } from '../model/plan.ts';
import type { Pool } from '../model/pool.ts';
import type { Route } from '../model/route.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { readMarks } from './inline-policy.ts';
import { sortObjects } from './objects.ts';
import type { Entry } from './objects.ts';
import { findingsOf, readPolicies } from './policies.ts';
import type { PolicyEntry } from './policies.ts';
import { readPools } from './pools.ts';
import type { Pools } from './pools.ts';
import { ordered } from './report.ts';
import { routeOf } from './routes.ts';
import { claimsOf, labelsOf } from './targets.ts';
import type { Candidates } from './targets.ts';

/** What one object would come to beside everything else. */
export interface DryRun {
  readonly plan: IngressPlan | undefined;
  readonly findings: readonly Finding[];
}

export interface Translation {
  readonly table: Table;
  readonly findings: readonly Finding[];
  readonly plans: readonly IngressPlan[];
  readonly policies: readonly PolicyReport[];
  readonly pools: readonly PoolReport[];
  dryRun(value: unknown): DryRun;
}

function candidatesByNamespace(ingresses: readonly Entry[]): ReadonlyMap<string, Candidates> {
  const found = new Map<string, Map<string, ReadonlyMap<string, string>>>();
  for (const ingress of ingresses) {
    const { namespace, name } = ingress.ref;
    const candidates = found.get(namespace) ?? new Map<string, ReadonlyMap<string, string>>();
    found.set(namespace, candidates.set(name, labelsOf(ingress)));
  }
  return found;
}

/** Policies by `namespace/name` of the Ingress that they point at. */
function claimsByIngress(
  policies: readonly PolicyEntry[],
  ingresses: readonly Entry[],
): ReadonlyMap<string, readonly PolicyEntry[]> {
  const candidates = candidatesByNamespace(ingresses);
  const claims = new Map<string, PolicyEntry[]>();
  for (const policy of policies) {
    for (const name of claimsOf(policy, candidates.get(policy.namespace) ?? new Map())) {
      const key = `${policy.namespace}/${name}`;
      const found = claims.get(key) ?? [];
      found.push(policy);
      claims.set(key, found);
    }
  }
  return claims;
}

interface Inputs {
  readonly snapshot: Snapshot;
  readonly pools: Pools;
  readonly policies: readonly PolicyEntry[];
  readonly ingresses: readonly Entry[];
}

function routesOf({ snapshot, pools, policies, ingresses }: Inputs): readonly Route[] {
  const claims = claimsByIngress(policies, ingresses);
  const byName = new Map(policies.map((policy) => [`${policy.namespace}/${policy.name}`, policy]));
  const { installation } = snapshot;
  return ingresses.flatMap((ingress) => {
    const { namespace, name } = ingress.ref;
    const marks = readMarks(ingress);
    const pointing = claims.get(`${namespace}/${name}`) ?? [];
    if (!marks.marked && pointing.length === 0) return [];
    const named = marks.policy === undefined ? undefined : byName.get(`${namespace}/${marks.policy}`);
    const all = named === undefined || pointing.includes(named) ? pointing : [...pointing, named];
    const reading = { pools, installation, namespace, report: ingress.report };
    return [routeOf({ ingress, marks, policies: all }, reading)];
  });
}

function isPool(pool: Pool | undefined): pool is Pool {
  return pool !== undefined;
}

/**
 * Everything that was read becomes one table. Pure and total: whatever a user wrote is a finding, and the result
 * does not depend on the order of the objects. A route whose policy can't be read is there, broken, and refuses.
 */
export function translate(snapshot: Snapshot): Translation {
  const sorted = sortObjects(snapshot.objects);
  const pools = readPools(sorted.pools, snapshot);
  const policies = readPolicies(sorted.policies, pools, snapshot.installation);
  const routes = routesOf({ snapshot, pools, policies, ingresses: sorted.ingresses });
  const usable = [...pools.byName.values()].map((entry) => entry.pool).filter(isPool);
  const findings = [
    ...pools.findings,
    ...findingsOf(policies),
    ...sorted.ingresses.flatMap((ingress) => ingress.report.findings),
    ...sorted.others.flatMap((report) => report.findings),
  ];
  return {
    table: createTable({ routes, pools: usable }),
    findings: ordered(findings),
    plans: routes.map(({ id, namespace, name, hosts, state }): IngressPlan => ({
      namespace,
      name,
      routeId: id,
      hosts,
      className: undefined,
      act: 'Wire',
      began: 'mark',
      state: state.kind === 'enforced' ? 'Enforced' : 'Refusing',
      reason: state.kind === 'broken' ? state.reason : undefined,
      policy: state.kind === 'enforced' ? `${state.policy.namespace}/${state.policy.name}` : undefined,
    })),
    policies: [],
    pools: [],
    dryRun: () => ({ plan: undefined, findings: [] }),
  };
}
