import type { EndedEntries } from './controller/replica-state.ts';
import type { Heard } from './controller/replicas.ts';
import type { PoolId } from './model/pool.ts';
import type { Parts } from './source.ts';
import { coalesce } from './sources/coalesce.ts';

/** What this replica has ended and found out, for the others; and what they have, for this one. */
export interface Endings {
  /** The same list while nothing changes. */
  ended(): EndedEntries;
  rotating(): readonly PoolId[];
  heard(heard: Heard): void;
  close(): void;
}

/** The first is told at once; those of a flood are told together, in milliseconds. */
const pace = { quiet: 5, longest: 60 };
/** Nobody says when a pool was found to rotate; it is looked at this often, in milliseconds. */
const lookEvery = 1000;

export function followEndings({ ended, rotation }: Pick<Parts, 'ended' | 'rotation'>, onChange: () => void): Endings {
  let list: EndedEntries = [];
  let rotating: readonly PoolId[] = [];
  const soon = coalesce(() => {
    list = [...ended.entries()];
    onChange();
  }, pace);
  const look = (): void => {
    const found = [...rotation.rotating()].toSorted();
    if (found.join() === rotating.join()) return;
    rotating = found;
    onChange();
  };
  const timer = setInterval(look, lookEvery);
  ended.onEnd(soon.hint);
  return {
    ended: () => list,
    rotating: () => rotating,
    heard: ({ ended: entries, rotating: others, own }) => {
      if (entries.length > 0) (own ? ended.restore : ended.merge)(entries);
      // At once: what is published next replaces what was read here, and a kill after that would lose it.
      if (own) list = [...ended.entries()];
      const known = rotation.rotating();
      for (const pool of others) if (!known.has(pool)) rotation.noteRotating(pool);
    },
    close: () => {
      clearInterval(timer);
      soon.close();
    },
  };
}
