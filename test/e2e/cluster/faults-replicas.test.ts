/** Replicas that die, whose clocks jump or that lose the Lease; and, with nothing to do, what they write. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before, suite, test } from 'node:test';
import { resources } from '../../../src/kubernetes/resources.ts';
import { gateHosts, ingressYaml, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { signedIn } from '../../support/gate-session.ts';
import {
  assertAsFresh,
  assertRestartWritesNothingNew,
  isWrite,
  listed,
  ourRequests,
  refusals,
  untilQuiet,
} from '../../support/gate-state.ts';
import { askDecision, watchDecisions } from '../../support/gate-watch.ts';
import type { Asked, GateWatch } from '../../support/gate-watch.ts';
import type { Replica } from '../../support/replica.ts';
import { until } from '../../support/until.ts';

const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const shop: Asked = { namespace: 'shop', name: 'shop', host: gateHosts.shop };
const marked = { 'cognito-gate.dev/allowed-groups': 'admins' };
const day = 86_400_000;

suite('replicas that fail', () => {
  let gate: GateCluster;
  let watch: GateWatch;
  let count = 0;
  /** While it isn't, sessions have ended. */
  let clockIsRight = true;
  const clock = join(tmpdir(), `cognito-gate-clock-${process.pid}`);

  const everywhere = async (asked: Asked, status: number): Promise<boolean> => {
    const answers = await Promise.all(gate.replicas.map(async (replica) => await askDecision(replica, asked)));
    return answers.every((answer) => answer === status);
  };
  const leader = async (): Promise<Replica | undefined> => {
    const leads = await Promise.all(gate.replicas.map(async (replica) => await replica.leads()));
    return gate.replicas.find((_, index) => leads[index]);
  };
  const theLeader = async (): Promise<Replica> => {
    let found: Replica | undefined;
    await until(async () => (found = await leader()) !== undefined, 'a leader', 20_000);
    if (found === undefined) throw new Error('no leader');
    return found;
  };
  const newApp = async (): Promise<Asked> => {
    count += 1;
    const name = `app-${count}`;
    const asked = { namespace: name, name, host: `${name}.example.com` };
    await gate.app(name, { host: asked.host });
    const spec = {
      targetRefs: [{ group: 'networking.k8s.io', kind: 'Ingress', name }],
      rules: [{ name: 'all', access: 'SignedIn' }],
    };
    const policy = {
      apiVersion: 'cognito-gate.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name, namespace: name },
    };
    await gate.apply(JSON.stringify({ ...policy, spec }));
    return asked;
  };
  const isWired = async ({ namespace }: Asked): Promise<boolean> =>
    (await listed(gate.cluster, 'ingresses', '-n', namespace))[0]?.metadata.annotations?.[authUrl] !== undefined;

  before(async () => {
    await writeFile(clock, '0');
    process.env['CLOCK_OFFSET_FILE'] = clock;
    const args = ['--import', './test/support/clock-jump.ts', 'src/main.ts'];
    gate = await startGateCluster({ program: { command: process.execPath, args } });
    await gate.app('shop', { host: gateHosts.shop, annotations: marked });
    await until(async () => await everywhere(shop, 401), 'decisions');
    const cookie = await signedIn(gate, shop.host, 'ada');
    watch = watchDecisions(
      () => gate.replicas,
      () => (clockIsRight ? [shop, { ...shop, cookie }] : [shop]),
    );
  });
  after(async () => {
    await watch?.stop();
    await gate?.stop();
    await rm(clock, { force: true });
  });
  afterEach(async () => {
    assert.deepEqual(watch.faults(), []);
    assert.deepEqual(await refusals(gate.cluster), []);
  });

  // First, as what the replicas of the other tests leave is swept a minute later.
  test('with nothing to do nothing is written but Leases', async () => {
    await untilQuiet(gate.cluster);
    const before = (await ourRequests(gate.cluster)).length;
    await sleep(20_000);
    const since = (await ourRequests(gate.cluster)).slice(before);
    assert.deepEqual(
      since.filter(isWrite).map(({ verb, uri }) => `${verb} ${uri}`),
      [],
    );
    assert.ok(since.some(({ verb, resource }) => verb === 'update' && resource === 'leases'));
  });

  test('the leader killed: another leads within 15 s and does the work, and the other serves all the while', async () => {
    const first = await theLeader();
    watch.excuse(first, true);
    await first.kill();
    const killed = performance.now();
    let second: Replica | undefined;
    await until(async () => (second = await leader()) !== undefined && second !== first, 'another leader', 15_000);
    assert.ok(performance.now() - killed < 15_000);
    const app = await newApp();
    await until(async () => await isWired(app), 'the wiring');
    await first.start();
    await until(first.ready, 'the first to be ready again', 30_000);
    watch.excuse(first, false);
  });

  test('the leader told to end: another leads at once', async () => {
    const first = await theLeader();
    watch.excuse(first, true);
    await first.stop();
    // Less than the nine seconds that the Lease would last.
    await until(async () => (await leader()) !== undefined, 'another leader', 7000);
    await first.start();
    await until(first.ready, 'the first to be ready again', 30_000);
    watch.excuse(first, false);
    await assertAsFresh(gate, 'fresh-ended');
  });

  test('the Lease taken by another while there is much to write: the loser stops, and all is done in the end', async () => {
    const first = await theLeader();
    const many = Array.from({ length: 60 }, (_, index) => `many-${index}`);
    await gate.cluster.kubectl('create', 'namespace', 'many');
    const text = many.map((name) =>
      ingressYaml('many', 80, { host: `${name}.example.com` }).replace('name: many', `name: ${name}`),
    );
    await gate.apply(text.join('---\n'));
    const targetRefs = many.slice(0, 16).map((name) => ({ group: 'networking.k8s.io', kind: 'Ingress', name }));
    const spec = { targetRefs, rules: [{ name: 'all', access: 'SignedIn' }] };
    const metadata = { name: 'many', namespace: 'many' };
    await gate.apply(JSON.stringify({ apiVersion: 'cognito-gate.dev/v1alpha1', kind: 'AccessPolicy', metadata, spec }));
    const place = { resource: resources.leases, namespace: 'cognito-gate', name: 'cognito-gate-leader' };
    const now = `${new Date().toISOString().slice(0, -1)}000Z`;
    const taken = { holderIdentity: 'somebody-else', leaseDurationSeconds: 5, acquireTime: now, renewTime: now };
    await gate.cluster.client().merge(place, { spec: taken }, { fieldManager: 'test' });
    await until(async () => !(await first.leads()), 'the loser to notice', 12_000);
    await theLeader();
    const wired = async (): Promise<number> =>
      (await listed(gate.cluster, 'ingresses', '-n', 'many')).filter(
        ({ metadata: { annotations } }) => annotations?.[authUrl] !== undefined,
      ).length;
    await until(async () => (await wired()) === targetRefs.length, 'all to be wired', 20_000);
    await assertAsFresh(gate, 'fresh-lost');
  });

  test('the clocks of all replicas jump ahead and back: no stranger gets in, and somebody leads', async () => {
    clockIsRight = false;
    await sleep(200);
    for (const jump of [100 * day, -100 * day, 0]) {
      await writeFile(clock, String(jump));
      await sleep(1500);
      await theLeader();
      const app = await newApp();
      await until(async () => await everywhere(app, 401), 'decisions');
      await until(async () => await isWired(app), 'the wiring');
      const today = new Date(Date.now() + jump).toISOString().slice(0, 10);
      for (const replica of gate.replicas)
        assert.ok((await replica.log()).includes(today), `${replica.name}: ${today}`);
    }
    await assertAsFresh(gate, 'fresh-clock');
  });

  test('after all of it a restart of everything changes nothing', async () => {
    await watch.stop();
    await assertRestartWritesNothingNew(gate);
  });
});
