import type { FindingReason } from '../model/finding.ts';
import type { Policy } from '../model/policy.ts';
import type { Route, RouteState } from '../model/route.ts';
import { annotationPrefix } from '../schema/annotations.ts';
import { fieldPath } from '../schema/problems.ts';
import type { ClusterPolicyEntry } from './cluster-policies.ts';
import { denialsOf, denied } from './entries.ts';
import { fallBack, reportAssumed, reportUnreadable, requiredDeny } from './fallback.ts';
import { floorViolations } from './floors.ts';
import { readPlaces } from './hosts.ts';
import { inlinePolicy } from './inline-policy.ts';
import type { Marks } from './inline-policy.ts';
import type { Entry } from './objects.ts';
import type { PolicyEntry, Reading } from './policies.ts';
import { routeId } from './route-id.ts';

/** One Ingress with everything that speaks about it. */
export interface Claimed {
  readonly ingress: Entry;
  readonly marks: Marks;
  /** Policies that point at it, and the one it names; each once, by name. */
  readonly policies: readonly PolicyEntry[];
  /** What `ClusterPolicies.selecting` says of it. */
  readonly selectedBy: readonly ClusterPolicyEntry[];
}

/** An enforcing policy: an object, or the Ingress's own annotations. */
interface Contender {
  readonly name: string;
  readonly policy: Policy | undefined;
  readonly reason: FindingReason | undefined;
  readonly mistake: string;
  readonly entry: Entry;
}

function annotationField(name: string): string {
  return fieldPath(['metadata', 'annotations', `${annotationPrefix}${name}`]);
}

const policyField = annotationField('policy');

function broken(reason: FindingReason): RouteState {
  return { kind: 'broken', reason };
}

function inlineContender(claimed: Claimed, reading: Reading): readonly Contender[] {
  if (!claimed.marks.inline) return [];
  const { ingress } = claimed;
  const policy = inlinePolicy(ingress.ref.name, claimed.marks, reading);
  return [
    { name: `ingress/${ingress.ref.name}`, policy, reason: ingress.report.broken(), mistake: '', entry: ingress },
  ];
}

/** Never by age: a restore changes ages (P5). */
function conflict(contenders: readonly Contender[], ingress: Entry): RouteState {
  const where = `Ingress ${ingress.ref.name}`;
  for (const { entry, name } of contenders) {
    const others = contenders.filter((other) => other.name !== name).map((other) => other.name);
    const fix = `name one of them on the Ingress (${annotationPrefix}policy), or remove the others`;
    entry.report.error('Conflicted', '', `${where} is also claimed by ${others.join(', ')}: ${fix}`);
  }
  if (!contenders.some(({ entry }) => entry === ingress)) {
    const names = contenders.map(({ name }) => name).join(', ');
    const text = `${names} claim it: name one of them (${annotationPrefix}policy), or remove the others`;
    ingress.report.error('Conflicted', '', text);
  }
  return broken('Conflicted');
}

/** Whoever looks at the Ingress must learn there which object to mend, and where in it. */
function brokenBy(unreadable: readonly Contender[], ingress: Entry): RouteState {
  for (const { name, reason = 'Invalid', mistake } of unreadable) {
    ingress.report.error(reason, '', `AccessPolicy ${name} is broken: ${mistake}`);
  }
  return broken(unreadable[0]?.reason ?? 'Invalid');
}

/** The winner's rules with the deny lists of all: what denies must hold whoever wins. */
function unite(
  winner: Contender,
  losers: readonly Contender[],
  claimed: Claimed,
  audits: readonly Policy[],
): RouteState {
  for (const loser of losers) {
    const text = `Ingress ${claimed.ingress.ref.name} names ${winner.name}: only the deny list of this policy holds there`;
    loser.entry.report.warn('Conflicted', '', text);
  }
  const unreadable = [winner, ...losers].filter((contender) => contender.policy === undefined);
  if (winner.policy === undefined || unreadable.length > 0) return brokenBy(unreadable, claimed.ingress);
  if (!keepsFloors(winner, claimed)) return broken('FloorViolated');
  const policies = [winner.policy, ...losers.flatMap(({ policy }) => policy ?? [])];
  const deny = denied([...policies.map(denialsOf), ...requiredDeny(claimed.selectedBy)]);
  return { kind: 'enforced', policy: { ...winner.policy, ...deny }, audits };
}

/** A policy that lets more through than the platform allows is not cut down to it: what is left might be open elsewhere. */
function keepsFloors({ policy, entry, name }: Contender, { ingress, selectedBy }: Claimed): boolean {
  const found = policy === undefined ? [] : floorViolations(policy, selectedBy);
  for (const { field, inline, text, fix, inlineFix } of found) {
    if (entry === ingress) {
      ingress.report.error('FloorViolated', annotationField(inline), `${text}: ${inlineFix}`);
      continue;
    }
    const { namespace, name: own } = ingress.ref;
    entry.report.error('FloorViolated', field, `on Ingress ${namespace}/${own}: ${text}: ${fix}`);
    ingress.report.error('FloorViolated', '', `AccessPolicy ${name}, ${field}: ${text}: ${fix}`);
  }
  return found.length === 0;
}

/** Each is judged for every request, and everybody waits for it. */
const maxAudits = 8;

function auditsOf(policies: readonly PolicyEntry[], ingress: Entry): readonly Policy[] {
  const audits = policies.filter(({ mode, policy }) => mode === 'Audit' && policy !== undefined);
  for (const { entry } of audits.slice(maxAudits)) {
    const text = `Ingress ${ingress.ref.name} has ${maxAudits} others with mode Audit already: this one is not judged there`;
    entry.report.warn('Conflicted', 'spec.mode', text);
  }
  return audits.slice(0, maxAudits).flatMap(({ policy }) => policy ?? []);
}

function stateOf(claimed: Claimed, reading: Reading): RouteState {
  const { ingress, marks, policies, selectedBy } = claimed;
  const enforcing = policies.filter((policy) => policy.mode === 'Enforce');
  const audits = auditsOf(policies, ingress);
  const contenders = [...enforcing, ...inlineContender(claimed, reading)];
  reportAssumed({ ingress, selectedBy });
  reportUnreadable({ ingress, selectedBy });
  const wrong = ingress.report.broken();
  if (wrong !== undefined) return broken(wrong);
  if (marks.policy !== undefined && !policies.some((policy) => policy.name === marks.policy)) {
    ingress.report.error(
      'PolicyNotFound',
      policyField,
      'no AccessPolicy of this namespace has this name: correct it, or make the policy',
    );
    return broken('PolicyNotFound');
  }
  const [only, second] = contenders;
  if (only === undefined) return fallBack({ ingress, selectedBy }, reading.pools, audits);
  const winner = second === undefined ? only : contenders.find(({ name }) => name === marks.policy);
  if (winner === undefined) return conflict(contenders, ingress);
  return unite(
    winner,
    contenders.filter((contender) => contender !== winner),
    claimed,
    audits,
  );
}

/** The route of a protected Ingress, in force or broken. */
export function routeOf(claimed: Claimed, reading: Reading): Route {
  const { ingress, marks, policies } = claimed;
  const { namespace, name } = ingress.ref;
  const places = readPlaces(ingress, reading.installation);
  const state = stateOf(claimed, reading);
  if (!marks.marked && policies.length > 0) {
    const text = `only a policy points at it: add an annotation such as ${annotationPrefix}policy, which closes it even before its policy exists`;
    ingress.report.warn('MarkAdvised', 'metadata.annotations', text);
  }
  return { id: routeId(namespace, name), namespace, name, ...places, state };
}
