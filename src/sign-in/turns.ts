/** How many of something costly are under way at once, and how many may wait for it. */
export interface Turns {
  /** `busy`: too many wait already; the work was not begun. In the order in which they came. */
  run<T>(work: () => Promise<T>): Promise<T | 'busy'>;
}

export function createTurns(bounds: { readonly atOnce: number; readonly waiting: number }): Turns {
  const queue: (() => void)[] = [];
  let running = 0;
  const turn = (): Promise<void> | undefined => {
    if (running < bounds.atOnce) {
      running += 1;
      return undefined;
    }
    return new Promise((resolve) => queue.push(resolve));
  };
  const done = (): void => {
    const next = queue.shift();
    if (next === undefined) {
      running -= 1;
    } else {
      // The turn is handed on: nobody who comes meanwhile can take it.
      next();
    }
  };
  return {
    async run(work) {
      if (running >= bounds.atOnce && queue.length >= bounds.waiting) {
        return 'busy';
      }
      await turn();
      try {
        return await work();
      } finally {
        done();
      }
    },
  };
}
