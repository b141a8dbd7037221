import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';

import type { Sealer } from '../../../src/session/seal.ts';
import type { RedisSettings } from '../../../src/session/redis/settings.ts';
import { StoreUnavailable } from '../../../src/session/state-store.ts';
import { startRedis, type Redis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { ringOf } from '../samples.ts';
import { inAnHour, newSid, openReplica, pool, sealerOf, stateWith, type ReplicaStore } from './replica.ts';

for (const name of ['Redis', 'Valkey'] as const) {
  describe(`token states in ${name}`, () => {
    let redis: Redis;
    let replicas: ReplicaStore[] = [];
    const open = async (sealer?: Sealer, more: Partial<RedisSettings> = {}): Promise<ReplicaStore> => {
      const replica = await openReplica({ urls: [redis.url], ...more }, sealer);
      replicas.push(replica);
      return replica;
    };
    before(async () => {
      redis = await startRedis({ valkey: name === 'Valkey' });
    });
    afterEach(async () => {
      await Promise.all(replicas.map(async (replica) => await replica.close()));
      replicas = [];
    });
    after(async () => await redis.close());

    it('keeps a state as it was given, with a time to live, where no plain text can be read', async () => {
      const store = await open();
      const sid = newSid();
      const state = stateWith('admins');
      await store.create(sid, pool, state, inAnHour());
      const stored = await store.load(sid, pool);
      assert.deepEqual(stored?.state, state);
      assert.equal(stored?.state.refreshToken?.reveal(), state.refreshToken?.reveal());
      const key = `cognito-gate:s:{${sid}}`;
      const ttl = Number(await redis.cli('TTL', key));
      assert.ok(ttl > 3590 && ttl <= 3600, String(ttl));
      assert.doesNotMatch(await redis.cli('GET', key), /admins|ada/);
    });

    it('answers what it has read without asking again', async () => {
      const store = await open();
      const sid = newSid();
      await store.create(sid, pool, stateWith('admins'), inAnHour());
      await until(async () => (await store.groups(sid)) === 'admins' && store.knows(sid), 'a copy');
      const asked = store.observed.length;
      assert.equal(await store.groups(sid), 'admins');
      assert.equal(store.observed.length, asked);
      assert.equal(await store.groups(newSid()), undefined);
    });

    it('hears of a change by another replica within a second', async () => {
      const [one, two] = [await open(), await open()];
      const sid = newSid();
      await one.create(sid, pool, stateWith('admins', 'staff'), inAnHour());
      const bystander = newSid();
      await one.create(bystander, pool, stateWith('staff'), inAnHour());
      await until(async () => (await two.groups(bystander)) === 'staff' && two.knows(bystander), 'a copy');
      assert.equal(await two.groups(sid), 'admins,staff');
      assert.equal(await one.update(sid, pool, stateWith('staff')), true);
      await until(async () => (await two.groups(sid)) === 'staff', 'the change', 1000);
      await one.remove(sid);
      await until(async () => (await two.groups(sid)) === undefined, 'the end', 1000);
      assert.ok(two.knows(bystander), 'nobody else is read again');
    });

    it('S15: an operator ends a session with DEL and all of them with FLUSHDB, within a second', async () => {
      const store = await open();
      const [one, two] = [newSid(), newSid()];
      for (const sid of [one, two]) {
        await store.create(sid, pool, stateWith('staff'), inAnHour());
        await until(async () => (await store.groups(sid)) === 'staff' && store.knows(sid), 'a copy');
      }
      await redis.cli('DEL', `cognito-gate:s:{${one}}`);
      await until(async () => (await store.groups(one)) === undefined, 'the end of one', 1000);
      assert.equal(await store.groups(two), 'staff');
      await redis.cli('FLUSHDB');
      await until(async () => (await store.groups(two)) === undefined, 'the end of all', 1000);
    });

    it('neither brings back a sign-in that has ended nor lengthens its life', async () => {
      const store = await open();
      const sid = newSid();
      await store.create(sid, pool, stateWith('staff'), inAnHour() - 3000);
      assert.equal(await store.update(sid, pool, stateWith('staff', 'more')), true);
      assert.ok(Number(await redis.cli('TTL', `cognito-gate:s:{${sid}}`)) <= 600);
      await store.remove(sid);
      assert.equal(await store.update(sid, pool, stateWith('staff')), false);
      const another = await open();
      assert.equal(await another.update(sid, pool, stateWith('staff')), false);
      assert.equal(await another.groups(sid), undefined);
    });

    it('a record is good for its own sign-in and pool only, and for who has the key (S7, S25)', async () => {
      const store = await open();
      const [mine, theirs] = [newSid(), newSid()];
      await store.create(mine, pool, stateWith('staff'), inAnHour());
      await store.create(theirs, pool, stateWith('admins'), inAnHour());
      const stolen = await redis.cli('GET', `cognito-gate:s:{${theirs}}`);
      await redis.cli('SET', `cognito-gate:s:{${mine}}`, stolen);
      await until(async () => (await store.groups(mine)) === undefined, 'the moved record is refused');
      assert.equal(await store.groups(theirs), 'admins');
      assert.equal(await store.load(theirs, { ...pool, id: 'cd'.repeat(32) }), undefined);
      await redis.cli('SET', `cognito-gate:s:{${mine}}`, `${stolen.slice(0, -2)}AA`);
      assert.equal(await store.groups(mine), undefined);
      const stranger = await open(sealerOf(ringOf('k1')));
      assert.equal(await stranger.groups(theirs), undefined);
      assert.ok(store.log.some((line) => line.includes('not sealed by a key of the ring')));
    });

    it('the lock is one replica’s, and is given back by who holds it only (S11)', async () => {
      const [one, two] = [await open(), await open()];
      const sid = newSid();
      const held = await one.lock(sid);
      assert.ok(held);
      assert.equal(await two.lock(sid), undefined);
      await redis.cli('DEL', `cognito-gate:l:{${sid}}`);
      const next = await two.lock(sid);
      assert.ok(next);
      await held.release();
      assert.equal(await one.lock(sid), undefined);
      const left = Number(await redis.cli('PTTL', `cognito-gate:l:{${sid}}`));
      assert.ok(left > 0 && left <= 15_000, String(left));
      await next.release();
      assert.ok(await one.lock(sid));
    });

    it('the last request is told to the others, once in a minute', async () => {
      const [one, two] = [await open(), await open()];
      const sid = newSid();
      await one.create(sid, pool, stateWith('staff'), inAnHour());
      await Promise.all([one.load(sid, pool), two.load(sid, pool)]);
      const at = Math.floor(Date.now() / 1000);
      for (const second of [0, 1, 59]) one.seen(sid, at + second);
      await until(async () => (await two.load(sid, pool))?.lastSeen === at, 'the last request');
      assert.equal(one.observed.filter((line) => line.startsWith('seen')).length, 1);
      const ttl = Number(await redis.cli('TTL', `cognito-gate:i:{${sid}}`));
      assert.ok(ttl > 3000 && ttl <= 3601, String(ttl));
      one.seen(sid, at + 60);
      await until(async () => (await two.load(sid, pool))?.lastSeen === at + 60, 'the next one');
    });

    it('a last request that is yet to come, written by somebody else, is none: idleness would never end', async () => {
      const store = await open();
      for (const planted of ['99999999999', 'Infinity', '-1', 'soon']) {
        const sid = newSid();
        await store.create(sid, pool, stateWith('staff'), inAnHour());
        await redis.cli('SET', `cognito-gate:i:{${sid}}`, planted);
        assert.equal((await store.loadNewest(sid, pool))?.lastSeen, undefined, planted);
      }
    });

    it('reads past its copy when asked to', async () => {
      const store = await open();
      const sid = newSid();
      await store.create(sid, pool, stateWith('staff'), inAnHour());
      const [copied, newest] = [await store.load(sid, pool), await store.loadNewest(sid, pool)];
      assert.deepEqual(copied?.state, newest?.state);
      assert.ok(store.observed.filter((line) => line === 'load ok').length >= 2);
    });

    it('a key of the ring that goes takes what it sealed with it (S9)', async () => {
      let ring = ringOf('k1');
      const sealer = sealerOf();
      const store = await open({
        ...sealer,
        open: (kind, text) => (ring.key('k1') === undefined ? undefined : sealer.open(kind, text)),
        keyTag: (text) => (ring.key('k1') === undefined ? undefined : sealer.keyTag(text)),
      });
      const sid = newSid();
      await store.create(sid, pool, stateWith('staff'), inAnHour());
      await until(async () => (await store.groups(sid)) === 'staff' && store.knows(sid), 'a copy');
      ring = ringOf('k2');
      assert.equal(await store.groups(sid), undefined);
    });

    it('S26 S9 a key that this replica has not read yet is no end: a refresh under way would tell it to everybody', async () => {
      const [behind, ahead] = [await open(sealerOf(ringOf('k1'))), await open(sealerOf(ringOf('k2')))];
      const sid = newSid();
      await behind.create(sid, pool, stateWith('staff'), inAnHour());
      await ahead.create(sid, pool, stateWith('staff'), inAnHour());
      await assert.rejects(behind.loadNewest(sid, pool), StoreUnavailable);
      assert.equal(await behind.groups(sid), undefined);
      await redis.cli('DEL', `cognito-gate:s:{${sid}}`);
      assert.equal(await behind.loadNewest(sid, pool), undefined);
    });

    it('databases, prefixes and sign-ins that are over before they begin', async () => {
      const store = await open(undefined, { database: 3, keyPrefix: 'other:' });
      const sid = newSid();
      await store.create(sid, pool, stateWith('staff'), inAnHour());
      assert.equal(await redis.cli('-n', '3', 'EXISTS', `other:s:{${sid}}`), '1');
      const gone = newSid();
      await store.create(gone, pool, stateWith('staff'), Math.floor(Date.now() / 1000) - 1);
      assert.equal(await store.groups(gone), undefined);
    });
  });
}
