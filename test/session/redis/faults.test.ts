import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RedisSettings } from '../../../src/session/redis/settings.ts';
import { StoreUnavailable } from '../../../src/session/state-store.ts';
import { startRedis, type Redis } from '../../support/redis.ts';
import { freePort, listenOn } from '../../support/ports.ts';
import { until } from '../../support/until.ts';
import { answers, inAnHour, knownSid, newSid, openReplica, pool, stateWith, type ReplicaStore } from './replica.ts';

describe('faults of Redis', () => {
  let redis: Redis;
  let replicas: ReplicaStore[] = [];
  const open = async (settings: Partial<RedisSettings> = {}): Promise<ReplicaStore> => {
    const replica = await openReplica({ urls: [redis.url], ...settings });
    replicas.push(replica);
    return replica;
  };
  before(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await Promise.all(replicas.map(async (replica) => await replica.close()));
    replicas = [];
  });
  after(async () => await redis.close());

  it('S10: paused: known sessions go on, unknown ones are refused with the reason, and all comes back', async () => {
    const store = await open();
    const other = await open();
    const [known, unknown] = [await knownSid(store), await knownSid(other)];
    redis.pause();
    await until(async () => store.reachable.at(-1) === false, 'the loss is noticed');
    assert.equal(await store.groups(known), 'staff');
    await assert.rejects(async () => await store.groups(unknown), StoreUnavailable);
    await assert.rejects(store.update(known, pool, stateWith('staff')), StoreUnavailable);
    await assert.rejects(store.create(newSid(), pool, stateWith('staff'), inAnHour()), StoreUnavailable);
    await assert.rejects(store.lock(known), StoreUnavailable);
    store.seen(known, 1);
    assert.equal(store.missing(), undefined);
    redis.resume();
    await until(async () => await answers(store), 'Redis answers again');
    assert.equal(await store.groups(unknown), 'staff');
    assert.equal(await store.groups(known), 'staff');
    assert.ok(store.log.some((line) => line.startsWith('warn the session store is away')));
  });

  it('a change while nobody could tell it is not missed', async () => {
    const [store, other] = [await open(), await open()];
    const sid = await knownSid(store);
    const id = (await redis.cli('CLIENT', 'LIST')).split('\n').map((line) => /^id=(\d+)/.exec(line)?.[1]);
    await redis.cli('CLIENT', 'NO-EVICT', 'OFF');
    for (const client of id) if (client !== undefined) await redis.cli('CLIENT', 'KILL', 'ID', client).catch(() => '');
    await redis.cli('DEL', `cognito-gate:s:{${sid}}`);
    assert.equal(await store.groups(sid), undefined);
    assert.equal(await other.groups(sid), undefined);
  });

  it('unreachableFor ends what is known; until then nothing of it needs Redis', async () => {
    const store = await open({ unreachableFor: 2 });
    const sid = await knownSid(store);
    await redis.stop();
    assert.equal(await store.groups(sid), 'staff');
    await until(
      async () =>
        !(await store.groups(sid).then(
          () => true,
          () => false,
        )),
      'the end of patience',
    );
    await assert.rejects(async () => await store.groups(sid), StoreUnavailable);
    await redis.start();
    // Restarted with nothing: its sign-ins have ended.
    await until(async () => await answers(store), 'Redis answers again');
    assert.equal(await store.groups(sid), undefined);
  });

  it('an end while Redis is away is held here at once, and done when it is back', async () => {
    const [store, other] = [await open(), await open()];
    const sid = await knownSid(store);
    assert.equal(await other.groups(sid), 'staff');
    redis.pause();
    await until(() => store.reachable.at(-1) === false && other.reachable.at(-1) === false, 'the loss is noticed');
    await store.remove(sid);
    assert.equal(await store.groups(sid), undefined);
    assert.equal(await other.groups(sid), 'staff');
    redis.resume();
    await until(async () => (await other.groups(sid)) === undefined, 'the end');
    assert.equal(await redis.cli('EXISTS', `cognito-gate:s:{${sid}}`), '0');
  });

  it('full: a sign-in fails with its reason, what is there is read, and all goes on once there is room', async () => {
    const store = await open();
    const sid = await knownSid(store);
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    await assert.rejects(store.create(newSid(), pool, stateWith('staff'), inAnHour()), /OOM/);
    assert.equal(await (await open()).groups(sid), 'staff');
    assert.ok(store.observed.includes('create full'));
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    await knownSid(store);
  });

  it('a server that became a replica is left, and found again when it is a primary', async () => {
    const store = await open();
    const sid = await knownSid(store);
    await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()));
    await assert.rejects(store.update(sid, pool, stateWith('staff', 'more')), /READONLY/);
    assert.equal(await store.groups(sid), 'staff');
    await assert.rejects(store.create(newSid(), pool, stateWith('staff'), inAnHour()), StoreUnavailable);
    await redis.cli('REPLICAOF', 'NO', 'ONE');
    await until(async () => await answers(store), 'the primary is found');
    await knownSid(store);
  });

  it('a script that never ends, and a lock whose holder died', async () => {
    const store = await open();
    const sid = newSid();
    const held = await store.lock(sid);
    assert.ok(held);
    await redis.cli('PEXPIRE', `cognito-gate:l:{${sid}}`, '1');
    await until(async () => (await store.lock(sid)) !== undefined, 'the lock ended by itself');
    await redis.cli('CONFIG', 'SET', 'busy-reply-threshold', '50');
    const busy = redis.cli('EVAL', 'while true do end', '0').catch(() => '');
    await until(async () => !(await answers(store)), 'busy');
    await assert.rejects(async () => await store.groups(newSid()), StoreUnavailable);
    await until(async () => (await redis.cli('SCRIPT', 'KILL')) === 'OK', 'the script is ended');
    await busy;
    await until(async () => await answers(store), 'Redis answers again');
  });

  it('opens while Redis is away, and serves when it comes', async () => {
    await redis.stop();
    const store = await open();
    assert.equal(store.missing(), undefined);
    await assert.rejects(async () => await store.groups(newSid()), StoreUnavailable);
    await redis.start();
    await until(async () => await answers(store), 'Redis answers');
    await knownSid(store);
  });
});

/** Stands before a server, and gives its answers that many milliseconds later. */
async function delayed(port: number): Promise<{ readonly url: string; delayMs: number; close(): void }> {
  const sockets = new Set<Socket>();
  const proxy = { url: '', delayMs: 0, close: () => undefined as void };
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
    client.pipe(upstream);
    upstream.on('data', (data: Buffer) => setTimeout(() => client.write(data), proxy.delayMs));
    client.on('close', () => upstream.destroy());
  });
  proxy.url = `redis://127.0.0.1:${await listenOn(server, 0)}`;
  proxy.close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return proxy;
}

describe('Redis that is slow', () => {
  it('is one that does not answer: known sessions go on without waiting for it', async () => {
    const redis = await startRedis();
    const proxy = await delayed(redis.port);
    const store = await openReplica({ urls: [proxy.url] });
    try {
      const sid = await knownSid(store);
      proxy.delayMs = 700;
      await until(() => store.reachable.at(-1) === false, 'the loss is noticed');
      await sleep(1200);
      for (let count = 0; count < 20; count += 1) {
        assert.equal(await store.groups(sid), 'staff');
        await assert.rejects(async () => await store.groups(newSid()), StoreUnavailable);
        await sleep(50);
      }
      assert.equal(store.reachable.at(-1), false, 'it is no store until it is fast enough');
      proxy.delayMs = 100;
      await until(async () => await answers(store), 'fast enough');
      assert.equal(await store.groups(sid), 'staff');
    } finally {
      await store.close();
      proxy.close();
      await redis.close();
    }
  });
});

describe('Redis that comes back with its data', () => {
  it('is waited for while it loads, and nobody has to sign in again', async () => {
    // 200 ms for each record: by default it loads thousands of them in that time.
    const slow = { 'key-load-delay': '200000', 'loading-process-events-interval-bytes': '1024' };
    const redis = await startRedis({ directives: slow });
    const store = await openReplica({ urls: [redis.url], unreachableFor: 0 });
    try {
      const sids: string[] = [];
      for (let count = 0; count < 8; count += 1) sids.push(await knownSid(store));
      await redis.cli('SAVE');
      await redis.stop();
      const started = redis.start();
      const [sid = ''] = sids;
      const reasons = new Set<string>();
      const refusal = async (): Promise<boolean> =>
        await store.loadNewest(sid, pool).then(
          () => true,
          (error: unknown) => {
            assert.ok(error instanceof StoreUnavailable);
            reasons.add(error.message);
            return false;
          },
        );
      await until(refusal, 'it has loaded');
      await started;
      assert.ok(
        [...reasons].some((reason) => reason.includes('LOADING')),
        [...reasons].join('\n'),
      );
      for (const one of sids) assert.equal(await store.groups(one), 'staff');
    } finally {
      await store.close();
      await redis.close();
    }
  });
});
