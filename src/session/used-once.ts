import { limits } from './limits.ts';

/** Grants and attempts that have been used. */
export interface UsedOnce {
  /** True the first time. `until` in seconds: from then on the thing itself has expired. */
  use(id: string, until: number): boolean;
  readonly size: number;
}

/**
 * In this process. Full (200,000 within their few minutes) means refused: better a "continue" page than a replay. With
 * `forgetOldest` the oldest makes room: for what anybody can use up without being somebody, or a flood of it would
 * keep everybody out.
 */
export function createUsedOnce(
  now: () => number,
  max: number = limits.usedOnce,
  whenFull: 'refuse' | 'forgetOldest' = 'refuse',
): UsedOnce {
  const untils = new Map<string, number>();
  let nextSweep = 0;
  const sweep = (at: number): void => {
    if (at < nextSweep && (untils.size < max || whenFull === 'forgetOldest')) {
      return;
    }
    nextSweep = at + 10;
    for (const [id, until] of untils) {
      if (until <= at) {
        untils.delete(id);
      }
    }
  };
  return {
    use(id, until) {
      const at = now();
      sweep(at);
      if (until <= at || (untils.get(id) ?? 0) > at) {
        return false;
      }
      if (untils.size >= max) {
        const [oldest] = untils.keys();
        if (whenFull === 'refuse' || oldest === undefined) {
          return false;
        }
        untils.delete(oldest);
      }
      untils.set(id, until);
      return true;
    },
    get size() {
      return untils.size;
    },
  };
}
