import { tellingKey } from './events.ts';
import type { Telling } from './events.ts';

/** What was told already: one event for a change, not one for a loop. */
export interface Told {
  /** What is to be told now, with how many times it came back. At the start of a term, what stands written counts as told. */
  due(tellings: readonly Telling[], termStarts: boolean): readonly (readonly [Telling, number])[];
  told(telling: Telling): void;
}

/** What was true, isn't any more, and may come back. */
const remembered = 2_000;

export function createTold(): Told {
  const standing = new Set<string>();
  const gone = new Map<string, number>();
  const forget = (present: ReadonlySet<string>): void => {
    for (const key of standing) {
      if (present.has(key)) continue;
      standing.delete(key);
      gone.set(key, (gone.get(key) ?? 0) + 1);
      const [oldest] = gone.keys();
      if (gone.size > remembered && oldest !== undefined) gone.delete(oldest);
    }
  };
  return {
    due: (tellings, termStarts) => {
      forget(new Set(tellings.map(tellingKey)));
      const due = new Map<string, readonly [Telling, number]>();
      for (const telling of tellings) {
        const key = tellingKey(telling);
        if (termStarts && telling.written) standing.add(key);
        if (telling.ready && !standing.has(key)) due.set(key, [telling, gone.get(key) ?? 0]);
      }
      return [...due.values()];
    },
    told: (telling) => void standing.add(tellingKey(telling)),
  };
}
