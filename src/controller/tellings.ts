import type { Finding } from '../model/finding.ts';
import type { IngressPlan } from '../model/plan.ts';
import { isRecord } from '../kubernetes/object.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { statusAnnotation, statusAnnotationName } from '../planes/status-annotation.ts';
import type { Install } from '../planes/nginx-wiring.ts';
import type { Telling } from './events.ts';
import { planKey } from './round.ts';
import type { Round } from './round.ts';
import { told } from './target-claims.ts';
import { isWired } from './wanted-ingress.ts';
import { objectKey } from './world.ts';
import type { WrittenKind } from './world.ts';

/** Everything that is so at this moment and that people shall learn. */
export function tellings(round: Round, findings: readonly Finding[], install: Install): readonly Telling[] {
  const states = round.world.plans.flatMap((plan) => stateOf(plan, round, install) ?? []);
  // Why an Ingress refuses is told with that.
  const covered = new Set(
    states.filter(({ ready }) => ready).map(({ about, reason }) => `${about.metadata.uid} ${reason}`),
  );
  const others = findings
    .flatMap((finding) => findingTelling(finding, round) ?? [])
    .filter(({ about, reason }) => !covered.has(`${about.metadata.uid} ${reason}`));
  return [...states, ...others];
}

function stateOf(plan: IngressPlan, round: Round, install: Install): Telling | undefined {
  const about = round.ingresses.get(planKey(plan));
  if (about === undefined || plan.act === 'Withdraw' || round.world.bypassed.has(plan.namespace)) return undefined;
  const written = about.metadata.annotations?.[statusAnnotationName] === statusAnnotation(plan);
  const base = {
    about,
    written,
    action: 'Protect',
    ready: plan.act === 'Leave' || isWired(plan, about, install),
  };
  if (plan.state === 'Enforced') return { ...base, type: 'Normal', reason: 'Protected', note: protectedBy(plan) };
  const prefix = plan.state === 'Refusing' ? 'every request is refused' : 'not protected';
  return { ...base, type: 'Warning', reason: plan.reason ?? plan.state, note: `${prefix}: ${causeOf(plan, round)}` };
}

function protectedBy({ policy, namespace, name }: IngressPlan): string {
  if (policy === undefined) return 'protected';
  return policy === `${namespace}/ingress/${name}`
    ? 'protected as its own annotations say'
    : `protected by the policy ${policy}`;
}

/** The Ingress' own findings; else what its policy came to, and that policy's findings. */
export function causeOf(plan: IngressPlan, round: Round): string {
  const own = round.about(planKey(plan)).filter(({ severity }) => severity === 'error');
  if (own.length > 0) return told(own);
  for (const { ref, targets } of round.world.policies) {
    const target = targets.find((one) => one.ref.namespace === plan.namespace && one.ref.name === plan.name);
    if (target === undefined || (target.state !== 'Broken' && target.state !== 'Conflicted')) continue;
    const errors = round.about(objectKey(ref.kind, ref.namespace, ref.name)).filter((one) => one.severity === 'error');
    const text = errors.length > 0 ? told(errors) : target.message;
    return `${objectKey(ref.kind, ref.namespace, ref.name)}: ${text}`;
  }
  return plan.reason ?? 'no policy is in force';
}

const kinds: readonly string[] = [
  'Ingress',
  'AccessPolicy',
  'ClusterAccessPolicy',
  'CognitoPool',
  'SessionRevocation',
] satisfies WrittenKind[];

function isWritten(kind: string): kind is WrittenKind {
  return kinds.includes(kind);
}

function findingTelling(finding: Finding, round: Round): Telling | undefined {
  const { kind, namespace, name } = finding.object;
  const about = isWritten(kind) ? round.find(kind, namespace, name) : undefined;
  if (about === undefined) return undefined;
  const note = told([finding]);
  const written = kind === 'Ingress' ? saysState(about, round) : saysText(about, note);
  return { about, type: 'Warning', reason: finding.reason, action: 'Check', note, written, ready: true };
}

/** The Ingress carries the state of this very plan: whoever wrote that knew its findings. */
function saysState(ingress: KubeObject, round: Round): boolean {
  const plan = round.plans.get(objectKey('Ingress', ingress.metadata.namespace, ingress.metadata.name));
  return plan !== undefined && ingress.metadata.annotations?.[statusAnnotationName] === statusAnnotation(plan);
}

function saysText(object: KubeObject, note: string): boolean {
  const status = isRecord(object['status']) ? object['status'] : {};
  const list = Array.isArray(status['conditions']) ? status['conditions'].filter(isRecord) : [];
  return list.some(({ message }) => typeof message === 'string' && message.includes(note));
}
