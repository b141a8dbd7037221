import { createBoundedCache } from '../bounded-cache.ts';
import type { StoredState } from '../state-store.ts';
import type { Proof } from './connection.ts';

/** What this replica read about a sign-in. */
export interface Copy {
  readonly pool: string;
  /** Undefined: there was none. */
  readonly stored: StoredState | undefined;
  readonly until: number | undefined;
  /** The start of the sealed text, and the key that opened it: without that key it wouldn't open any more. */
  readonly head: string;
  readonly keyTag: string | undefined;
  readonly proof: Proof;
}

/**
 * Local copies, forgotten when Redis tells that the record changed. Another request somewhere (`seen`) only makes a
 * copy worth reading again, so that idleness is judged by all replicas' requests.
 */
export interface Copies {
  get(sid: string): Copy | undefined;
  /** Whether only the last request is older than what Redis knows. */
  outdated(sid: string): boolean;
  set(sid: string, copy: Copy): void;
  changed(sid: string): void;
  seenElsewhere(sid: string): void;
  clear(): void;
  /** Notes whether something is told about the sid until `end`: what is read meanwhile may be older already. */
  watch(sid: string): { readonly changed: boolean; end(): void };
  readonly size: number;
}

interface Watch {
  changed: boolean;
}

const bounds = { entries: 50_000, bytes: 64 * 1_048_576 };
/** Bytes, a little above what was measured: 3.4 kB with a refresh token of Cognito's size, and 83 for each group. */
const sizes = { copy: 500, state: 3500, name: 100 } as const;

export function createCopies(): Copies {
  let copies = createBoundedCache<{ copy: Copy; outdated: boolean }>(bounds);
  const watches = new Map<string, Set<Watch>>();
  const note = (sid: string): void => {
    for (const watch of watches.get(sid) ?? []) watch.changed = true;
  };
  return {
    get: (sid) => copies.get(sid)?.copy,
    outdated: (sid) => copies.get(sid)?.outdated === true,
    set(sid, copy) {
      copies.set(sid, { copy, outdated: false }, sizeOf(copy));
    },
    changed(sid) {
      copies.delete(sid);
      note(sid);
    },
    seenElsewhere(sid) {
      const held = copies.get(sid);
      if (held !== undefined) held.outdated = true;
    },
    clear() {
      copies = createBoundedCache(bounds);
      for (const sid of watches.keys()) note(sid);
    },
    watch(sid) {
      const watch: Watch = { changed: false };
      const all = watches.get(sid) ?? new Set<Watch>();
      watches.set(sid, all.add(watch));
      return {
        get changed() {
          return watch.changed;
        },
        end() {
          all.delete(watch);
          if (all.size === 0 && watches.get(sid) === all) watches.delete(sid);
        },
      };
    },
    get size() {
      return copies.size;
    },
  };
}

function sizeOf({ stored }: Copy): number {
  if (stored === undefined) return sizes.copy;
  const { groups, claims } = stored.state.identity;
  const claimed = [...claims.values()].reduce((sum, values) => sum + 1 + values.length, 0);
  const names = groups.names.size + (groups.judged?.size ?? 0) + claimed;
  return sizes.copy + sizes.state + names * sizes.name;
}
