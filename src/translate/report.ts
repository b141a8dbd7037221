import type { Finding, FindingReason, ObjectRef } from '../model/finding.ts';
import { check } from '../schema/check.ts';
import type { Checked, Schema } from '../schema/check.ts';

/** Findings about one object, in the order in which they were met. */
export interface Report {
  readonly findings: Finding[];
  error(reason: FindingReason, field: string, message: string): void;
  warn(reason: FindingReason, field: string, message: string): void;
  /** Reason of the first error. */
  broken(): FindingReason | undefined;
}

export function createReport(object: ObjectRef): Report {
  return new ObjectReport(object);
}

/** A class, as there is one for every object at every translation: thousands, perhaps. */
class ObjectReport implements Report {
  readonly findings: Finding[] = [];
  readonly #object: ObjectRef;

  constructor(object: ObjectRef) {
    this.#object = object;
  }

  error(reason: FindingReason, field: string, message: string): void {
    this.findings.push({ object: this.#object, severity: 'error', reason, field, message });
  }

  warn(reason: FindingReason, field: string, message: string): void {
    this.findings.push({ object: this.#object, severity: 'warning', reason, field, message });
  }

  broken(): FindingReason | undefined {
    return this.findings.find(({ severity }) => severity === 'error')?.reason;
  }
}

/** Objects of a snapshot are never edited, and mostly the same as in the last one: each is checked once. */
const known = new WeakMap<object, Map<unknown, Checked<unknown>>>();

function checkOnce<T>(schema: Schema<T>, value: unknown): Checked<T> {
  if (typeof value !== 'object' || value === null) return check(schema, value);
  const bySchema = known.get(value) ?? new Map<unknown, Checked<unknown>>();
  known.set(value, bySchema);
  const earlier = bySchema.get(schema);
  // The schema is part of the key, so that what is there is of its type.
  if (earlier !== undefined) return earlier as Checked<T>;
  const checked = check(schema, value);
  bySchema.set(schema, checked);
  return checked;
}

/** The parsed object; or undefined, with every mistake reported. */
export function parse<T>(
  schema: Schema<T>,
  value: unknown,
  report: Report,
  reason: FindingReason = 'Invalid',
): T | undefined {
  const checked = checkOnce(schema, value);
  if ('ok' in checked) return checked.ok;
  for (const problem of checked.problems) {
    report.error(problem.audience ? 'AudienceMissing' : reason, problem.field, problem.message);
  }
  return undefined;
}

function key(finding: Finding): string {
  const { object, reason, field, message, severity } = finding;
  return [object.kind, object.namespace, object.name, severity, reason, field, message].join('\0');
}

/** Sorted and each once: the order of objects must not show. */
export function ordered(findings: readonly Finding[]): readonly Finding[] {
  const byKey = new Map(findings.map((finding) => [key(finding), finding]));
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding);
}
