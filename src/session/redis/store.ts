import { isIP } from 'node:net';

import type { StateStore } from '../state-store.ts';
import { createClusterNodes } from './cluster-nodes.ts';
import type { Address, ConnectionSettings } from './client.ts';
import { createCopies } from './copies.ts';
import { failureOf } from './failure.ts';
import { createKeys, type Keys } from './keys.ts';
import { createLocks } from './locks.ts';
import { createSingleNode, type Nodes, type NodesEvents } from './nodes.ts';
import { createReader } from './reader.ts';
import { createRecords } from './record.ts';
import { createRemovals } from './removals.ts';
import { createReports } from './reports.ts';
import type { Ask, RedisSettings, RedisStoreDeps } from './settings.ts';
import { createWriter } from './writer.ts';

/** For a first connection; without one it opens all the same. */
const startMs = 1000;

/** Opens whether or not Redis answers: a replica without it serves what needs no session. */
export async function openRedisStore(settings: RedisSettings, deps: RedisStoreDeps): Promise<StateStore> {
  const { now, random } = deps;
  const keys = createKeys(settings.keyPrefix);
  const copies = createCopies();
  const records = createRecords(deps.sealer);
  const reports = createReports(deps, () => nodes.reachable);
  const started = Promise.withResolvers<undefined>();
  const ask: Ask = async (operation, sid, args) => {
    try {
      const { reply } = await nodes.send(sid, args);
      deps.observe(operation, reply === null ? 'none' : 'ok');
      return reply;
    } catch (error) {
      throw reports.failed(operation, failureOf(error));
    }
  };
  const removals = createRemovals(ask, keys);
  const nodes: Nodes = openNodes(settings, keys, {
    now: () => performance.now(),
    random: () => Buffer.from(random(4)).readUInt32BE() / 0x1_0000_0000,
    changed(key) {
      if (key === undefined) return copies.clear();
      const about = keys.read(key);
      if (about?.kind === 'record') reader.changed(about.sid);
      else if (about !== undefined) copies.seenElsewhere(about.sid);
    },
    up() {
      reports.up();
      // Before anything else that is asked of the new connection.
      removals.tryAll();
      if (nodes.reachable) started.resolve(undefined);
    },
    down: (failure) => reports.down(failure),
  });
  const reader = createReader({ nodes, keys, copies, records, removals, reports, settings, deps });
  const writer = createWriter({ ask, nodes, keys, records, copies, reader, removals, now });

  const timer = setTimeout(() => started.resolve(undefined), startMs);
  await started.promise;
  clearTimeout(timer);
  return {
    kind: 'redis',
    load: reader.load,
    loadNewest: reader.loadNewest,
    ...writer,
    lock: createLocks(ask, keys, random),
    async remove(sid) {
      copies.changed(sid);
      await removals.remove(sid);
    },
    missing: () => undefined,
    async close() {
      removals.stop();
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
    // An address is no name that a certificate could be asked for (RFC 6066, 3).
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
