/** Calls `act` once for many hints: after `quiet` milliseconds without one, or `longest` after the first. */
export function coalesce(
  act: () => void,
  { quiet, longest }: { quiet: number; longest: number },
): { readonly hint: () => void; readonly close: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let first = 0;
  let closed = false;
  const fire = (): void => {
    timer = undefined;
    if (!closed) act();
  };
  return {
    hint: () => {
      if (closed) return;
      const now = performance.now();
      if (timer === undefined) first = now;
      clearTimeout(timer);
      timer = setTimeout(fire, Math.max(0, Math.min(quiet, first + longest - now)));
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
