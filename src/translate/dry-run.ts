import type { Finding } from '../model/finding.ts';
import type { IngressPlan } from '../model/plan.ts';
import { claimFindings } from './claimed-hosts.ts';
import { readClusterPolicies } from './cluster-policies.ts';
import { claimedBack } from './elsewhere.ts';
import { neighbourFindings, withStanding } from './neighbours.ts';
import type { Neighbourhood } from './neighbours.ts';
import { sortObjects } from './objects.ts';
import type { Entry } from './objects.ts';
import type { Speakers, Standing } from './plans.ts';
import { readPolicies } from './policies.ts';
import type { PolicyEntry } from './policies.ts';
import { readPools } from './pools.ts';
import { readRevocations } from './revocations.ts';
import { createReport, ordered } from './report.ts';
import { labelsOf, pointsAt, reportTargets, targetingOf } from './targets.ts';
import type { Candidates } from './targets.ts';
import { standingIn } from './world.ts';
import type { World } from './world.ts';

/** What one object would come to beside everything else. */
export interface DryRun {
  readonly plan: IngressPlan | undefined;
  readonly findings: readonly Finding[];
}

/** What a whole translation has found, kept for questions about single objects. */
export interface Known {
  readonly world: World;
  readonly ingresses: readonly Entry[];
  readonly candidates: ReadonlyMap<string, Candidates>;
  readonly neighbourhood: Neighbourhood;
}

const nothing: DryRun = { plan: undefined, findings: [] };

/** More targets than these say nothing new about a policy, and would take their time. */
const looked = 50;

function blank(entry: Entry): Entry {
  return { ...entry, report: createReport(entry.ref) };
}

function unheard<T extends { readonly entry: Entry }>(speaker: T): T {
  return { ...speaker, entry: blank(speaker.entry) };
}

/** What a question says about others is nobody's finding. */
function apart(speakers: Speakers): Speakers {
  return { ...speakers, policies: speakers.policies.map(unheard), selectedBy: speakers.selectedBy.map(unheard) };
}

function dryIngress(ingress: Entry, { world, neighbourhood }: Known): DryRun {
  const { prefix } = world.snapshot.installation;
  const standing: Standing = standingIn(world, ingress, apart);
  const about = [
    ...neighbourFindings(standing, withStanding(neighbourhood, standing, prefix)),
    ...claims(standing, world, neighbourhood),
  ];
  return { plan: standing.plan, findings: ordered([...ingress.report.findings, ...about]) };
}

function claims(standing: Standing, { snapshot }: World, neighbourhood: Neighbourhood): readonly Finding[] {
  return snapshot.installation.sharedHosts === 'Refuse' ? claimFindings(standing, neighbourhood) : [];
}

/** An Ingress for another installation takes hosts like any other; there is no plan for it. */
function dryElsewhere(ingress: Entry, { world, neighbourhood }: Known): DryRun {
  const { plan: _others, ...standing } = standingIn(world, blank(ingress), apart);
  return { plan: undefined, findings: claims({ ...standing, plan: undefined }, world, neighbourhood) };
}

function replaced(speakers: Speakers, policy: PolicyEntry): Speakers {
  const others = speakers.policies.filter(({ name }) => name !== policy.name);
  const policies = [...others.map(unheard), policy].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { ...apart(speakers), policies };
}

function dryPolicy(entry: Entry, { world, ingresses, candidates }: Known): DryRun {
  const [policy] = readPolicies([entry], world.pools, world.snapshot.installation);
  if (policy === undefined) return nothing;
  const targeting = targetingOf(policy);
  reportTargets(targeting, candidates.get(policy.namespace) ?? new Map());
  const claimed = ingresses
    .values()
    .filter(({ ref }) => ref.namespace === policy.namespace)
    .filter((ingress) => pointsAt(targeting, ingress.ref.name, labelsOf(ingress)));
  for (const ingress of claimed.take(looked)) {
    standingIn(world, blank(ingress), (speakers) => replaced(speakers, policy));
  }
  return { plan: undefined, findings: ordered(entry.report.findings) };
}

/** Answers for one object at a time, without a whole translation. */
export function dryRun(value: unknown, known: Known): DryRun {
  const { snapshot, namespaces, around, pools, clusterPolicies } = known.world;
  const { installation } = snapshot;
  const sorted = sortObjects([{ value, origin: '' }], installation.controllerName);
  const [ingress] = [...sorted.ingresses, ...claimedBack(sorted.elsewhere, clusterPolicies)];
  if (ingress !== undefined) return dryIngress(ingress, known);
  const [foreign] = sorted.elsewhere.filter(({ ref }) => ref.kind === 'Ingress');
  if (foreign !== undefined) return dryElsewhere(foreign, known);
  const [policy] = sorted.policies;
  if (policy !== undefined) return dryPolicy(policy, known);
  if (sorted.clusterPolicies.length > 0) {
    const read = readClusterPolicies(sorted.clusterPolicies, pools, installation, around);
    return { plan: undefined, findings: ordered(read.entries.flatMap(({ entry }) => entry.report.findings)) };
  }
  readRevocations(sorted.revocations, pools, installation);
  const unread = [...sorted.others, ...sorted.revocations.map(({ report }) => report)].flatMap(
    (report) => report.findings,
  );
  const { findings } = readPools(sorted.pools, snapshot, namespaces);
  return { plan: undefined, findings: ordered([...unread, ...findings]) };
}
