import type { Finding, FindingReason } from '../model/finding.ts';
import type { IngressPlan, TargetReport } from '../model/plan.ts';
import { claim } from './conditions.ts';
import type { Claim } from './conditions.ts';

/** What is known of the Ingress that a policy points at. */
export interface TargetFacts {
  readonly plan: IngressPlan | undefined;
  /** Our annotations stand on it. */
  readonly wired: boolean;
  /** The sign-in paths of its hosts lead to us, or the operator takes care of that. */
  readonly routed: boolean;
  readonly bypassed: boolean;
  /** What keeps it from being wired or decided. */
  readonly trouble: Finding | undefined;
  /** Every replica decides by this policy. */
  readonly everywhere: boolean;
  readonly replicas: number;
}

const refReasons: ReadonlySet<FindingReason> = new Set([
  'PoolNotFound',
  'RefNotPermitted',
  'PoolInvalid',
  'SecretNotFound',
]);

export function isAboutRefs({ reason }: Finding): boolean {
  return refReasons.has(reason);
}

/** Field and fix of every finding, the errors first. */
export function told(findings: readonly Finding[]): string {
  const inOrder = findings.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
  return inOrder.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ');
}

export function targetClaims(target: TargetReport, facts: TargetFacts, findings: readonly Finding[]): Claim[] {
  const accepted = acceptedClaim(target, findings, facts.trouble);
  const refs = refsClaim(findings);
  if (accepted.status !== 'True') return [accepted, refs, refusedClaim(accepted, facts)];
  const programmed = programmedClaim(target, facts);
  return [accepted, refs, programmed, protectedClaim(target, facts, programmed)];
}

export function refsClaim(findings: readonly Finding[]): Claim {
  const broken = findings.filter((finding) => finding.severity === 'error' && isAboutRefs(finding));
  const first = broken[0];
  if (first !== undefined) return claim('ResolvedRefs', false, first.reason, told(broken));
  return claim('ResolvedRefs', true, 'ResolvedRefs', 'every pool and Secret that it needs is there');
}

function nameOf({ ref }: TargetReport): string {
  return `${ref.kind} ${ref.namespace}/${ref.name}`;
}

function acceptedClaim(target: TargetReport, findings: readonly Finding[], trouble: Finding | undefined): Claim {
  const { state, reason, message } = target;
  if (state === 'Conflicted') return claim('Accepted', false, 'Conflicted', message);
  if (state === 'NotFound') return claim('Accepted', false, 'TargetNotFound', message);
  if (state !== 'Broken') return claim('Accepted', true, 'Accepted', `${nameOf(target)} is a target of this policy`);
  const errors = told(findings.filter(({ severity }) => severity === 'error'));
  const about = trouble === undefined ? message : `${nameOf(target)}: ${told([trouble])}`;
  return claim('Accepted', false, reason ?? 'Invalid', errors === '' ? about : errors);
}

function programmedClaim(target: TargetReport, facts: TargetFacts): Claim {
  const no = (reason: string, message: string): Claim => claim('Programmed', false, reason, message);
  if (target.state === 'Overridden') return no('Overridden', target.message);
  if (target.state === 'Audited') return audited(facts);
  if (facts.bypassed) return no('Bypassed', `namespace ${target.ref.namespace} has the bypass label: nothing is wired`);
  const trouble = troubleOf(target, facts);
  if (trouble !== undefined) return no(...trouble);
  if (!facts.wired) return no('Reconciling', `${nameOf(target)} is not wired yet`);
  if (!facts.routed) return no('Reconciling', `the sign-in paths of ${nameOf(target)} do not lead to us yet`);
  if (!facts.everywhere) return no('Reconciling', onReplicas(facts));
  return claim(
    'Programmed',
    true,
    'Programmed',
    `${nameOf(target)} is wired, and every replica decides by this policy; the proxy may take some seconds more to load it`,
  );
}

function troubleOf(
  target: TargetReport,
  { plan, trouble }: TargetFacts,
): readonly [reason: string, message: string] | undefined {
  const message = trouble?.message ?? target.message;
  if (plan?.state === 'Unprotected') return [plan.reason ?? 'PlaneUnsupported', message];
  return trouble === undefined ? undefined : [trouble.reason, message];
}

function audited(facts: TargetFacts): Claim {
  if (!facts.everywhere) return claim('Programmed', false, 'Reconciling', onReplicas(facts));
  return claim(
    'Programmed',
    true,
    'Programmed',
    'judged beside what is in force, on every replica; it decides nothing',
  );
}

function onReplicas({ replicas }: TargetFacts): string {
  return `not every replica of ${String(replicas)} decides by this policy yet`;
}

function protectedClaim(target: TargetReport, { plan }: TargetFacts, programmed: Claim): Claim {
  if (target.state === 'Audited')
    return claim('Protected', false, 'AuditOnly', 'mode: Audit decides nothing; mode: Enforce protects');
  if (programmed.status !== 'True') return { ...programmed, type: 'Protected' };
  if (plan?.state === 'Refusing') return claim('Protected', false, plan.reason ?? 'Refusing', refuses);
  return claim('Protected', true, 'Protected', `this policy decides every request to ${nameOf(target)}`);
}

const refuses = 'every request is refused until this is mended';

/** Not protected as the policy says; whether it is closed meanwhile is what people want to know next. */
function refusedClaim({ reason, message }: Claim, { plan, wired }: TargetFacts): Claim {
  const closed = plan?.state === 'Refusing' && wired;
  return claim('Protected', false, reason, closed ? `${message}; ${refuses}` : message);
}
