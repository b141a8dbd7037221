import { createBoundedCache } from '../bounded-cache.ts';
import { limits } from '../limits.ts';
import type { StateStore } from '../state-store.ts';
import type { Copies } from './copies.ts';
import { RedisFailure } from './failure.ts';
import type { Keys } from './keys.ts';
import type { Nodes } from './nodes.ts';
import type { Reader } from './reader.ts';
import type { Records, StateRecord } from './record.ts';
import type { Removals } from './removals.ts';
import type { Ask } from './settings.ts';

export interface WriterDeps {
  readonly ask: Ask;
  readonly nodes: Pick<Nodes, 'reachable'>;
  readonly keys: Keys;
  readonly records: Records;
  readonly copies: Copies;
  readonly reader: Reader;
  readonly removals: Removals;
  /** Seconds. */
  readonly now: () => number;
}

const seenEverySeconds = 60;

export function createWriter(deps: WriterDeps): Pick<StateStore, 'create' | 'update' | 'seen'> {
  const { ask, keys, copies, reader, removals } = deps;
  const noted = createBoundedCache<number>({ entries: limits.seenSids, bytes: Infinity });

  const sealed = (sid: string, pool: string, record: StateRecord): string => {
    const text = deps.records.seal(sid, pool, record);
    if (text === undefined) throw new RedisFailure('error', 'what Cognito says about this person is too much to keep');
    return text;
  };

  return {
    async create(sid, pool, state, until) {
      const seconds = Math.floor(until - deps.now());
      if (seconds <= 0) return;
      const text = sealed(sid, pool.id, { state, until });
      await ask('create', sid, ['SET', keys.record(sid), text, 'EX', String(seconds)]);
      reader.written(sid, pool.id);
    },
    async update(sid, pool, state) {
      if (removals.has(sid)) return false;
      const text = sealed(sid, pool.id, { state, until: copies.get(sid)?.until });
      // Only where it is there, and for as long as it was to be.
      const reply = await ask('update', sid, ['SET', keys.record(sid), text, 'XX', 'KEEPTTL']);
      reader.written(sid, pool.id);
      return reply !== null;
    },
    seen(sid, at) {
      const last = noted.get(sid) ?? 0;
      if (at - last < seenEverySeconds || removals.has(sid) || !deps.nodes.reachable) return;
      noted.set(sid, at, 0);
      const until = copies.get(sid)?.until ?? at + limits.endedSeconds;
      const seconds = Math.max(Math.ceil(until - at), 1);
      ask('seen', sid, ['SET', keys.seen(sid), String(at), 'EX', String(seconds)]).catch(() => undefined);
    },
  };
}
