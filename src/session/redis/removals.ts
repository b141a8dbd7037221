/** Sign-ins that ended here and that Redis holds still. */
export interface Removals {
  add(sid: string): void;
  has(sid: string): boolean;
  done(sid: string): void;
  all(): readonly string[];
}

const most = 100_000;

/** The oldest are forgotten first: those of which the other replicas heard otherwise long ago. */
export function createRemovals(): Removals {
  const sids = new Set<string>();
  return {
    add(sid) {
      sids.add(sid);
      for (const oldest of sids) {
        if (sids.size <= most) break;
        sids.delete(oldest);
      }
    },
    has: (sid) => sids.has(sid),
    done: (sid) => void sids.delete(sid),
    all: () => [...sids],
  };
}
