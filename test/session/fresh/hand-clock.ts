import type { Clock } from '../../../src/session/clock.ts';

/** A clock that stands still until a test moves it; timers run in their order. */
export interface HandClock extends Clock {
  /** Seconds since the epoch. */
  now(): number;
  /** Moves on and lets everything run that is due, promises included. */
  advance(milliseconds: number): Promise<void>;
}

export function createHandClock(startSeconds: number): HandClock {
  let at = startSeconds * 1000;
  const timers = new Set<{ readonly due: number; readonly run: () => void }>();
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 30; round += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const nextDue = (end: number) =>
    [...timers].filter(({ due }) => due <= end).toSorted((one, other) => one.due - other.due)[0];
  return {
    milliseconds: () => at,
    now: () => Math.floor(at / 1000),
    after(milliseconds, run) {
      const timer = { due: at + milliseconds, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(milliseconds) {
      const end = at + milliseconds;
      await settle();
      for (let timer = nextDue(end); timer !== undefined; timer = nextDue(end)) {
        timers.delete(timer);
        at = Math.max(at, timer.due);
        timer.run();
        await settle();
      }
      at = end;
      await settle();
    },
  };
}
