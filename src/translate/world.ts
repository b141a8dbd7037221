import type { RevocationReport } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { annotationPrefix } from '../schema/annotations.ts';
import { readClusterPolicies } from './cluster-policies.ts';
import type { Around, ClusterPolicies } from './cluster-policies.ts';
import { readIngressClasses } from './ingress-classes.ts';
import type { IngressClasses } from './ingress-classes.ts';
import { readFacts } from './ingress-facts.ts';
import type { IngressFacts } from './ingress-facts.ts';
import { readNamespaces } from './namespaces.ts';
import type { Namespaces } from './namespaces.ts';
import type { Entry, Sorted } from './objects.ts';
import { standingOf } from './plans.ts';
import type { Speakers, Standing } from './plans.ts';
import { readPolicies } from './policies.ts';
import type { PolicyEntry } from './policies.ts';
import { readPools } from './pools.ts';
import type { Pools } from './pools.ts';
import { readRevocations } from './revocations.ts';
import { pointsAt, targetingOf } from './targets.ts';
import type { Targeting } from './targets.ts';

/** Everything beside the Ingresses, read. */
export interface World {
  readonly snapshot: Snapshot;
  readonly classes: IngressClasses;
  readonly namespaces: Namespaces;
  readonly around: Around;
  readonly pools: Pools;
  readonly policies: readonly PolicyEntry[];
  readonly targetings: readonly Targeting[];
  readonly clusterPolicies: ClusterPolicies;
  readonly revocations: readonly RevocationReport[];
  speakersOf(facts: IngressFacts): Speakers;
}

interface Pointers {
  /** By `namespace/name` of the Ingress. */
  readonly byTarget: ReadonlyMap<string, readonly PolicyEntry[]>;
  /** By namespace. */
  readonly selecting: ReadonlyMap<string, readonly Targeting[]>;
  /** By `namespace/name` of the policy. */
  readonly byName: ReadonlyMap<string, PolicyEntry>;
}

function push<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [item]);
  else known.push(item);
}

function readPointers(targetings: readonly Targeting[]): Pointers {
  const byTarget = new Map<string, PolicyEntry[]>();
  const selecting = new Map<string, Targeting[]>();
  for (const targeting of targetings) {
    const { policy, names, tests } = targeting;
    for (const name of names) push(byTarget, `${policy.namespace}/${name}`, policy);
    if (tests.length > 0) push(selecting, policy.namespace, targeting);
  }
  const byName = new Map(targetings.map(({ policy }) => [`${policy.namespace}/${policy.name}`, policy]));
  return { byTarget, selecting, byName };
}

/** Policies that point at an Ingress, and the one that it names; each once, by name. */
function policiesOf({ ingress, labels, marks }: IngressFacts, pointers: Pointers): readonly PolicyEntry[] {
  const { namespace, name } = ingress.ref;
  const found = new Set(pointers.byTarget.get(`${namespace}/${name}`));
  for (const targeting of pointers.selecting.get(namespace) ?? []) {
    if (pointsAt(targeting, name, labels)) found.add(targeting.policy);
  }
  const named = marks.policy === undefined ? undefined : pointers.byName.get(`${namespace}/${marks.policy}`);
  if (named !== undefined) found.add(named);
  return found.size < 2 ? [...found] : [...found].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export function readWorld(sorted: Sorted, snapshot: Snapshot): World {
  const { installation } = snapshot;
  const namespaces = readNamespaces(sorted.namespaces);
  const pools = readPools(sorted.pools, snapshot, namespaces);
  const policies = readPolicies(sorted.policies, pools, installation);
  const targetings = policies.map(targetingOf);
  const around = { namespaces, classes: new Set(sorted.ingressClasses.map(({ ref }) => ref.name)) };
  const clusterPolicies = readClusterPolicies(sorted.clusterPolicies, pools, installation, around);
  const pointers = readPointers(targetings);
  return {
    snapshot,
    classes: readIngressClasses(sorted.ingressClasses, installation),
    namespaces,
    around,
    pools,
    policies,
    targetings,
    clusterPolicies,
    revocations: readRevocations(sorted.revocations, pools, installation),
    speakersOf: (facts) => ({
      policies: policiesOf(facts, pointers),
      selectedBy: clusterPolicies.selecting(facts.ingress),
      certain: clusterPolicies.certain(facts.ingress),
    }),
  };
}

/** What one Ingress comes to; `listen` may change who speaks about it. */
export function standingIn(
  world: World,
  ingress: Entry,
  listen: (speakers: Speakers) => Speakers = (speakers) => speakers,
): Standing {
  const { installation } = world.snapshot;
  const { namespace } = ingress.ref;
  const facts = readFacts(ingress, installation);
  return standingOf(facts, listen(world.speakersOf(facts)), {
    pools: world.pools,
    installation,
    namespace,
    report: ingress.report,
    classes: world.classes,
    bypassed: world.namespaces.labelsOf(namespace)?.has(`${annotationPrefix}bypass`) === true,
  });
}
