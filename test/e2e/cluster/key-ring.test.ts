/** Keys of the ring are added and removed while people come and go: on two replicas, through a proxy, with kubectl and on a schedule. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, suite, test } from 'node:test';
import { limits } from '../../../src/session/limits.ts';
import { newKeyEntry } from '../../../src/session/key-ring.ts';
import { ApiProxy } from '../../support/api-proxy.ts';
import { startFront } from '../../support/front.ts';
import type { Front } from '../../support/front.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { askDecision, watchDecisions } from '../../support/gate-watch.ts';
import type { Asked } from '../../support/gate-watch.ts';
import { account, sessionOn } from '../../support/steps.ts';
import { until } from '../../support/until.ts';

const host = gateHosts.shop;
const hour = 3600;
const seconds = (): number => Math.floor(Date.now() / 1000);

suite('the key ring', () => {
  let gate: GateCluster;
  let front: Front;
  let proxy: ApiProxy;

  /** Adds (a content) and removes (null) entries, as the manual does. */
  const patch = async (entries: Readonly<Record<string, string | null>>): Promise<void> => {
    const data = Object.fromEntries(
      Object.entries(entries).map(([id, content]) => [id, content && Buffer.from(content).toString('base64')]),
    );
    const text = JSON.stringify({ data });
    await gate.cluster.kubectl(
      'patch',
      'secret',
      'cognito-gate-key-ring',
      '-n',
      'cognito-gate',
      '--type=merge',
      '-p',
      text,
    );
  };
  const ids = async (): Promise<readonly string[]> => {
    const text = await gate.cluster.kubectl(
      'get',
      'secret',
      'cognito-gate-key-ring',
      '-n',
      'cognito-gate',
      '-o',
      'json',
    );
    return Object.keys((JSON.parse(text) as { data: object }).data).toSorted();
  };
  const key = (id: string, age: number): string => newKeyEntry(id, seconds() - age, randomBytes);
  const signedIn = async (username: string): Promise<Asked> => {
    const visitor = gate.visitor();
    const page = await visitor.signIn(`${gate.url(host)}/`, account(username));
    assert.equal(page.status, 200, page.url.href);
    return { namespace: 'shop', name: 'shop', host, cookie: sessionOn(visitor, host).join('=') };
  };
  const keyOf = ({ cookie = '' }: Asked): string => /=1([a-z0-9]+)\./.exec(cookie)?.[1] ?? '';
  const statuses = async (asked: Asked): Promise<readonly number[]> =>
    await Promise.all(gate.replicas.map(async (replica) => await askDecision(replica, asked)));
  const gauges = async (name: string): Promise<readonly number[]> =>
    await Promise.all(
      gate.replicas.map(async (replica) => {
        const line = new RegExp(`^${name} (.*)$`, 'm').exec(await replica.metrics());
        return Number(line?.[1]);
      }),
    );

  before(async () => {
    gate = await startGateCluster({
      apiThrough: async (cluster) => (proxy = await ApiProxy.start(cluster)).url,
      values: { keyRing: { rotation: { every: '1h', keep: '1h' } } },
    });
    front = await startFront('NGINX', gate);
    await gate.app('shop', { host, annotations: { 'cognito-gate.dev/access': 'SignedIn' } });
    await until(async () => {
      const [first = 0] = await statuses({ namespace: 'shop', name: 'shop', host });
      return first === 401;
    }, 'the shop to be protected');
    await front.settled();
  });
  after(async () => {
    await front?.stop();
    await gate?.stop();
    await proxy?.stop();
  });

  test('on its schedule the leader adds a key, and takes away what has not sealed for as long as a sign-in lasts', async () => {
    // k1 is of this minute: the ring becomes one of an installation that nobody looked after.
    await patch({ k1: null, a1: key('a1', 40 * hour), a2: key('a2', 20 * hour), a3: key('a3', 3 * hour) });
    await until(async () => !(await ids()).includes('a1'), 'the leader to take a1 away', 20_000);
    const [a2, a3, added, ...more] = await ids();
    assert.deepEqual([a2, a3, more], ['a2', 'a3', []]);
    assert.match(added ?? '', /^k\d{8}t\d{6}$/);
    await until(
      async () => (await gauges('cognito_gate_key_ring_keys')).every((count) => count === 3),
      'both replicas',
    );
    // The new one seals in two minutes; until then the one before it does, whose age an alert can watch.
    for (const age of await gauges('cognito_gate_sealing_key_age_seconds'))
      assert.ok(age >= 3 * hour && age < 4 * hour);
    const person = await signedIn('ada');
    assert.equal(keyOf(person), 'a3');
    assert.deepEqual(await statuses(person), [200, 200]);
  });

  test('S9 S26 three rotations in a row while people work and sign in: nobody is signed out', async () => {
    const people: Asked[] = [await signedIn('ada'), await signedIn('bob')];
    const watch = watchDecisions(
      () => gate.replicas,
      () => people,
      20,
    );
    const failures: unknown[] = [];
    const over = new AbortController();
    const arrivals = (async (): Promise<void> => {
      while (!over.signal.aborted)
        await signedIn('ada').then(
          (person) => people.push(person),
          (error: unknown) => failures.push(error),
        );
    })();
    for (const id of ['r1', 'r2', 'r3']) {
      // As long before it seals as the slowest replica needs here; two minutes in earnest.
      await patch({ [id]: key(id, limits.sealKeyDelaySeconds - 3) });
      await until(() => people.some((person) => keyOf(person) === id), `sign-ins that ${id} seals`, 15_000);
      await sleep(500);
    }
    over.abort();
    await arrivals;
    const asked = watch.asked;
    await watch.stop();
    assert.deepEqual(watch.faults(), []);
    assert.deepEqual(failures, []);
    assert.ok(asked > 200 && people.length > 6, `${asked} decisions, ${people.length} sign-ins`);
    assert.deepEqual(new Set(people.map(keyOf)), new Set(['a3', 'r1', 'r2', 'r3']));
    // What the leader does on its schedule takes none of it away: all of them sealed too short a time ago.
    const left = await ids();
    assert.ok(['a3', 'r1', 'r2', 'r3'].every((id) => left.includes(id)));
  });

  test('removing a key ends what it sealed on both replicas, and nothing else', async () => {
    const before = await signedIn('bob');
    assert.equal(keyOf(before), 'r3');
    await patch({ r4: key('r4', limits.sealKeyDelaySeconds - 2) });
    await until(async () => keyOf(await signedIn('bob')) === 'r4', 'r4 to seal');
    const later = await signedIn('ada');
    await patch({ r3: null });
    await until(async () => (await statuses(before)).every((status) => status === 401), 'the end of what r3 sealed');
    assert.deepEqual(await statuses(later), [200, 200]);
  });

  test('S26 one replica hears of no new key: sign-ins land all the same, and the first cookie that it can’t open tells it', async () => {
    // A watch that is there and silent, as a broken network leaves it: by itself it is given up after 90 seconds.
    let silent = 0;
    const heal = proxy.fault(({ path, query }, response) => {
      const isRing = path.endsWith('/namespaces/cognito-gate/secrets') && !query.has('fieldSelector');
      if (!query.has('watch') || !isRing || silent > 0) return false;
      silent += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      return true;
    });
    proxy.reset();
    await until(() => silent === 1, 'a silent watch');
    heal();
    const before = (await ids()).length;
    await patch({ s1: key('s1', 0) });
    const counts = async (): Promise<readonly number[]> =>
      (await gauges('cognito_gate_key_ring_keys')).toSorted((one, other) => one - other);
    await until(async () => (await counts())[1] === before + 1, 'the other replica');
    for (const username of ['ada', 'bob', 'ada']) {
      const person = await signedIn(username);
      assert.notEqual(keyOf(person), 's1');
      assert.deepEqual(await statuses(person), [200, 200]);
    }
    assert.deepEqual(await counts(), [before, before + 1]);
    // A key that seals too early for it: two minutes after its creation it would be too late for a watch as well.
    await patch({ s2: key('s2', limits.sealKeyDelaySeconds) });
    await until(
      async () => {
        const person = await signedIn('ada').catch(() => undefined);
        return (
          person !== undefined && keyOf(person) === 's2' && (await statuses(person)).every((status) => status === 200)
        );
      },
      'both to open what s2 seals',
      20_000,
    );
    assert.deepEqual(await counts(), [before + 2, before + 2]);
  });

  test('a cookie of a key that a replica has not heard of has it read the ring again', async () => {
    const lists = async (): Promise<number> =>
      (await gate.cluster.auditLog()).filter(({ verb, resource }) => verb === 'list' && resource === 'secrets').length;
    const before = await lists();
    const person = await signedIn('ada');
    const stranger = { ...person, cookie: person.cookie?.replace(/=1[a-z0-9]+\./, '=1zz9.') ?? '' };
    const asks = async (): Promise<boolean> => {
      assert.deepEqual(await statuses(stranger), [401, 401]);
      return (await lists()) >= before + 2;
    };
    await until(asks, 'a list by each replica');
    for (let times = 0; times < 50; times += 1) assert.deepEqual(await statuses(stranger), [401, 401]);
    assert.ok((await lists()) <= before + 4, 'and not one for each question');
    assert.deepEqual(await statuses(person), [200, 200]);
  });
});
