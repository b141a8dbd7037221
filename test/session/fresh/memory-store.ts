import type { TokenState } from '../../../src/model/session.ts';
import { StoreUnavailable, type StateStore } from '../../../src/session/state-store.ts';

/** A store for several replicas of a test, which can be away. */
export interface MemoryStore extends StateStore {
  readonly records: Map<string, TokenState>;
  readonly locked: Set<string>;
  away: boolean;
}

export function createMemoryStore(): MemoryStore {
  const records = new Map<string, TokenState>();
  const locked = new Set<string>();
  const here = (): void => {
    if (store.away) throw new StoreUnavailable('away');
  };
  const find = (sid: string) => {
    here();
    const state = records.get(sid);
    return state && { state, lastSeen: undefined };
  };
  const store: MemoryStore = {
    kind: 'redis',
    records,
    locked,
    away: false,
    load: find,
    loadNewest: async (sid) => find(sid),
    async create(sid, _pool, state) {
      here();
      records.set(sid, state);
    },
    async update(sid, _pool, state) {
      here();
      if (!records.has(sid)) return false;
      records.set(sid, state);
      return true;
    },
    async lock(sid) {
      here();
      if (locked.has(sid)) return undefined;
      locked.add(sid);
      return { release: async () => void locked.delete(sid) };
    },
    seen: () => undefined,
    async remove(sid) {
      records.delete(sid);
    },
    missing: () => undefined,
    close: async () => undefined,
  };
  return store;
}
