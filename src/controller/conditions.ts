import { isRecord } from '../kubernetes/object.ts';

/** metav1.Condition */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

/** A condition before it is known since when it holds. */
export type Claim = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export interface Moment {
  readonly generation: number;
  /** RFC 3339 */
  readonly now: string;
}

const longest = 2_000;

export function claim(type: string, status: boolean | 'Unknown', reason: string, message: string): Claim {
  const text = message.length > longest ? `${message.slice(0, longest - 1)}…` : message;
  return { type, status: status === 'Unknown' ? status : status ? 'True' : 'False', reason, message: text };
}

/** A condition that says the same as before keeps the time since when it says so. */
export function conditions(claims: readonly Claim[], before: unknown, moment: Moment): Condition[] {
  return claims.map(({ type, status, reason, message }) => ({
    type,
    status,
    observedGeneration: moment.generation,
    lastTransitionTime: since(type, status, before) ?? moment.now,
    reason,
    message,
  }));
}

function since(type: string, status: string, before: unknown): string | undefined {
  const old = conditionOf(before, type);
  return old?.['status'] === status && typeof old['lastTransitionTime'] === 'string'
    ? old['lastTransitionTime']
    : undefined;
}

/** One condition of a list as it was read; nothing is relied on. */
export function conditionOf(list: unknown, type: string): Readonly<Record<string, unknown>> | undefined {
  return Array.isArray(list) ? list.filter(isRecord).find((entry) => entry['type'] === type) : undefined;
}

/** RFC 3339 with whole seconds, as metav1.Time has it. */
export function timestamp(seconds: number): string {
  return new Date(Math.floor(seconds) * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
}
