import { isIP } from 'node:net';

import type { Pool } from '../../model/pool.ts';
import type { TokenState } from '../../model/session.ts';
import { createBoundedCache } from '../bounded-cache.ts';
import { limits } from '../limits.ts';
import type { Sealer } from '../seal.ts';
import type { Lock, StateStore } from '../state-store.ts';
import { createClusterNodes } from './cluster-nodes.ts';
import type { Address, ConnectionSettings } from './connection.ts';
import { createCopies } from './copies.ts';
import { failureOf, RedisFailure, type FailureReason } from './failure.ts';
import { createKeys, type Keys } from './keys.ts';
import { createSingleNode, type Nodes, type NodesEvents } from './nodes.ts';
import { createReader } from './reader.ts';
import { createRecords } from './record.ts';
import { createRemovals } from './removals.ts';
import { createReports } from './reports.ts';

export type StoreOperation = 'load' | 'create' | 'update' | 'lock' | 'release' | 'seen' | 'remove';
export type StoreOutcome = 'ok' | 'none' | FailureReason;

export interface RedisSettings {
  readonly urls: readonly string[];
  readonly cluster: boolean;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly database: number;
  readonly keyPrefix: string;
  /** Seconds. */
  readonly unreachableFor: number;
}

export interface RedisStoreDeps {
  readonly sealer: Sealer;
  /** Seconds. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  readonly observe: (operation: StoreOperation, outcome: StoreOutcome) => void;
  /** Told when it changes. */
  readonly reachable: (reachable: boolean) => void;
}

const lockMs = 15_000;
const seenEverySeconds = 60;
const startMs = 1000;
const removeAgainMs = 5000;
/** Takes away the lock that is ours, and no other's. */
const release = "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0";

/** Opens whether or not Redis answers: a replica without it serves what needs no session. */
export async function openRedisStore(settings: RedisSettings, deps: RedisStoreDeps): Promise<StateStore> {
  const { now, observe } = deps;
  const keys = createKeys(settings.keyPrefix);
  const copies = createCopies();
  const removals = createRemovals();
  const records = createRecords(deps.sealer);
  const noted = createBoundedCache<number>({ entries: limits.seenSids, bytes: Infinity });
  const reports = createReports(deps, () => nodes.reachable);
  const started = Promise.withResolvers<undefined>();

  const nodes: Nodes = openNodes(settings, keys, {
    now: () => performance.now(),
    random: () => Buffer.from(deps.random(4)).readUInt32BE() / 0x1_0000_0000,
    changed(key) {
      if (key === undefined) return copies.clear();
      const about = keys.read(key);
      if (about?.kind === 'record') reader.changed(about.sid);
      else if (about !== undefined) copies.seenElsewhere(about.sid);
    },
    up() {
      reports.up();
      // Before anything else that is asked of the new connection.
      takeAllAway();
      if (nodes.reachable) started.resolve(undefined);
    },
    down: (reason) => reports.down(reason),
  });

  const ask = async (operation: StoreOperation, sid: string, args: readonly string[]): Promise<unknown> => {
    try {
      const { reply } = await nodes.send(sid, args);
      observe(operation, reply === null ? 'none' : 'ok');
      return reply;
    } catch (error) {
      throw reports.failed(operation, failureOf(error));
    }
  };

  const takeAway = async (sid: string): Promise<void> => {
    try {
      await Promise.all([ask('remove', sid, ['DEL', keys.record(sid)]), ask('remove', sid, ['DEL', keys.seen(sid)])]);
      removals.done(sid);
    } catch {
      // Remembered, and done as soon as Redis is back; or later, where it is there and did not want to.
      retry ??= setTimeout(takeAllAway, removeAgainMs).unref();
    }
  };
  let retry: NodeJS.Timeout | undefined;
  const takeAllAway = (): void => {
    clearTimeout(retry);
    retry = undefined;
    if (nodes.reachable || settings.cluster) for (const sid of removals.all()) void takeAway(sid);
  };

  const sealed = (sid: string, pool: Pool, state: TokenState, until: number | undefined): string => {
    const text = records.seal(sid, pool.id, { state, until });
    if (text === undefined) throw new RedisFailure('error', 'What Cognito says about this person is too much to keep');
    return text;
  };

  const reader = createReader({ nodes, keys, copies, records, removals, reports, settings, deps });

  const timer = setTimeout(() => started.resolve(undefined), startMs);
  await started.promise;
  clearTimeout(timer);

  return {
    kind: 'redis',
    load: reader.load,
    loadNewest: reader.loadNewest,
    async create(sid, pool, state, until) {
      const seconds = Math.floor(until - now());
      if (seconds <= 0) return;
      await ask('create', sid, ['SET', keys.record(sid), sealed(sid, pool, state, until), 'EX', String(seconds)]);
      reader.written(sid, pool.id);
    },
    async update(sid, pool, state) {
      if (removals.has(sid)) return false;
      const text = sealed(sid, pool, state, copies.get(sid)?.until);
      const reply = await ask('update', sid, ['SET', keys.record(sid), text, 'XX', 'KEEPTTL']);
      reader.written(sid, pool.id);
      return reply !== null;
    },
    async lock(sid): Promise<Lock | undefined> {
      const token = Buffer.from(deps.random(16)).toString('base64url');
      const reply = await ask('lock', sid, ['SET', keys.lock(sid), token, 'NX', 'PX', String(lockMs)]);
      return reply === null
        ? undefined
        : {
            async release() {
              await ask('release', sid, ['EVAL', release, '1', keys.lock(sid), token]).catch(() => undefined);
            },
          };
    },
    seen(sid, at) {
      const last = noted.get(sid) ?? 0;
      if (at - last < seenEverySeconds || removals.has(sid) || !nodes.reachable) return;
      noted.set(sid, at, 0);
      const until = copies.get(sid)?.until ?? at + limits.endedSeconds;
      const seconds = Math.max(Math.ceil(until - at), 1);
      void ask('seen', sid, ['SET', keys.seen(sid), String(at), 'EX', String(seconds)]).catch(() => undefined);
    },
    async remove(sid) {
      copies.changed(sid);
      removals.add(sid);
      await takeAway(sid);
    },
    missing: () => undefined,
    async close() {
      clearTimeout(retry);
      nodes.close();
    },
  };
}

function openNodes(settings: RedisSettings, keys: Keys, events: NodesEvents): Nodes {
  const urls = settings.urls.map((url) => new URL(url));
  const addresses = urls.map((url): Address => ({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
  }));
  const how: ConnectionSettings = {
    tls: urls.some((url) => url.protocol === 'rediss:'),
    // No name that a certificate could be asked for is an address (RFC 6066 3).
    serverName: addresses.map(({ host }) => host).find((host) => isIP(host) === 0),
    caFile: settings.caFile,
    username: settings.username,
    passwordFile: settings.passwordFile,
    database: settings.database,
    tracked: keys.tracked,
    onlyPrimary: false,
  };
  return settings.cluster ? createClusterNodes(addresses, how, events) : createSingleNode(addresses, how, events);
}
