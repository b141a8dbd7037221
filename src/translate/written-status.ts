import type { Began, IngressPlan } from '../model/plan.ts';
import { asJson } from './objects.ts';

/** What the controller wrote on the Ingress when it last wired it. */
export interface WrittenStatus {
  readonly began: Began;
  readonly state: IngressPlan['state'] | undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // SyntaxError: not what we wrote, and so no status.
    return undefined;
  }
}

/** Of the status annotation; undefined where it can't be read, which protects as long as one that says `target`. */
export function readStatus(text: string | undefined): WrittenStatus | undefined {
  if (text === undefined) return undefined;
  const { began, state } = asJson(parsed(text));
  if (began !== 'mark' && began !== 'target') return undefined;
  const known = state === 'Enforced' || state === 'Refusing' || state === 'Unprotected';
  return { began, state: known ? state : undefined };
}
