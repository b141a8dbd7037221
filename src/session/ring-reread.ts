/** A flood of texts with made-up key ids is one reading of the ring in this time. */
const everyMs = 5000;

/** Asks for another reading of the key ring, at most every 5 seconds; `monotonic` in milliseconds. */
export function createRingReread(reread: () => void, monotonic: () => number): () => void {
  let last = -Infinity;
  return () => {
    const now = monotonic();
    if (now - last < everyMs) return;
    last = now;
    reread();
  };
}
