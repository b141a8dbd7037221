import type { Pool } from '../../model/pool.ts';
import type { StateStore, StoredState } from '../state-store.ts';
import type { Copies, Copy } from './copies.ts';
import type { Proof } from './connection.ts';
import { failureOf, RedisFailure } from './failure.ts';
import type { Keys } from './keys.ts';
import type { Nodes } from './nodes.ts';
import type { Records } from './record.ts';
import type { Removals } from './removals.ts';
import type { Reports } from './reports.ts';
import type { RedisSettings, RedisStoreDeps } from './settings.ts';

export interface ReaderDeps {
  readonly nodes: Nodes;
  readonly keys: Keys;
  readonly copies: Copies;
  readonly records: Records;
  readonly removals: Removals;
  readonly reports: Reports;
  readonly settings: Pick<RedisSettings, 'unreachableFor'>;
  readonly deps: Pick<RedisStoreDeps, 'now' | 'observe'>;
}

export interface Reader extends Pick<StateStore, 'load' | 'loadNewest'> {
  /**
   * Another state was written. It is read at once where the sign-in is in use here: otherwise a Redis that goes away
   * before the next request would take with it a session that was known a moment ago.
   */
  changed(sid: string): void;
  /** A state was written by us: in use from now on. */
  written(sid: string, pool: string): void;
}

/** Reads sign-ins: from the local copy while that is known to be the newest, or while Redis doesn't answer. */
export function createReader(parts: ReaderDeps): Reader {
  const { nodes, copies, records, removals } = parts;
  const flights = new Map<string, Promise<StoredState | undefined>>();

  /** A copy that says something about this pool, and that the key ring would still open. */
  const usable = (sid: string, pool: Pool): Copy | undefined => {
    const copy = copies.get(sid);
    const isOurs = copy?.pool === pool.id && records.keyTag(copy.head) === copy.keyTag;
    return isOurs && (copy.until === undefined || copy.until > parts.deps.now()) ? copy : undefined;
  };

  const fetchOr = async (sid: string, pool: Pool): Promise<StoredState | undefined> => {
    try {
      const found = await fetch(parts, sid, pool.id);
      return found === 'unreadable' ? undefined : found;
    } catch (error) {
      const copy = usable(sid, pool);
      const lost = copy === undefined ? undefined : (copy.proof.lostAt ?? performance.now());
      if (
        copy === undefined ||
        lost === undefined ||
        !(performance.now() - lost < parts.settings.unreachableFor * 1000)
      ) {
        throw failureOf(error);
      }
      return copy.stored;
    }
  };

  const written = (sid: string, pool: string): void => {
    copies.changed(sid);
    if (!removals.has(sid)) fetch(parts, sid, pool).catch(() => undefined);
  };

  return {
    load(sid, pool) {
      if (removals.has(sid)) return undefined;
      const copy = usable(sid, pool);
      if (copy !== undefined && nodes.proven(sid, copy.proof) && !copies.outdated(sid)) return copy.stored;
      const key = `${pool.id} ${sid}`;
      const flight = flights.get(key) ?? fetchOr(sid, pool).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
    async loadNewest(sid, pool) {
      if (removals.has(sid)) return undefined;
      const found = await fetch(parts, sid, pool.id);
      // Sealed by a key that another replica has read already, maybe: what ends by this ends for everybody.
      if (found === 'unreadable') throw new RedisFailure('error', 'the record can not be read here');
      return found;
    },
    changed(sid) {
      const held = copies.get(sid);
      if (held !== undefined) written(sid, held.pool);
      else copies.changed(sid);
    },
    written,
  };
}

async function fetch(parts: ReaderDeps, sid: string, pool: string): Promise<StoredState | 'unreadable' | undefined> {
  const { nodes, keys, copies, removals, reports } = parts;
  const watch = copies.watch(sid);
  try {
    const [record, seen] = await Promise.all([
      nodes.send(sid, ['GET', keys.record(sid)]),
      nodes.send(sid, ['GET', keys.seen(sid)]),
    ]);
    const copy = read(parts, { sid, pool, text: record.reply, seen: seen.reply, proof: record.proof });
    if (!watch.changed && copy !== undefined) {
      copies.set(sid, copy);
    }
    if (removals.has(sid)) return undefined;
    return copy === undefined ? 'unreadable' : copy.stored;
  } catch (error) {
    throw reports.failed('load', failureOf(error));
  } finally {
    watch.end();
  }
}

/** Seconds between the clocks of two replicas, at most. The last request is not sealed: whoever has Redis can write it. */
const clocksApart = 300;

interface Replies {
  readonly sid: string;
  readonly pool: string;
  readonly text: unknown;
  readonly seen: unknown;
  readonly proof: Proof;
}

/** Undefined: a record that doesn't open. It may be one of another pool, or of a key that is read in a moment. */
function read({ records, reports, deps }: ReaderDeps, replies: Replies): Copy | undefined {
  const { sid, pool, text, proof } = replies;
  if (typeof text !== 'string') {
    deps.observe('load', 'none');
    return { pool, stored: undefined, until: undefined, head: '', keyTag: undefined, proof };
  }
  const opened = records.open(sid, pool, text);
  if (opened === undefined) {
    deps.observe('load', 'none');
    reports.unreadable();
    return undefined;
  }
  deps.observe('load', 'ok');
  const head = text.slice(0, text.indexOf('.') + 1);
  const seen = Number(replies.seen ?? 0);
  const isPast = seen > 0 && seen <= deps.now() + clocksApart;
  const stored = { state: opened.state, lastSeen: isPast ? seen : undefined };
  return { pool, stored, until: opened.until, head, keyTag: records.keyTag(head), proof };
}
