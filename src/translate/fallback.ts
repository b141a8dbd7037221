import type { FindingReason } from '../model/finding.ts';
import type { Policy } from '../model/policy.ts';
import type { RouteState } from '../model/route.ts';
import { annotationPrefix } from '../schema/annotations.ts';
import type { ClusterPolicyEntry } from './cluster-policies.ts';
import { denialsOf, denied } from './entries.ts';
import type { Entries } from './entries.ts';
import type { Entry } from './objects.ts';
import { lookUpPool } from './pools.ts';
import type { Pools } from './pools.ts';

/** One Ingress and the ClusterAccessPolicies that select it. */
export interface Selected {
  readonly ingress: Entry;
  readonly selectedBy: readonly ClusterPolicyEntry[];
}

function nameOf({ ref }: Entry): string {
  return `Ingress ${ref.namespace}/${ref.name}`;
}

/** Says why a ClusterAccessPolicy holds whose labels may never have been meant. */
export function reportAssumed({ ingress, selectedBy }: Selected): void {
  const names = selectedBy.filter(({ assumed }) => assumed).map(({ name }) => name);
  if (names.length === 0) return;
  const text = `the Namespace is not there and its labels are not known, so that ClusterAccessPolicy ${names.join(', ')} counts as selecting it: add the Namespace`;
  ingress.report.warn('TargetNotFound', 'metadata.namespace', text);
}

/** What nobody can read can't be kept to: the route refuses, whatever policy it has. */
export function reportUnreadable({ ingress, selectedBy }: Selected): void {
  for (const { name, reason, mistake } of selectedBy) {
    if (reason === undefined) continue;
    ingress.report.error(reason, '', `ClusterAccessPolicy ${name} selects it and is broken: ${mistake}`);
  }
}

/** All of them: what denies must hold whoever's rules do. */
export function requiredDeny(selectedBy: readonly ClusterPolicyEntry[]): readonly Entries[] {
  return selectedBy.map(({ required }) => required.deny);
}

/** Never by age: a restore changes ages (P5). */
function conflict({ ingress, selectedBy }: Selected): FindingReason {
  for (const { entry, name } of selectedBy) {
    const others = selectedBy.filter((other) => other.name !== name).map((other) => other.name);
    const text = `${nameOf(ingress)} also has the default of ${others.join(', ')}: let only one of them select it`;
    entry.report.error('Conflicted', 'spec.default', text);
  }
  const names = selectedBy.map(({ name }) => name).join(', ');
  const fix = `name a policy (${annotationPrefix}policy), or let only one of them select it`;
  ingress.report.error('Conflicted', '', `the defaults of ClusterAccessPolicies ${names} claim it: ${fix}`);
  return 'Conflicted';
}

/** A pool is for the namespaces that it allows, by a default too (P9). */
function refusedPool(claim: ClusterPolicyEntry, ingress: Entry, pools: Pools): FindingReason | undefined {
  for (const name of claim.fallback?.pools ?? []) {
    const found = lookUpPool(pools, name, ingress.ref.namespace);
    if ('pool' in found) continue;
    const { reason, message } = found;
    claim.entry.report.error(reason, 'spec.poolRefs', `${nameOf(ingress)} has its default: ${name}: ${message}`);
    ingress.report.error(reason, '', `the default of ClusterAccessPolicy ${claim.name} is meant: ${name}: ${message}`);
    return reason;
  }
  return undefined;
}

/** Why the default isn't in force, where it is not. */
function refused(claim: ClusterPolicyEntry, ingress: Entry, pools: Pools): FindingReason | undefined {
  const { fallback, name } = claim;
  if (fallback?.policy !== undefined) return refusedPool(claim, ingress, pools);
  const reason = fallback?.reason ?? 'Invalid';
  const why = fallback?.mistake ?? '';
  ingress.report.error(reason, '', `the default of ClusterAccessPolicy ${name} is broken: ${why}`);
  return reason;
}

/** Nothing of the namespace speaks: the platform's default does, where exactly one is meant. */
export function fallBack({ ingress, selectedBy }: Selected, pools: Pools, audits: readonly Policy[]): RouteState {
  const claims = selectedBy.filter(({ fallback }) => fallback !== undefined);
  const [only, second] = claims;
  if (only === undefined) {
    const text = 'it is protected, and no enforcing policy is in force: add one, it is refused until then';
    ingress.report.error('NothingInForce', '', text);
    return { kind: 'broken', reason: 'NothingInForce' };
  }
  const reason = second === undefined ? refused(only, ingress, pools) : conflict({ ingress, selectedBy: claims });
  const policy = only.fallback?.policy;
  if (reason !== undefined || policy === undefined) return { kind: 'broken', reason: reason ?? 'Invalid' };
  const deny = denied([denialsOf(policy), ...requiredDeny(selectedBy)]);
  return { kind: 'enforced', policy: { ...policy, ...deny }, audits };
}
