/** Milliseconds and timers, handed in so that a test can drive them. */
export interface Clock {
  milliseconds(): number;
  /** Gives back what calls it off. */
  after(milliseconds: number, run: () => void): () => void;
}

/** Its timers keep no process alive. */
export const systemClock: Clock = {
  milliseconds: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
