/** An API server that goes, hangs, forgets and refuses: nothing opens meanwhile, and it ends where a fresh start would. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before, suite, test } from 'node:test';
import { ApiProxy, answerStatus } from '../../support/api-proxy.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { signedIn } from '../../support/gate-session.ts';
import { assertAsFresh, assertRestartWritesNothingNew, listed, refusals } from '../../support/gate-state.ts';
import { askDecision, watchDecisions } from '../../support/gate-watch.ts';
import type { Asked, GateWatch } from '../../support/gate-watch.ts';
import { until } from '../../support/until.ts';

const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const shop: Asked = { namespace: 'shop', name: 'shop', host: gateHosts.shop };
const marked = { 'cognito-gate.dev/allowed-groups': 'admins' };

suite('an API server that fails', () => {
  let gate: GateCluster;
  let proxy: ApiProxy;
  let watch: GateWatch;
  let count = 0;
  const starts: number[] = [];

  const everywhere = async (asked: Asked, status: number): Promise<boolean> => {
    const answers = await Promise.all(gate.replicas.map(async (replica) => await askDecision(replica, asked)));
    return answers.every((answer) => answer === status);
  };
  /** What one change comes to: decided on every replica, wired, and where a fresh start ends. */
  const aChangeArrives = async (timeoutMs = 30_000): Promise<void> => {
    count += 1;
    const name = `app-${count}`;
    const asked = { namespace: name, name, host: `${name}.example.com` };
    await gate.app(name, { host: asked.host });
    const policy = {
      targetRefs: [{ group: 'networking.k8s.io', kind: 'Ingress', name }],
      rules: [{ name: 'all', access: 'SignedIn' }],
    };
    const metadata = { name, namespace: name };
    await gate.apply(
      JSON.stringify({ apiVersion: 'cognito-gate.dev/v1alpha1', kind: 'AccessPolicy', metadata, spec: policy }),
    );
    await until(async () => await everywhere(asked, 401), `decisions about ${name}`, timeoutMs);
    const wired = async (): Promise<boolean> =>
      (await listed(gate.cluster, 'ingresses', '-n', name))[0]?.metadata.annotations?.[authUrl] !== undefined;
    await until(wired, `the wiring of ${name}`, timeoutMs);
  };
  const endsAsFresh = async (): Promise<void> => await assertAsFresh(gate, `fresh-${count}`);

  before(async () => {
    gate = await startGateCluster({ apiThrough: async (cluster) => (proxy = await ApiProxy.start(cluster)).url });
    await gate.app('shop', { host: gateHosts.shop, annotations: marked });
    await until(async () => await everywhere(shop, 401), 'decisions');
    const cookie = await signedIn(gate, shop.host, 'ada');
    watch = watchDecisions(
      () => gate.replicas,
      () => [shop, { ...shop, cookie }],
    );
  });
  after(async () => {
    await watch?.stop();
    await gate?.stop();
    await proxy?.stop();
  });
  afterEach(async () => {
    assert.deepEqual(watch.faults(), []);
    assert.deepEqual(await refusals(gate.cluster, starts), []);
  });

  test('P21: the API server restarted, once in an orderly way and once killed in the middle of everything', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await gate.cluster.stopApi(signal);
      await sleep(2000);
      starts.push(Date.now());
      await gate.cluster.startApi();
      await aChangeArrives();
    }
    await endsAsFresh();
  });

  test('etcd paused for longer than a Lease lasts: nobody leads, and then one does', async () => {
    gate.cluster.pauseEtcd();
    await until(
      async () => !(await Promise.all(gate.replicas.map((one) => one.leads()))).some(Boolean),
      'no leader',
      15_000,
    );
    gate.cluster.resumeEtcd();
    await aChangeArrives();
    await endsAsFresh();
  });

  test('watches cut in the middle of an event, and every connection reset', async () => {
    proxy.cut(6);
    await aChangeArrives();
    await until(() => proxy.cutsLeft === 0, 'all cuts');
    proxy.reset();
    await aChangeArrives();
    await endsAsFresh();
  });

  test('410 for watches, at once and within the stream', async () => {
    let left = 12;
    const end = proxy.fault(({ query }, response) => {
      if (!query.has('watch') || left === 0) return false;
      left -= 1;
      if (left % 2 === 0) return answerStatus(response, 410);
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return true;
    });
    proxy.reset();
    await aChangeArrives();
    end();
    assert.equal(left, 0);
    await endsAsFresh();
  });

  test('429 with Retry-After for everything, writes too', async () => {
    let asked = 0;
    const end = proxy.fault((_, response) => {
      asked += 1;
      return answerStatus(response, 429, { 'retry-after': '1' });
    });
    proxy.reset();
    await sleep(2500);
    end();
    // "Later" is believed: nobody hammers.
    assert.ok(asked < 200, `${asked} requests`);
    await aChangeArrives();
    await endsAsFresh();
  });

  test('lists that fail halfway: by 410, by 500 and by a lost connection', async () => {
    const faults = [
      (response: Parameters<typeof answerStatus>[0]) => void answerStatus(response, 410),
      (response: Parameters<typeof answerStatus>[0]) => void answerStatus(response, 500),
      (response: Parameters<typeof answerStatus>[0]) => void response.destroy(),
    ];
    let tries = 0;
    const end = proxy.fault(({ query }, response) => {
      if (query.has('watch') && tries < 3) return answerStatus(response, 410);
      if (!query.has('continue') || tries >= 9) return false;
      tries += 1;
      faults[tries % 3]?.(response);
      return true;
    });
    proxy.reset();
    await until(() => tries >= 9, 'lists to have failed', 30_000);
    end();
    await aChangeArrives();
    await endsAsFresh();
  });

  test('after all of it a restart of everything changes nothing', async () => {
    await watch.stop();
    await assertRestartWritesNothingNew(gate);
  });
});
