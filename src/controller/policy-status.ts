import type { Finding, ObjectRef } from '../model/finding.ts';
import type { PolicyReport, TargetReport } from '../model/plan.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { isRecord } from '../kubernetes/object.ts';
import { conditions } from './conditions.ts';
import type { Claim, Condition } from './conditions.ts';
import { targetClaims } from './target-claims.ts';
import type { TargetFacts } from './target-claims.ts';
import { wholeClaims } from './whole-claims.ts';

export interface TargetStatus {
  readonly ref: { readonly group: string; readonly kind: string; readonly namespace?: string; readonly name: string };
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

export interface PolicyStatus {
  readonly observedGeneration: number;
  readonly summary: { readonly targets: number; readonly pool: string };
  readonly conditions: readonly Condition[];
  readonly targets: readonly TargetStatus[];
}

export interface PolicyInput {
  readonly report: PolicyReport;
  readonly object: KubeObject;
  /** About the policy itself. */
  readonly findings: readonly Finding[];
  facts(target: ObjectRef): TargetFacts;
  readonly controllerName: string;
  /** RFC 3339 */
  readonly now: string;
}

/** More don't fit one object; those with trouble come first. */
const maxTargets = 64;

export function policyStatus(input: PolicyInput): PolicyStatus {
  const { report, object, findings, controllerName, now } = input;
  const before = isRecord(object['status']) ? object['status'] : {};
  const moment = { generation: object.metadata.generation ?? 0, now };
  const told = report.targets.map((target) => ({
    target,
    claims: targetClaims(target, input.facts(target.ref), findings),
  }));
  const shown = told.toSorted((a, b) => Number(isGood(a.claims)) - Number(isGood(b.claims))).slice(0, maxTargets);
  return {
    observedGeneration: moment.generation,
    summary: { targets: report.targets.length, pool: report.pools[0] ?? '' },
    conditions: conditions(wholeClaims(report, told, findings), before['conditions'], moment),
    targets: shown.map(({ target, claims }) => ({
      ref: targetRef(target, object),
      controllerName,
      conditions: conditions(claims, targetBefore(before['targets'], target), moment),
    })),
  };
}

function isGood(claims: readonly Claim[]): boolean {
  return claims.every(({ status }) => status === 'True');
}

function targetRef({ ref }: TargetReport, policy: KubeObject): TargetStatus['ref'] {
  const elsewhere = ref.namespace !== policy.metadata.namespace;
  const group = ref.kind === 'Ingress' ? 'networking.k8s.io' : '';
  return { group, kind: ref.kind, ...(elsewhere && { namespace: ref.namespace }), name: ref.name };
}

function targetBefore(list: unknown, { ref }: TargetReport): unknown {
  const entries = Array.isArray(list) ? list.filter(isRecord) : [];
  return entries.find(({ ref: old }) => {
    if (!isRecord(old)) return false;
    return (
      old['kind'] === ref.kind && old['name'] === ref.name && (old['namespace'] ?? ref.namespace) === ref.namespace
    );
  })?.['conditions'];
}
