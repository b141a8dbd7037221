import { createTable } from '../decide/table.ts';
import type { Table } from '../decide/table.ts';
import type { Finding } from '../model/finding.ts';
import type { IngressPlan, PolicyReport, PoolReport, RevocationReport } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { dryRun } from './dry-run.ts';
import type { DryRun } from './dry-run.ts';
import { claimedBack } from './elsewhere.ts';
import { namedElsewhere } from './named-elsewhere.ts';
import { neighbourFindings, readNeighbourhood } from './neighbours.ts';
import { sortObjects } from './objects.ts';
import type { Entry, Sorted } from './objects.ts';
import { findingsOf } from './policies.ts';
import { policyReports, poolReports } from './policy-reports.ts';
import { ordered } from './report.ts';
import { labelsOf, reportTargets } from './targets.ts';
import type { Candidates } from './targets.ts';
import { readWorld, standingIn } from './world.ts';
import type { World } from './world.ts';

export interface Translation {
  readonly table: Table;
  readonly findings: readonly Finding[];
  /** For every Ingress that is protected, was, or is to be and can't. */
  readonly plans: readonly IngressPlan[];
  readonly policies: readonly PolicyReport[];
  readonly pools: readonly PoolReport[];
  readonly revocations: readonly RevocationReport[];
  /** What one object (Ingress, or one of our own) would come to beside everything else here. */
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

/** Read last: routes say more about what speaks about them. */
function findingsOfAll(sorted: Sorted, ingresses: readonly Entry[], world: World): readonly Finding[] {
  const entries = [...ingresses, ...sorted.namespaces, ...sorted.ingressClasses];
  return [
    ...world.pools.findings,
    ...findingsOf(world.policies),
    ...sorted.clusterPolicies.flatMap((entry) => entry.report.findings),
    ...entries.flatMap((entry) => entry.report.findings),
    ...sorted.revocations.flatMap((entry) => entry.report.findings),
    ...sorted.others.flatMap((report) => report.findings),
  ];
}

/**
 * Everything that was read becomes one table. Pure and total: whatever a user wrote is a finding, and the result
 * does not depend on the order of the objects. A route whose policy can't be read is there, broken, and refuses.
 */
export function translate(snapshot: Snapshot): Translation {
  const { controllerName, prefix } = snapshot.installation;
  const sorted = sortObjects(snapshot.objects, controllerName);
  const world = readWorld(sorted, snapshot);
  const ingresses = [...sorted.ingresses, ...claimedBack(sorted.elsewhere, world.clusterPolicies)];
  const candidates = candidatesByNamespace(ingresses);
  for (const targeting of world.targetings) {
    reportTargets(targeting, candidates.get(targeting.policy.namespace) ?? new Map());
  }
  const standings = ingresses.map((ingress) => standingIn(world, ingress));
  const neighbourhood = readNeighbourhood(standings, prefix);
  const about = standings.flatMap((standing) => neighbourFindings(standing, neighbourhood));
  const known = { world, ingresses, candidates, neighbourhood };
  return {
    table: createTable({
      routes: standings.flatMap(({ route }) => route ?? []),
      namedElsewhere: namedElsewhere(standings, sorted.elsewhere),
      pools: [...world.pools.byName.values()].flatMap(({ pool }) => pool ?? []),
      revocations: world.revocations.flatMap(({ revocation }) => revocation ?? []),
    }),
    findings: ordered([...findingsOfAll(sorted, ingresses, world), ...about]),
    plans: standings.flatMap(({ plan }) => plan ?? []),
    policies: policyReports(world, standings),
    pools: poolReports(sorted.pools, world),
    revocations: world.revocations,
    dryRun: (value) => dryRun(value, known),
  };
}
