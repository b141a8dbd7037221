import type { Finding } from '../model/finding.ts';
import type { PolicyReport, TargetReport } from '../model/plan.ts';
import { claim } from './conditions.ts';
import type { Claim } from './conditions.ts';
import { isAboutRefs, refsClaim, told } from './target-claims.ts';

interface Told {
  readonly target: TargetReport;
  readonly claims: readonly Claim[];
}

/** Conditions of a policy as a whole, which printer columns show: True where they are for every target. */
export function wholeClaims(report: PolicyReport, targets: readonly Told[], findings: readonly Finding[]): Claim[] {
  const accepted = acceptedClaim(targets, findings);
  const refs = refsClaim(findings);
  if (targets.length === 0) return [accepted, refs, ...withoutTargets(report, accepted)];
  const programmed = summed('Programmed', targets);
  const isProtected = summed('Protected', targets);
  return [accepted, refs, ...[programmed, isProtected].filter((one) => one !== undefined)];
}

function acceptedClaim(targets: readonly Told[], findings: readonly Finding[]): Claim {
  const errors = findings.filter((finding) => finding.severity === 'error' && !isAboutRefs(finding));
  const first = errors[0];
  if (first !== undefined) return claim('Accepted', false, first.reason, told(findings));
  const trouble = summed('Accepted', targets);
  if (trouble?.status === 'False') return trouble;
  const warnings = told(findings);
  return claim('Accepted', true, 'Accepted', warnings === '' ? 'the policy is in force' : `in force, but: ${warnings}`);
}

function withoutTargets({ ref }: PolicyReport, accepted: Claim): Claim[] {
  const named = 'nothing is protected by it: name an Ingress in spec.targetRefs';
  const message =
    ref.kind === 'AccessPolicy' ? `${named}, or write cognito-gate.dev/policy: ${ref.name} on one` : noIngress;
  const isProtected = claim('Protected', false, 'NoTargets', message);
  if (accepted.status !== 'True') return [{ ...accepted, type: 'Protected' }];
  return [claim('Programmed', false, 'NoTargets', message), isProtected];
}

const noIngress = 'no Ingress is selected by spec.selector';

/** Undefined where no target has the condition. */
function summed(type: string, targets: readonly Told[]): Claim | undefined {
  const all = targets.map(({ claims }) => claims.find((one) => one.type === type));
  const known = all.filter((one) => one !== undefined);
  const [first] = known;
  if (first === undefined || targets.length === 1) return first;
  const count = String(targets.length);
  const good = known.filter(({ status }) => status === 'True').length;
  if (good === targets.length) return { ...first, message: `${type} for all ${count} targets` };
  const { reason, message } = known.find(({ status }) => status !== 'True') ?? notAccepted;
  const partly = type === 'Programmed' && good > 0;
  return claim(
    type,
    false,
    partly ? 'PartiallyProgrammed' : reason,
    `${message} (${String(good)} of ${count} targets are well)`,
  );
}

const notAccepted = { reason: 'PartiallyProgrammed', message: 'a target is not accepted' };
