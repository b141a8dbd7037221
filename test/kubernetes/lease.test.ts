import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKubeClient, type KubeClient } from '../../src/kubernetes/client.ts';
import { createHeartbeat, createLease, type LeaseOptions } from '../../src/kubernetes/lease.ts';
import { FakeApi } from '../support/fake-api.ts';
import { until } from '../support/until.ts';

/** One of those who want the Lease. Its clock can be moved, and its API server taken away. */
function contender(t: TestContext, client: KubeClient, identity: string, options: Partial<LeaseOptions> = {}) {
  const stop = new AbortController();
  const told: boolean[] = [];
  const errors: Error[] = [];
  const lease = createLease({
    client,
    namespace: 'default',
    name: 'leader',
    identity,
    now: Date.now,
    random: Math.random,
    durationSeconds: 2,
    renewSeconds: 0.3,
    onChange: (leading) => told.push(leading),
    onError: (error) => errors.push(error),
    ...options,
  });
  const done = lease.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await done;
  });
  return { lease, told, errors, stop: async () => (stop.abort(), await done) };
}

async function api(t: TestContext) {
  const fake = await new FakeApi().start();
  const client = createKubeClient(fake.connection());
  t.after(async () => {
    client.close();
    await fake.stop();
  });
  const spec = (name = 'leader') => fake.object(name)?.['spec'] as Record<string, unknown> | undefined;
  return { fake, client, spec };
}

/** A client whose API server can go away (calls hang, or fail) while that of others stays. */
function cutOff(client: KubeClient): KubeClient & { away: 'no' | 'hangs' | 'fails' } {
  const guarded = { ...client, away: 'no' as 'no' | 'hangs' | 'fails' };
  const guard = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (guarded.away === 'hangs') return await new Promise<R>(() => undefined);
      if (guarded.away === 'fails') throw new Error('refused');
      return await call(...args);
    };
  };
  return Object.assign(guarded, {
    get: guard(client.get),
    create: guard(client.create),
    replace: guard(client.replace),
    remove: guard(client.remove),
  });
}

suite('a Lease', () => {
  test('is held by one, renewed, and written as Kubernetes wants it', async (t) => {
    const { fake, client, spec } = await api(t);
    const one = contender(t, client, 'one', { labels: { a: 'b' } });
    await until(() => one.lease.leading(), 'leading');
    const two = contender(t, client, 'two');
    const first = spec()?.['renewTime'];
    await until(() => spec()?.['renewTime'] !== first, 'a renewal');
    await sleep(1000);
    assert.ok(one.lease.leading());
    assert.equal(two.lease.leading(), false);
    assert.deepEqual([one.told, two.told], [[true], []]);
    assert.match(String(spec()?.['renewTime']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.equal(spec()?.['holderIdentity'], 'one');
    assert.equal(spec()?.['leaseTransitions'], 0);
    assert.deepEqual(fake.object('leader')?.metadata.labels, { a: 'b' });
  });

  test('is given back at the end, and taken at once', async (t) => {
    const { client, spec } = await api(t);
    const one = contender(t, client, 'one', { durationSeconds: 600 });
    await until(() => one.lease.leading(), 'leading');
    const two = contender(t, client, 'two', { durationSeconds: 600 });
    await sleep(400);
    await one.stop();
    assert.equal(one.lease.leading(), false);
    assert.deepEqual(one.told, [true, false]);
    await until(() => two.lease.leading(), 'the other leads');
    assert.equal(spec()?.['leaseTransitions'], 1);
  });

  for (const away of ['hangs', 'fails'] as const) {
    test(`that can't be renewed because the API server ${away} is let go before another takes it`, async (t) => {
      const { client } = await api(t);
      const mine = cutOff(client);
      const one = contender(t, mine, 'one');
      await until(() => one.lease.leading(), 'leading');
      const two = contender(t, client, 'two');
      await sleep(400);
      mine.away = away;
      let both = 0;
      await until(() => {
        if (one.lease.leading() && two.lease.leading()) both += 1;
        return two.lease.leading();
      }, 'the other leads');
      assert.equal(both, 0);
      assert.deepEqual(one.told, [true, false], 'told without being asked');
      mine.away = 'no';
      await sleep(700);
      assert.equal(one.lease.leading(), false);
      await two.stop();
      await until(() => one.lease.leading(), 'it leads again');
    });
  }

  test('does not care about wall clocks: a day ahead, a day behind, and jumping', async (t) => {
    const { client } = await api(t);
    const day = 86_400_000;
    let jump = 0;
    const one = contender(t, client, 'one', { now: () => Date.now() + jump });
    await until(() => one.lease.leading(), 'leading');
    const others = [-day, day].map((off) => contender(t, client, `off by ${off}`, { now: () => Date.now() + off }));
    for (jump of [day, -day, 0]) {
      await sleep(700);
      assert.ok(one.lease.leading());
      assert.ok(others.every(({ lease }) => !lease.leading()));
    }
    assert.deepEqual(one.told, [true]);
  });

  test('of a process that was stopped for a while is not held by it when it wakes', async (t) => {
    const { client } = await api(t);
    let asleep = 0;
    const one = contender(t, client, 'one', { monotonic: () => performance.now() + asleep });
    await until(() => one.lease.leading(), 'leading');
    asleep = 10_000;
    assert.equal(one.lease.leading(), false);
    await until(() => one.lease.leading(), 'renewed: nobody took it meanwhile');
  });

  test('that somebody else wrote over is lost at once', async (t) => {
    const { fake, client } = await api(t);
    const one = contender(t, client, 'one');
    await until(() => one.lease.leading(), 'leading');
    const spec = { holderIdentity: 'thief', leaseDurationSeconds: 600 };
    fake.put({ metadata: { name: 'leader', namespace: 'default' }, spec });
    await until(() => !one.lease.leading(), 'lost');
    await until(() => one.told.join() === 'true,false', 'told');
  });

  test('that was deleted is made again', async (t) => {
    const { fake, client, spec } = await api(t);
    const one = contender(t, client, 'one');
    await until(() => one.lease.leading(), 'leading');
    fake.remove('leader');
    await until(() => spec()?.['holderIdentity'] === 'one', 'made again');
    await until(() => one.lease.leading(), 'leading again');
  });

  test('of our own name, from before a restart, is ours', async (t) => {
    const { fake, client } = await api(t);
    const spec = { holderIdentity: 'one', leaseDurationSeconds: 600 };
    fake.put({ metadata: { name: 'leader', namespace: 'default' }, spec });
    const one = contender(t, client, 'one');
    await until(() => one.lease.leading(), 'leading');
  });
});

suite('a heartbeat', () => {
  test('is renewed, mended, and taken away at the end', async (t) => {
    const { fake, client, spec } = await api(t);
    const stop = new AbortController();
    const errors: Error[] = [];
    const done = createHeartbeat({
      client,
      namespace: 'default',
      name: 'replica-one',
      identity: 'one',
      now: Date.now,
      random: Math.random,
      renewSeconds: 0.05,
      onError: (error) => errors.push(error),
    }).run(stop.signal);
    t.after(() => stop.abort());
    const renewed = async (): Promise<void> => {
      const last = spec('replica-one')?.['renewTime'];
      const now = (): unknown => spec('replica-one')?.['renewTime'];
      await until(() => now() !== undefined && now() !== last, 'a renewal');
    };
    await renewed();
    await renewed();
    assert.equal(spec('replica-one')?.['holderIdentity'], 'one');
    fake.remove('replica-one');
    await renewed();
    fake.refuse('any', 503, 2);
    await until(() => errors.length >= 3, 'errors');
    await renewed();
    stop.abort();
    await done;
    assert.equal(fake.object('replica-one'), undefined);
  });
});
