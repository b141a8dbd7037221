import { waysIn } from '../decide/compile.ts';
import type { Began, IngressPlan } from '../model/plan.ts';
import type { Policy } from '../model/policy.ts';
import type { Route } from '../model/route.ts';
import { annotationPrefix } from '../schema/annotations.ts';
import { fieldPath } from '../schema/problems.ts';
import type { ClusterPolicyEntry } from './cluster-policies.ts';
import type { IngressClasses } from './ingress-classes.ts';
import type { IngressFacts } from './ingress-facts.ts';
import { findObstacle } from './obstacles.ts';
import type { Obstacle } from './obstacles.ts';
import type { PolicyEntry, Reading } from './policies.ts';
import { routeOf } from './routes.ts';

/** Who speaks about an Ingress besides itself. */
export interface Speakers {
  readonly policies: readonly PolicyEntry[];
  readonly selectedBy: readonly ClusterPolicyEntry[];
  /** False: it counts as selected only because the labels of its namespace aren't known. */
  readonly certain: boolean;
}

/** What one Ingress comes to. */
export interface Standing {
  readonly facts: IngressFacts;
  readonly speakers: Speakers;
  readonly route: Route | undefined;
  readonly plan: IngressPlan | undefined;
}

export interface Judging extends Reading {
  readonly classes: IngressClasses;
  readonly bypassed: boolean;
}

type Outcome = Pick<IngressPlan, 'act' | 'began' | 'state' | 'reason' | 'policy' | 'signIn'>;

const unprotectField = fieldPath(['metadata', 'annotations', `${annotationPrefix}unprotect`]);

/** `namespace/name`; a ClusterAccessPolicy is in no namespace. */
export function policyName({ namespace, name }: Pick<Policy, 'namespace' | 'name'>): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function refuseUnprotect(facts: IngressFacts, text: string): boolean {
  facts.ingress.report.warn('UnprotectRefused', unprotectField, `has no effect ${text}`);
  return false;
}

/** A mistake beside a mark; and what the platform wants isn't for a namespace to end. */
function isLetGo(facts: IngressFacts, { selectedBy }: Speakers): boolean {
  const written = facts.annotations.get(`${annotationPrefix}unprotect`);
  if (written === undefined || written === 'false') return false;
  if (written !== 'true') return refuseUnprotect(facts, 'with this value: write "true", or remove it');
  if (facts.marks.marked) {
    return refuseUnprotect(facts, `beside ${annotationPrefix} annotations that protect: remove it, or them`);
  }
  const [first] = selectedBy;
  if (first === undefined) return true;
  return refuseUnprotect(facts, `while ClusterAccessPolicy ${first.name} selects the Ingress: remove it`);
}

/**
 * How protection will be said to have begun. A mark that is gone while a policy still points here must not let the
 * end of that policy open the Ingress: then it is `target` from now on.
 */
function beganOf({ marks, status, wired }: IngressFacts, { policies, certain }: Speakers): Began {
  if (marks.marked) return 'mark';
  if (policies.length > 0 || certain) return 'target';
  return wired ? (status?.began ?? 'target') : 'mark';
}

/** The outcome for an Ingress that has a route, as far as the route says. */
function outcomeOfRoute({ state }: Route, began: Began): Outcome {
  if (state.kind === 'broken') {
    return { act: 'Wire', began, state: 'Refusing', reason: state.reason, policy: undefined };
  }
  const policy = policyName(state.policy);
  const ways = waysIn(state.policy).signIn ? {} : { signIn: false as const };
  return { act: 'Wire', began, state: 'Enforced', reason: undefined, policy, ...ways };
}

/** The same where something is in the way. What is wired stays so where that closes it, whatever came later. */
function hindered(outcome: Outcome, { reason, wire, closed }: Obstacle, wired: boolean): Outcome {
  if (!wire && !(wired && closed)) return { ...outcome, act: 'Leave', state: 'Unprotected', reason };
  return closed ? outcome : { ...outcome, state: 'Unprotected', reason };
}

function gone(facts: IngressFacts): Route {
  const { ingress, routeId, hosts, paths } = facts;
  const fix = `add a policy or an annotation that protects it, or let it go (${annotationPrefix}unprotect: "true")`;
  ingress.report.error('PolicyGone', '', `the policy that protected it is gone, and it refuses: ${fix}`);
  return { id: routeId, ...ingress.ref, hosts, paths, state: { kind: 'broken', reason: 'PolicyGone' } };
}

const withdrawn: Outcome = {
  act: 'Withdraw',
  began: 'mark',
  state: 'Unprotected',
  reason: undefined,
  policy: undefined,
};

type Judged = { readonly route: Route | undefined; readonly outcome: Outcome | undefined };

const nothing: Judged = { route: undefined, outcome: undefined };

function letGo(facts: IngressFacts): Judged {
  const outcome = { ...withdrawn, began: facts.status?.began ?? 'target' };
  return facts.wired || facts.hasStatus ? { route: undefined, outcome } : nothing;
}

/** Nothing speaks about it any more: what is wired stays so, unless an act on the Ingress itself has ended it. */
function left(facts: IngressFacts, onPolicyGone: 'Refuse' | 'Open'): Judged {
  if (!facts.wired || facts.status?.began === 'mark' || onPolicyGone === 'Open') return letGo(facts);
  const route = gone(facts);
  const began = facts.status?.began ?? 'target';
  return { route, outcome: { act: 'Wire', began, state: 'Refusing', reason: 'PolicyGone', policy: undefined } };
}

function judge(facts: IngressFacts, speakers: Speakers, judging: Judging): Judged {
  if (facts.ours) return nothing;
  if (isLetGo(facts, speakers)) return letGo(facts);
  const { policies, selectedBy } = speakers;
  const held = policies.length > 0 || selectedBy.some(({ protects }) => protects);
  if (!facts.marks.marked && !held) return left(facts, judging.installation.onPolicyGone);
  const obstacle = findObstacle(facts, judging);
  const route = routeOf({ ingress: facts.ingress, marks: facts.marks, policies, selectedBy }, judging);
  const outcome = outcomeOfRoute(route, beganOf(facts, speakers));
  return { route, outcome: obstacle === undefined ? outcome : hindered(outcome, obstacle, facts.wired) };
}

const controllerField = fieldPath(['metadata', 'annotations', `${annotationPrefix}controller`]);

/** What the platform wants protected is not left by an annotation, nor by what keeps us from protecting it. */
function reportFloor(facts: IngressFacts, { selectedBy, certain }: Speakers, outcome: Outcome | undefined): void {
  const first = selectedBy.find(({ protects }) => protects);
  if (first === undefined || !certain || outcome === undefined || outcome.act === 'Withdraw') return;
  const { report } = facts.ingress;
  const selected = `ClusterAccessPolicy ${first.name} selects the Ingress`;
  if (facts.namesAnother) {
    const text = `has no effect while ${selected}: remove it, or let the policy not select it`;
    report.error('UnprotectRefused', controllerField, text);
  }
  if (outcome.state !== 'Unprotected') return;
  const text = `${selected}, and it is open: remove what keeps it from being protected, or let the policy not select it`;
  report.error('UnprotectRefused', '', text);
}

/** Break-glass: nothing is wired or mended. What is wired goes on being decided. */
function bypass(facts: IngressFacts, { route, outcome }: Judged): Judged {
  if (outcome === undefined) return nothing;
  const text = `the namespace has the label ${annotationPrefix}bypass: nothing is wired or mended until it is removed`;
  facts.ingress.report.warn('Bypassed', '', text);
  if (!facts.wired) return { route, outcome: { ...outcome, act: 'Leave', state: 'Unprotected', reason: 'Bypassed' } };
  if (outcome.act !== 'Withdraw') return { route, outcome: { ...outcome, act: 'Leave' } };
  return { route, outcome: { ...outcome, act: 'Leave', state: 'Refusing', reason: 'Bypassed' } };
}

/** What is going away is not written to. */
function leaveDeleted(facts: IngressFacts, judged: Judged): Judged {
  const { route, outcome } = judged;
  if (outcome === undefined || !facts.wired || outcome.act === 'Withdraw') return { route, outcome: undefined };
  return { route, outcome: { ...outcome, act: 'Leave' } };
}

export function standingOf(facts: IngressFacts, speakers: Speakers, judging: Judging): Standing {
  let judged = judge(facts, speakers, judging);
  if (!judging.bypassed && !facts.deleting) reportFloor(facts, speakers, judged.outcome);
  if (judging.bypassed) judged = bypass(facts, judged);
  if (facts.deleting) judged = leaveDeleted(facts, judged);
  const { route, outcome } = judged;
  const { namespace, name } = facts.ingress.ref;
  const { routeId, hosts, className } = facts;
  const plan = outcome && { namespace, name, routeId, hosts, className, ...outcome };
  return { facts, speakers, route, plan };
}
