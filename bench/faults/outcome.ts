import type { Answer } from './load.ts';

/** What a fault came to; times in milliseconds. */
export interface Outcome {
  readonly requests: number;
  readonly wronglyRefused: number;
  readonly wronglyLetThrough: number;
  readonly longestStall: number;
  /** From the end of the fault to the last answer that was wrong; 0 where none came after it. */
  readonly recovery: number;
  /** How often each status came where another was due. */
  readonly statuses: ReadonlyMap<number, number>;
}

export function outcomeOf(answers: readonly Answer[], faultEnded: number): Outcome {
  const isAllowed = ({ status }: Answer): boolean => status >= 200 && status < 300;
  const wrong = answers.filter((one) => isAllowed(one) !== (one.expected === 'allowed'));
  const refused = wrong.filter(({ expected }) => expected === 'allowed');
  const statuses = new Map<number, number>();
  for (const { status } of refused) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  return {
    requests: answers.length,
    wronglyRefused: refused.length,
    wronglyLetThrough: wrong.length - refused.length,
    longestStall: answers.reduce((longest, { ms }) => Math.max(longest, ms), 0),
    recovery: refused.reduce((last, { at, ms }) => Math.max(last, at + ms - faultEnded), 0),
    statuses,
  };
}
