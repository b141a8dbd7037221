import type { FindingReason, ObjectRef } from '../model/finding.ts';
import type { PolicyReport, PoolReport, TargetReport } from '../model/plan.ts';
import { asJson } from './objects.ts';
import type { Entry } from './objects.ts';
import type { Standing } from './plans.ts';
import { policyName } from './plans.ts';
import type { World } from './world.ts';

/** A policy of either kind, as far as its report goes. */
interface Speaker {
  readonly ref: ObjectRef;
  /** As a plan names it when it is in force. */
  readonly name: string;
  readonly mode: 'Enforce' | 'Audit';
  readonly reason: FindingReason | undefined;
}

type Came = Pick<TargetReport, 'state' | 'reason' | 'message'>;

function came(state: TargetReport['state'], reason: FindingReason | undefined, message: string): Came {
  return { state, reason, message };
}

/** The Ingress itself is the trouble, or what protects it. */
function cameToTrouble({ plan, route }: Standing): Came | undefined {
  if (plan === undefined || plan.act === 'Withdraw') {
    return came('Overridden', undefined, 'the Ingress says unprotect, or is going away');
  }
  // Bypassed: the policy is in order, and holds again once the label is gone.
  if (plan.state === 'Unprotected' && plan.reason !== 'Bypassed') {
    const text = 'the Ingress can not be protected as it is: see what is said about it';
    return came('Broken', plan.reason, text);
  }
  if (route === undefined || route.state.kind === 'enforced') return undefined;
  const { reason } = route.state;
  if (reason === 'Conflicted') {
    return came('Conflicted', reason, 'another policy claims the Ingress too, and it refuses: it must name one');
  }
  return came('Broken', reason, 'the Ingress refuses: see what is said about it');
}

function cameTo(speaker: Speaker, standing: Standing): Came {
  if (speaker.reason !== undefined) {
    return came('Broken', speaker.reason, 'the policy can not be read: see what is said about it');
  }
  const trouble = cameToTrouble(standing);
  if (trouble !== undefined) return trouble;
  if (speaker.mode === 'Audit') return came('Audited', undefined, 'judged beside the policy in force, and counted');
  if (standing.plan?.policy === speaker.name) return came('Enforced', undefined, 'decides who may pass');
  const winner = standing.plan?.policy ?? '';
  return came('Overridden', undefined, `${winner} decides: only what is denied here holds too`);
}

function targetOf(speaker: Speaker, standing: Standing): TargetReport {
  return { ref: standing.facts.ingress.ref, ...cameTo(speaker, standing) };
}

function missing(namespace: string, names: readonly string[]): readonly TargetReport[] {
  return names.map((name) => ({
    ref: { kind: 'Ingress', namespace, name },
    ...came('NotFound', 'TargetNotFound', 'no Ingress of this namespace has this name'),
  }));
}

/** As written, so that a broken policy's pools are told too. */
function poolsOf({ ref, values }: Entry, fallback: string | undefined): readonly string[] {
  const refs = asJson(values[0]?.['spec'])['poolRefs'];
  if (!Array.isArray(refs)) return fallback === undefined ? [] : [fallback];
  const names = refs
    .map(asJson)
    .flatMap(({ name, namespace = ref.namespace }) =>
      typeof name === 'string' && typeof namespace === 'string' ? [`${namespace}/${name}`] : [],
    );
  return [...new Set(names)];
}

/** Which Ingresses each speaker speaks about, in order. */
function audiences(standings: readonly Standing[]): ReadonlyMap<Entry, readonly Standing[]> {
  const found = new Map<Entry, Standing[]>();
  for (const standing of standings) {
    const { policies, selectedBy } = standing.speakers;
    for (const { entry } of [...policies, ...selectedBy]) {
      const known = found.get(entry);
      if (known === undefined) found.set(entry, [standing]);
      else known.push(standing);
    }
  }
  return found;
}

export function policyReports(world: World, standings: readonly Standing[]): readonly PolicyReport[] {
  const about = audiences(standings);
  const { defaultPool } = world.snapshot.installation;
  const own = world.targetings.map(({ policy, names }): PolicyReport => {
    const { entry, mode, reason } = policy;
    const speaker = { ref: entry.ref, name: policyName(policy), mode, reason };
    const found = about.get(entry) ?? [];
    const there = new Set(found.map(({ facts }) => facts.ingress.ref.name));
    const absent = [...names].filter((name) => !there.has(name));
    const targets = [...found.map((one) => targetOf(speaker, one)), ...missing(policy.namespace, absent)];
    return { ref: entry.ref, mode, pools: poolsOf(entry, defaultPool), targets };
  });
  const cluster = world.clusterPolicies.entries.map(({ entry, name, reason }): PolicyReport => {
    const speaker: Speaker = { ref: entry.ref, name, mode: 'Enforce', reason };
    const targets = (about.get(entry) ?? [])
      .filter(({ plan }) => plan !== undefined)
      .map((one) => targetOf(speaker, one));
    return { ref: entry.ref, mode: 'Enforce', pools: poolsOf(entry, defaultPool), targets };
  });
  return [...own, ...cluster];
}

export function poolReports(entries: readonly Entry[], { pools }: World): readonly PoolReport[] {
  return entries.map(({ ref }) => ({ ref, id: pools.byName.get(`${ref.namespace}/${ref.name}`)?.pool?.id }));
}
