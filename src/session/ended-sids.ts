/** Sign-ins that were ended before their time. */
export interface EndedSids {
  /** `until` in seconds: when every session of the sid has ended by itself. */
  end(sid: string, until: number): void;
  has(sid: string): boolean;
  readonly size: number;
}

/** Kept in this process and forgotten at their time; only holders of a sealed session can end a sid. */
export function createEndedSids(now: () => number): EndedSids {
  const untils = new Map<string, number>();
  let nextSweep = 0;
  const sweep = (at: number): void => {
    if (at < nextSweep) {
      return;
    }
    nextSweep = at + 60;
    for (const [sid, until] of untils) {
      if (until <= at) {
        untils.delete(sid);
      }
    }
  };
  return {
    end(sid, until) {
      sweep(now());
      untils.set(sid, Math.max(until, untils.get(sid) ?? 0));
    },
    has: (sid) => (untils.get(sid) ?? 0) > now(),
    get size() {
      return untils.size;
    },
  };
}
