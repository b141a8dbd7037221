import type { KubeObject } from '../kubernetes/object.ts';

/** Who renews a Lease is alive. Judged by when *we* saw a renewal: clocks of other machines are not asked. */
export interface Liveness {
  observe(leases: readonly KubeObject[]): void;
  isAlive(name: string): boolean;
  /** Milliseconds since the last renewal was seen; since the first look at anything for a name that has no Lease. */
  silentFor(name: string): number;
}

/** `silence` and `now` in milliseconds. */
export function createLiveness({ silence, now }: { silence: number; now: () => number }): Liveness {
  const seen = new Map<string, { version: string; at: number }>();
  const since = now();
  const silentFor = (name: string): number => now() - (seen.get(name)?.at ?? since);
  return {
    observe: (leases) => {
      const present = new Set(leases.map(({ metadata }) => metadata.name));
      for (const name of seen.keys()) if (!present.has(name)) seen.delete(name);
      for (const { metadata } of leases) {
        if (seen.get(metadata.name)?.version === metadata.resourceVersion) continue;
        seen.set(metadata.name, { version: metadata.resourceVersion, at: now() });
      }
    },
    isAlive: (name) => seen.has(name) && silentFor(name) <= silence,
    silentFor,
  };
}
