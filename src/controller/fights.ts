/** Over who has the last word on an Ingress. */
export interface Fights {
  /** Seconds until this object may be written again; 0: now. */
  wait(key: string, now: number): number;
  /** Whether the next rewrite makes it a fight, or it is one: time to learn who the other is. */
  brink(key: string, now: number): boolean;
  /** Takes note of a write; true where somebody had undone the one before. */
  wrote(key: string, wanted: string, now: number): boolean;
  contested(key: string, now: number): boolean;
  /** When the first of the fights is over, if nothing happens. */
  peace(): number;
  /** Drops what isn't there any more. */
  keepOnly(keys: ReadonlySet<string>): void;
}

interface Writes {
  wanted: string;
  rewrites: readonly number[];
  lastWrite: number;
  contested: boolean;
}

const window = 60;
const allowedRewrites = 3;
/** So long without having to write: the other gave up. */
const peace = 120;

/** More than 3 rewrites of one object in a minute: it is contested, and from then on written once a minute. */
export function createFights(): Fights {
  const all = new Map<string, Writes>();
  const look = (key: string, now: number): Writes | undefined => {
    const writes = all.get(key);
    if (writes?.contested === true && now - writes.lastWrite > peace) {
      writes.contested = false;
      writes.rewrites = [];
    }
    return writes;
  };
  return {
    wait: (key, now) => {
      const writes = look(key, now);
      return writes?.contested === true ? Math.max(0, writes.lastWrite + window - now) : 0;
    },
    brink: (key, now) => recent(look(key, now)?.rewrites ?? [], now).length >= allowedRewrites,
    wrote: (key, wanted, now) => {
      const writes = look(key, now);
      const undone = writes?.wanted === wanted;
      const rewrites = [...recent(writes?.rewrites ?? [], now), ...(undone ? [now] : [])];
      const contested = writes?.contested === true || rewrites.length > allowedRewrites;
      all.set(key, { wanted, rewrites, lastWrite: now, contested });
      return undone;
    },
    contested: (key, now) => look(key, now)?.contested === true,
    peace: () =>
      Math.min(...all.values().map((writes) => (writes.contested ? writes.lastWrite + peace + 1 : Infinity)), Infinity),
    keepOnly: (keys) => {
      for (const key of all.keys()) if (!keys.has(key)) all.delete(key);
    },
  };
}

function recent(times: readonly number[], now: number): readonly number[] {
  return times.filter((time) => now - time < window);
}
