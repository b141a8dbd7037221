/** Ingresses come and go while somebody outside asks without end: not one request reaches an app. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { KubeApiError } from '../../../src/kubernetes/api-error.ts';
import type { WatchEvent } from '../../../src/kubernetes/client.ts';
import { resources } from '../../../src/kubernetes/resources.ts';
import { startApp } from '../../support/app.ts';
import type { App } from '../../support/app.ts';
import { ingress, listOf, localService, namespace } from '../../support/cluster/objects.ts';
import type { TestObject } from '../../support/cluster/objects.ts';
import { startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { startNginxIngress } from '../../support/nginx-ingress.ts';
import type { NginxIngress } from '../../support/nginx-ingress.ts';
import { freePort } from '../../support/ports.ts';
import { startProbing } from '../../support/probing.ts';
import type { Probing } from '../../support/probing.ts';
import { until } from '../../support/until.ts';
import { startTraefik } from '../../support/traefik.ts';
import type { Traefik } from '../../support/traefik.ts';

const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const rules = { rules: [{ name: 'admins', allow: [{ groups: ['admins'] }] }] };

function policy(name: string, target?: string): TestObject {
  const targetRefs =
    target === undefined ? {} : { targetRefs: [{ group: 'networking.k8s.io', kind: 'Ingress', name: target }] };
  const metadata = { name, namespace: 'probed' };
  return { apiVersion: 'cognito-gate.dev/v1alpha1', kind: 'AccessPolicy', metadata, spec: { ...rules, ...targetRefs } };
}

suite('probed from outside', { timeout: 180_000 }, () => {
  let gate: GateCluster;
  let nginx: NginxIngress;
  let traefik: Traefik;
  let app: App;
  let probing: Probing;
  const open: string[] = [];
  const watching = new AbortController();
  let watched: Promise<void>;

  before(async () => {
    gate = await startGateCluster();
    const { cluster, folder, port, tls } = gate;
    const ports = { http: await freePort(), https: await freePort() };
    nginx = await startNginxIngress({ cluster, folder: join(folder, 'nginx'), port, tls });
    traefik = await startTraefik({
      cluster,
      folder: join(folder, 'traefik'),
      httpPort: ports.http,
      httpsPort: ports.https,
      tls,
    });
    app = await startApp('probed');
    await cluster.kubectl('apply', '-f', '-', {
      input: listOf(namespace('probed'), localService('probed', 'app', app.port)),
    });
    watched = watchStored();
    probing = startProbing([port, ports.https]);
  });
  after(async () => {
    await probing?.stop();
    watching.abort();
    await watched;
    await traefik?.stop();
    await nginx?.stop();
    await gate?.stop();
    await app?.close();
  });

  /** Every version of a protected Ingress that was ever stored: what no probe may be quick enough to meet. */
  async function watchStored(): Promise<void> {
    const collection = { resource: resources.ingresses };
    const { resourceVersion } = await gate.cluster.client().list(collection);
    const { signal } = watching;
    try {
      for await (const events of gate.cluster
        .client()
        .watch(collection, resourceVersion, { signal, idleMs: 600_000, timeoutSeconds: 600 })) {
        events.forEach(look);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  function look(event: WatchEvent): void {
    if (event.type !== 'ADDED' && event.type !== 'MODIFIED') return;
    const { metadata } = event.object;
    if (
      metadata.namespace === 'cognito-gate' ||
      metadata.labels?.['open'] === 'true' ||
      metadata.annotations?.[authUrl] !== undefined
    )
      return;
    open.push(`${metadata.name} at ${metadata.resourceVersion}`);
  }

  const hostOf = (name: string): string => `${name}.probed.localhost`;
  const object = (name: string, annotations: Readonly<Record<string, string>>): TestObject =>
    ingress({
      namespace: 'probed',
      name,
      host: hostOf(name),
      annotations,
      paths: [{ path: '/', pathType: 'Prefix', service: 'app', port: app.port }],
    });
  const place = (name: string) => ({ resource: resources.ingresses, namespace: 'probed', name });
  /** Whether it was created: with the webhook down it must not be. */
  const create = async (name: string, annotations: Readonly<Record<string, string>>): Promise<boolean> => {
    probing.add(hostOf(name));
    try {
      await gate.cluster.client().create(place(name), object(name, annotations));
      return true;
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 500) return false;
      throw error;
    }
  };
  const remove = async (name: string): Promise<unknown> => await gate.cluster.client().remove(place(name));
  const apply = async (...objects: readonly TestObject[]): Promise<unknown> =>
    await gate.cluster.kubectl('apply', '-f', '-', { input: listOf(...objects) });
  const createPolicy = async (name: string, target?: string): Promise<unknown> =>
    await gate.cluster
      .client()
      .create({ resource: resources.accessPolicies, namespace: 'probed', name }, policy(name, target));

  const named = (name: string): Record<string, string> => ({ 'cognito-gate.dev/policy': name });
  /** One Ingress of each way in which they come; how many were created. */
  async function round(id: string): Promise<number> {
    let made = 0;
    const make = async (name: string, annotations: Readonly<Record<string, string>>): Promise<void> => {
      if (await create(name, annotations)) made += 1;
    };
    await make(`alone-${id}`, named('nobody'));
    await make(`before-${id}`, named(`before-${id}`));
    await createPolicy(`before-${id}`);
    await createPolicy(`after-${id}`);
    await make(`after-${id}`, named(`after-${id}`));
    await make(`inline-${id}`, { 'cognito-gate.dev/allowed-groups': 'admins' });
    await remove(`inline-${id}`);
    await make(`inline-${id}`, { 'cognito-gate.dev/access': 'SignedIn' });
    return made;
  }

  const nothingGotThrough = (): void => {
    assert.deepEqual(open, []);
    assert.equal(app.requests, 0, `${app.requests} of ${probing.count()} requests reached the app`);
  };
  /** The proxies serve it, and refuse. */
  const isRefusing = async (name: string): Promise<void> =>
    await until(
      () => [302, 401, 403].some((status) => (probing.of(hostOf(name)).get(status) ?? 0) > 3),
      `${name} to be served: ${JSON.stringify([...probing.of(hostOf(name))])}`,
      20_000,
    );

  test('marked: alone, before their policy, after it, deleted and made again', async () => {
    for (let nth = 0; nth < 10; nth += 1) assert.equal(await round(`up-${nth}`), 5);
    for (const way of ['alone', 'before', 'after', 'inline']) await isRefusing(`${way}-up-9`);
    nothingGotThrough();
  });

  test('only named by targetRefs, the policy there first: wired in the very request', async () => {
    for (let nth = 0; nth < 10; nth += 1) {
      await createPolicy(`target-${nth}`, `target-${nth}`);
      await create(`target-${nth}`, {});
      await remove(`target-${nth}`);
      await create(`target-${nth}`, {});
      if (nth % 2 === 0) continue;
      const file = `file-${nth}`;
      probing.add(hostOf(file));
      await apply(policy(file, file), object(file, {}));
    }
    await isRefusing('target-9');
    await isRefusing('file-9');
    nothingGotThrough();
  });

  test('only selected, by labels or by the platform, in a namespace that was made a moment before', async () => {
    const platform = {
      apiVersion: 'cognito-gate.dev/v1alpha1',
      kind: 'ClusterAccessPolicy',
      metadata: { name: 'inside' },
      spec: { selector: { namespaces: { matchLabels: { exposure: 'inside' } } }, default: rules },
    };
    const selecting = policy('selecting');
    await apply({ ...selecting, spec: { ...rules, targetSelector: { matchLabels: { kind: 'selected' } } } }, platform);
    const client = gate.cluster.client();
    for (let nth = 0; nth < 5; nth += 1) {
      const selected = object(`selected-${nth}`, {});
      probing.add(hostOf(`selected-${nth}`));
      await client.create(place(`selected-${nth}`), {
        ...selected,
        metadata: { ...selected.metadata, labels: { kind: 'selected' } },
      });
      const within = `inside-${nth}`;
      probing.add(hostOf(within));
      await apply(namespace(within, { exposure: 'inside' }), localService(within, 'app', app.port), {
        ...object(within, {}),
        metadata: { name: within, namespace: within },
      });
    }
    await isRefusing('selected-4');
    await isRefusing('inside-4');
    const { name: _name, ...nameless } = object('nameless', {}).metadata;
    const generated = {
      ...object('nameless', {}),
      metadata: { ...nameless, generateName: 'a-', labels: { kind: 'selected' } },
    };
    const refused = await gate.cluster.tryKubectl('create', '-f', '-', { input: JSON.stringify(generated) });
    assert.match(refused.stderr, /give it metadata\.name instead/);
    nothingGotThrough();
  });

  test('the leader killed in the middle of it', async () => {
    const leader = (await Promise.all(gate.replicas.map(async (one) => ((await one.leads()) ? [one] : [])))).flat()[0];
    assert.ok(leader);
    const rounds = (async () => {
      for (let nth = 0; nth < 10; nth += 1) {
        await round(`killed-${nth}`);
        await createPolicy(`named-${nth}`, `named-${nth}`);
        await create(`named-${nth}`, {});
      }
    })();
    await leader.kill();
    await rounds;
    for (const name of ['after-killed-9', 'named-9']) await isRefusing(name);
    await leader.start();
    await until(() => leader.ready(), 'the replica to be back', 30_000);
    nothingGotThrough();
  });

  test('the webhook down: none is created, none is opened', async () => {
    await apply(namespace('strict', { 'cognito-gate.dev/required': 'true' }));
    const restore = await gate.cutWebhook();
    for (let nth = 0; nth < 5; nth += 1) assert.equal(await round(`down-${nth}`), 0);
    const bare = object('after-up-1', {});
    const replaced = await gate.cluster.tryKubectl('replace', '-f', '-', { input: JSON.stringify(bare) });
    assert.notEqual(replaced.code, 0);
    const unmarked = { ...object('strict', {}), metadata: { name: 'strict', namespace: 'strict' } };
    const strict = await gate.cluster.tryKubectl('create', '-f', '-', { input: JSON.stringify(unmarked) });
    assert.match(strict.stderr, /failed calling webhook "wire-required/);
    // An ordinary deploy doesn't wait for us.
    await gate.cluster.kubectl('label', 'ingress', 'after-up-2', '-n', 'probed', 'deployed=today');
    await remove('alone-up-1');
    assert.equal(await create('alone-up-1', named('nobody')), false);
    await restore();
    await until(() => create('alone-up-1', named('nobody')), 'the webhook to be back', 20_000);
    await isRefusing('alone-up-1');
    nothingGotThrough();
  });

  test('every replica gone: what is wired stays closed', async () => {
    await Promise.all(gate.replicas.map((replica) => replica.kill()));
    const before = probing.count();
    await until(() => probing.count() > before + 100, 'a hundred requests', 20_000);
    assert.equal(await create('gone', named('nobody')), false);
    nothingGotThrough();
  });

  test('the probe is no blind one: what nothing protects is reached', async () => {
    await apply({ ...object('open', {}), metadata: { ...object('open', {}).metadata, labels: { open: 'true' } } });
    probing.add(hostOf('open'));
    await until(() => app.requests > 0, 'the app', 20_000);
  });
});
