/** Work that lets others go first. */
export interface Turns {
  /** Undefined: too much waits already. */
  take<T>(work: () => Promise<T>): Promise<T> | undefined;
}

/**
 * One piece of work in each turn of the event loop, with whatever came in at the other ports between two of them:
 * decisions and sign-ins share one loop, and a flood of sign-ins would be worked off in one go otherwise.
 */
export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let next = 0;
  let scheduled = false;
  const turn = (): void => {
    waiting[next]?.();
    next += 1;
    if (next === most) {
      waiting.splice(0, next);
      next = 0;
    }
    if (next < waiting.length) {
      setImmediate(turn);
      return;
    }
    scheduled = false;
    waiting.length = 0;
    next = 0;
  };
  return {
    take(work) {
      if (waiting.length - next >= most) return undefined;
      return new Promise((resolve, reject) => {
        waiting.push(() => void work().then(resolve, reject));
        if (scheduled) return;
        scheduled = true;
        setImmediate(turn);
      });
    },
  };
}
