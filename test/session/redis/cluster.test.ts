import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';

import { slotOf } from '../../../src/session/redis/keys.ts';
import { StoreUnavailable } from '../../../src/session/state-store.ts';
import { startRedisCluster, type Redis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { inAnHour, newSid, openReplica, pool, stateWith, type ReplicaStore } from './replica.ts';

for (const name of ['Redis', 'Valkey'] as const) {
  describe(`a ${name} cluster`, () => {
    let cluster: { readonly nodes: readonly Redis[]; close(): Promise<void> };
    let passwordFile: string;
    let replicas: ReplicaStore[] = [];
    const nodeAt = (index: number): Redis => {
      const node = cluster.nodes[index];
      assert.ok(node);
      return node;
    };
    const open = async (): Promise<ReplicaStore> => {
      const replica = await openReplica({ urls: [nodeAt(0).url], cluster: true, username: 'gate', passwordFile });
      replicas.push(replica);
      return replica;
    };
    /** A sid whose slot belongs to the node. */
    const sidOf = (index: number): string => {
      for (;;) {
        const sid = newSid();
        if (Math.min(Math.floor(slotOf(sid) / (16_384 / 3)), 2) === index) return sid;
      }
    };
    before(async () => {
      cluster = await startRedisCluster({ valkey: name === 'Valkey' });
      passwordFile = join(nodeAt(0).folder, 'password');
      await writeFile(passwordFile, 'one');
      // The rights of docs/operating/sessions-in-redis.md.
      const commands = '+hello +ping +get +set +del +eval +client|tracking +asking +cluster|slots';
      const rights = `on >one ~cognito-gate:* resetchannels -@all ${commands}`.split(' ');
      for (const node of cluster.nodes) await node.cli('ACL', 'SETUSER', 'gate', ...rights);
    });
    afterEach(async () => {
      await Promise.all(replicas.map(async (replica) => await replica.close()));
      replicas = [];
    });
    after(async () => await cluster.close());

    it('counts slots as Redis does', async () => {
      for (const tag of ['123456789', 'foo', newSid()]) {
        assert.equal(String(slotOf(tag)), await nodeAt(0).cli('CLUSTER', 'KEYSLOT', `x:{${tag}}`));
      }
    });

    it('spreads sign-ins over the primaries, and hears changes from each', async () => {
      const [one, two] = [await open(), await open()];
      for (const index of [0, 1, 2]) {
        const sid = sidOf(index);
        await one.create(sid, pool, stateWith('staff'), inAnHour());
        assert.equal(await nodeAt(index).cli('EXISTS', `cognito-gate:s:{${sid}}`), '1');
        await until(async () => (await two.groups(sid)) === 'staff' && two.knows(sid), 'a copy');
        await one.update(sid, pool, stateWith('more'));
        await until(async () => (await two.groups(sid)) === 'more', 'the change', 1000);
        const lock = await one.lock(sid);
        assert.ok(lock);
        assert.equal(await two.lock(sid), undefined);
        await lock.release();
        await nodeAt(index).cli('DEL', `cognito-gate:s:{${sid}}`);
        await until(async () => (await two.groups(sid)) === undefined, 'the end', 1000);
      }
    });

    it('follows a slot that moves, while it moves and after', async () => {
      const [one, two] = [await open(), await open()];
      const sid = sidOf(0);
      const slot = String(slotOf(sid));
      const [from, to] = [nodeAt(0), nodeAt(1)];
      const [fromId, toId] = [await from.cli('CLUSTER', 'MYID'), await to.cli('CLUSTER', 'MYID')];
      await one.create(sid, pool, stateWith('staff'), inAnHour());
      assert.equal(await two.groups(sid), 'staff');
      await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
      await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
      await from.cli('MIGRATE', '127.0.0.1', String(to.port), `cognito-gate:s:{${sid}}`, '0', '1000');
      await until(async () => (await two.groups(sid)) === 'staff', 'ASK is followed');
      await one.update(sid, pool, stateWith('more'));
      await until(async () => (await two.groups(sid)) === 'more', 'the change while it moves', 1000);
      for (const node of [to, from, nodeAt(2)]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
      await one.update(sid, pool, stateWith('moved'));
      await until(async () => (await two.groups(sid)) === 'moved' && two.knows(sid), 'MOVED is followed');
      await to.cli('DEL', `cognito-gate:s:{${sid}}`);
      await until(async () => (await two.groups(sid)) === undefined, 'the end', 1000);
      assert.ok(!two.observed.some((line) => line.endsWith('error')), two.observed.join());
    });

    it('one that is told nothing of the cluster says what to set', async () => {
      const store = await openReplica({ urls: [nodeAt(0).url] });
      replicas.push(store);
      await assert.rejects(async () => await store.groups(sidOf(1)), /store\.redis\.cluster/);
    });

    it('a primary that is away takes nothing with it but its own slots, and only what nobody knows', async () => {
      const store = await open();
      const [far, near] = [sidOf(2), sidOf(1)];
      for (const sid of [far, near]) {
        await store.create(sid, pool, stateWith('staff'), inAnHour());
        await until(async () => (await store.groups(sid)) === 'staff' && store.knows(sid), 'a copy');
      }
      nodeAt(2).pause();
      await until(() => store.reachable.at(-1) === false, 'the loss is noticed');
      assert.equal(await store.groups(far), 'staff');
      assert.equal(await store.groups(near), 'staff');
      await assert.rejects(async () => await store.groups(sidOf(2)), StoreUnavailable);
      nodeAt(2).resume();
      await until(() => store.reachable.at(-1) === true, 'all of it is back');
      await until(async () => (await store.groups(far)) === 'staff' && store.knows(far), 'read anew');
      assert.equal(await store.groups(sidOf(2)), undefined);
    });
  });
}
