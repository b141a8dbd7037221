/** In milliseconds; however slow the act. */
const longestRest = 500;

/**
 * Calls `act` once for many hints: after `quiet` milliseconds without one, or `longest` after the first. `flush` doesn't
 * wait, where there was a hint. An act that takes longer than that is given as long a rest: whatever else the process does
 * (it answers requests) has half of the time, however many hints there are.
 */
export function coalesce(
  act: () => void,
  { quiet, longest }: { quiet: number; longest: number },
): { readonly hint: () => void; readonly flush: () => void; readonly close: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let first = 0;
  let restUntil = 0;
  let closed = false;
  const fire = (): void => {
    timer = undefined;
    if (closed) return;
    const began = performance.now();
    act();
    const ended = performance.now();
    restUntil = ended + Math.min(longestRest, ended - began);
  };
  return {
    hint: () => {
      if (closed) return;
      const now = performance.now();
      if (timer === undefined) first = now;
      clearTimeout(timer);
      timer = setTimeout(fire, Math.max(0, restUntil - now, Math.min(quiet, first + longest - now)));
    },
    flush: () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      fire();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
