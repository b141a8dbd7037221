/** How long changes are gathered, and how often we look without a hint; together well within a second. */
const settle = 100;
const lookEvery = 400;

export interface Regularly {
  /** Something may have changed: look soon. Many hints are one look. */
  hint(): void;
  close(): void;
}

/** Calls `check` again and again, never two at a time; `true` asks for another look soon. */
export function regularly(check: () => Promise<boolean>): Regularly {
  let timer: NodeJS.Timeout | undefined;
  let soon = false;
  let running = false;
  let closed = false;
  const schedule = (): void => {
    if (closed || running) return;
    clearTimeout(timer);
    timer = setTimeout(() => void run(), soon ? settle : lookEvery);
    timer.unref();
  };
  const run = async (): Promise<void> => {
    running = true;
    soon = false;
    if (await check()) soon = true;
    running = false;
    schedule();
  };
  schedule();
  return {
    hint() {
      // A timer that runs already is left alone: a file that is written without pause must not put us off for ever.
      if (soon) return;
      soon = true;
      schedule();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
