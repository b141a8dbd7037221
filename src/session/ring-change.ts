import type { Secret } from '../model/secret.ts';
import { newKeyEntry, parseKeyRing, type KeyRing } from './key-ring.ts';

/** What rotation does to a ring next; undefined where there is nothing to do. */
export interface RingChange {
  /** Id and content of a new key. */
  readonly add: readonly [id: string, content: string] | undefined;
  readonly remove: readonly string[];
}

export interface RotationTimes {
  /** Age of the newest key at which the next one is made, in seconds. */
  readonly every: number;
  /** How long a key opens after it stopped sealing. */
  readonly keep: number;
}

/** Throws the Error of `parseKeyRing` where the ring can't be read: it is not touched then. */
export function ringChange(
  entries: ReadonlyMap<string, Secret>,
  { every, keep }: RotationTimes,
  { now, random }: { readonly now: number; readonly random: (bytes: number) => Uint8Array },
): RingChange | undefined {
  const ring = parseKeyRing(entries);
  const newest = ring.keys.at(-1);
  const isDue = newest !== undefined && now >= newest.createdAt + every;
  const id = idAt(now);
  const add = isDue && ring.key(id) === undefined ? ([id, newKeyEntry(id, now, random)] as const) : undefined;
  const remove = over(ring, now - keep);
  return add === undefined && remove.length === 0 ? undefined : { add, remove };
}

/** Keys that stopped sealing before that time: the next one had begun by then, which the newest never has. */
function over({ keys }: KeyRing, before: number): readonly string[] {
  return keys.filter((_, index) => (keys[index + 1]?.sealFrom ?? Infinity) <= before).map(({ id }) => id);
}

/** The time, to the second: no id is ever used again, whatever was removed meanwhile. */
function idAt(now: number): string {
  return `k${new Date(now * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}`;
}
