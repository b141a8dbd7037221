import type { Finding } from '../model/finding.ts';
import type { RevocationReport } from '../model/plan.ts';
import { isRecord } from '../kubernetes/object.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { claim, conditionOf, conditions, timestamp } from './conditions.ts';
import type { Claim, Condition } from './conditions.ts';
import { told } from './target-claims.ts';

export interface RevocationStatus {
  readonly observedGeneration: number;
  readonly ends?: string;
  readonly before?: string;
  readonly keptUntil?: string;
  readonly conditions: readonly Condition[];
}

export interface RevocationInput {
  readonly report: RevocationReport;
  readonly object: KubeObject;
  /** About the object. */
  readonly findings: readonly Finding[];
  /** Every live replica decides by it. */
  readonly everywhere: boolean;
  readonly replicas: number;
  /** RFC 3339 */
  readonly now: string;
}

export function revocationStatus(input: RevocationInput): RevocationStatus {
  const { report, object, now } = input;
  const before = isRecord(object['status']) ? object['status'] : {};
  const generation = object.metadata.generation ?? 0;
  return {
    observedGeneration: generation,
    ...(report.ends !== undefined && { ends: report.ends }),
    ...(report.before !== undefined && { before: timestamp(report.before) }),
    ...(report.keptUntil !== undefined && { keptUntil: timestamp(report.keptUntil) }),
    conditions: conditions([inForce(input, before['conditions'])], before['conditions'], { generation, now }),
  };
}

function inForce(input: RevocationInput, before: unknown): Claim {
  const { report, object, findings, everywhere, replicas } = input;
  const first = findings.find(({ severity }) => severity === 'error');
  if (first !== undefined) return claim('InForce', false, first.reason, `it ends nothing: ${told(findings)}`);
  const said = alreadySaid(before, object);
  if (report.revocation === undefined || !(everywhere || said !== undefined))
    return claim('InForce', false, 'Pending', 'not every replica has read it yet');
  const warnings = told(findings);
  const text = said ?? `${String(replicas)} replica${replicas === 1 ? ' refuses' : 's refuse'} what it ends`;
  return claim('InForce', true, 'InForce', warnings === '' ? text : `${text}${but}${warnings}`);
}

const but = ', but: ';

/**
 * Once it is so it stays so: a replica that comes later is not ready before it has read it. How many there were then is
 * not written anew whenever there are others.
 */
function alreadySaid(before: unknown, { metadata }: KubeObject): string | undefined {
  const known = conditionOf(before, 'InForce');
  if (known?.['status'] !== 'True' || known['observedGeneration'] !== metadata.generation) return undefined;
  return typeof known['message'] === 'string' ? known['message'].split(but)[0] : undefined;
}
