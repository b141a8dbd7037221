import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { after, before, suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createKubeClient, KubeApiError, type KubeClient } from '../../src/kubernetes/client.ts';
import { openConnection } from '../../src/kubernetes/connection.ts';
import { createHeartbeat, createLease } from '../../src/kubernetes/lease.ts';
import { createReflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { resources, type Collection } from '../../src/kubernetes/resources.ts';
import { startCluster, type Cluster } from '../support/cluster/cluster.ts';
import { until } from '../support/until.ts';

let cluster: Cluster;
let client: KubeClient;

before(async () => {
  cluster = await startCluster();
  client = cluster.client();
});
after(async () => await cluster.stop());

const configMap = (name: string, namespace = 'default') =>
  ({ resource: resources.configMaps, namespace, name }) as const;
const made = async (name: string, data: Record<string, string> = {}, namespace = 'default') =>
  await client.create(configMap(name, namespace), { metadata: { name, labels: { test: 'yes' } }, data });

async function failure(call: Promise<unknown>): Promise<KubeApiError> {
  const error: unknown = await call.then(
    () => assert.fail('it went well'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof KubeApiError, String(error));
  return error;
}

function follow(t: TestContext, collection: Collection, options: Partial<ReflectorOptions> = {}) {
  const errors: Error[] = [];
  const own = createKubeClient(openConnection({ kubeconfig: cluster.kubeconfig }, {}));
  const reflector = createReflector({
    client: own,
    collection,
    onChange: () => undefined,
    onError: (error) => errors.push(error),
    now: Date.now,
    random: Math.random,
    ...options,
    timings: { minDelayMs: 100, maxDelayMs: 1000, missingDelayMs: 500, recheckMs: 500, ...options.timings },
  });
  const stop = new AbortController();
  const done = reflector.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await done;
    own.close();
  });
  const names = (): string =>
    reflector
      .items()
      .map(({ metadata }) => metadata.name)
      .toSorted()
      .join();
  return { reflector, names, errors };
}

suite('the client, on a real API server', () => {
  test('lists more than a page, with kind and version filled in', async () => {
    await cluster.kubectl('create', 'namespace', 'many');
    for (let i = 0; i < 510; i += 30)
      await Promise.all(Array.from({ length: 30 }, async (_, j) => await made(`m${i + j}`, {}, 'many')));
    const { items } = await client.list({
      resource: resources.configMaps,
      namespace: 'many',
      labelSelector: 'test=yes',
    });
    assert.equal(items.length, 510);
    assert.ok(items.every(({ kind, apiVersion }) => kind === 'ConfigMap' && apiVersion === 'v1'));
    const one = { resource: resources.configMaps, fieldSelector: 'metadata.name=m7' };
    assert.equal((await client.list(one)).items.length, 1);
  });

  test('applies fields that it owns, and leaves those of others', async () => {
    const place = { resource: resources.ingresses, namespace: 'default', name: 'web' } as const;
    const backend = { service: { name: 'web', port: { number: 80 } } };
    await client.create(place, {
      metadata: { name: 'web', annotations: { theirs: 'stays' } },
      spec: { defaultBackend: backend },
    });
    const ours = (annotations: Record<string, string>) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', namespace: 'default', annotations },
    });
    const fieldManager = 'cognito-gate/test';
    await client.apply(place, ours({ mine: '1', other: '2' }), { fieldManager, dryRun: true });
    assert.deepEqual((await client.get(place))?.metadata.annotations, { theirs: 'stays' });
    await client.apply(place, ours({ mine: '1', other: '2' }), { fieldManager });
    await client.apply(place, ours({ mine: '3' }), { fieldManager });
    assert.deepEqual((await client.get(place))?.metadata.annotations, { theirs: 'stays', mine: '3' });
    const conflict = await failure(client.apply(place, ours({ theirs: 'taken' }), { fieldManager }));
    assert.equal(conflict.status, 409);
    await client.apply(place, ours({ theirs: 'taken' }), { fieldManager, force: true });
    await client.apply(
      place,
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        status: { loadBalancer: { ingress: [{ hostname: 'x.example' }] } },
      },
      { fieldManager, subresource: 'status' },
    );
    const after = await client.merge(place, { metadata: { annotations: { theirs: null } } }, { fieldManager });
    assert.equal(after.metadata.annotations?.['theirs'], undefined);
    assert.deepEqual(after['status'], { loadBalancer: { ingress: [{ hostname: 'x.example' }] } });
  });

  test('changes and removes only the object that it saw', async () => {
    const first = await made('seen');
    const stale = { metadata: { resourceVersion: first.metadata.resourceVersion }, data: { a: '1' } };
    await client.merge(configMap('seen'), stale, { fieldManager: 'test' });
    assert.equal((await failure(client.merge(configMap('seen'), stale, { fieldManager: 'test' }))).reason, 'Conflict');
    assert.equal((await failure(client.replace(configMap('seen'), first))).reason, 'Conflict');
    assert.equal((await failure(client.remove(configMap('seen'), { uid: 'another' }))).status, 409);
    assert.equal(await client.remove(configMap('seen'), { uid: first.metadata.uid }), true);
    assert.equal(await client.remove(configMap('seen')), false);
    assert.equal(await client.get(configMap('seen')), undefined);
  });

  test('tells in the server’s words what is wrong', async () => {
    const place = { resource: resources.ingresses, namespace: 'default', name: 'bad' } as const;
    const error = await failure(
      client.create(place, { metadata: { name: 'bad' }, spec: { rules: [{ host: 'a..b' }] } }),
    );
    assert.deepEqual([error.status, error.reason], [422, 'Invalid']);
    assert.match(
      error.message,
      /^Ingress\.networking\.k8s\.io "bad" is invalid: spec\.rules\[0\]\.host: .*HTTP 422\)$/s,
    );
    const tokenless = createKubeClient({
      ...openConnection({ kubeconfig: cluster.kubeconfig }, {}),
      tls: () => ({ ca: cluster.ca }),
      headers: async () => ({ authorization: 'Bearer wrong' }),
    });
    assert.equal((await failure(tokenless.get(configMap('x')))).reason, 'Unauthorized');
    tokenless.close();
  });
});

const things = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.test.dev' },
  spec: {
    group: 'test.dev',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};
const thing = { group: 'test.dev', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
const definition = { resource: resources.customResourceDefinitions, name: 'things.test.dev' };
const madeThing = (name: string) =>
  client.create(
    { resource: thing, namespace: 'default', name },
    { apiVersion: 'test.dev/v1', kind: 'Thing', metadata: { name } },
  );

suite('a reflector, on a real API server', () => {
  const followed = { resource: resources.configMaps, namespace: 'default', labelSelector: 'test=yes' };

  test('follows, and includes a change by its version', async (t) => {
    const { reflector, names } = follow(t, followed);
    await until(() => reflector.synced(), 'synced');
    await made('f1');
    const second = await made('f2', { a: 'é' });
    await until(() => names() === 'f1,f2', 'both');
    assert.equal(reflector.version(), second.metadata.resourceVersion);
    assert.equal(reflector.get('default', 'f2')?.metadata.managedFields, undefined);
    await client.remove(configMap('f1'));
    const again = await made('f1');
    await until(() => reflector.get('default', 'f1')?.metadata.uid === again.metadata.uid, 'the new one');
    await Promise.all([client.remove(configMap('f1')), client.remove(configMap('f2'))]);
    await until(() => names() === '', 'none');
  });

  test('five hundred objects that go at once', async (t) => {
    let asked = 0;
    const believeDeletions = async (): Promise<boolean> => {
      asked += 1;
      return (await client.get({ resource: resources.namespaces, name: 'many' })) !== undefined;
    };
    const many = { resource: resources.configMaps, namespace: 'many', labelSelector: 'test=yes' };
    const { reflector, errors } = follow(t, many, { believeDeletions });
    await until(() => reflector.items().length === 510, 'all of them');
    await cluster.kubectl('delete', 'configmaps', '-n', 'many', '-l', 'test=yes', '--wait=false');
    await until(() => reflector.items().length === 0, 'none', 30_000);
    assert.ok(asked > 0 && asked <= 510, `asked ${asked} times`);
    assert.deepEqual(errors, []);
  });

  test('an API server that is killed, and one that is stopped in good order: ends where a fresh one would', async (t) => {
    await made('k1');
    await made('k2');
    const { reflector, names, errors } = follow(t, followed);
    await until(() => names() === 'k1,k2', 'both');
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await cluster.stopApi(signal);
      await sleep(500);
      assert.equal(names(), signal === 'SIGKILL' ? 'k1,k2' : 'k1,k2,k3');
      assert.ok(reflector.synced());
      await cluster.startApi();
      if (signal === 'SIGKILL') await made('k3');
      else await client.remove(configMap('k1'));
      await until(() => names() === (signal === 'SIGKILL' ? 'k1,k2,k3' : 'k2,k3'), `what is there after ${signal}`);
    }
    assert.ok(errors.length > 0);
    await Promise.all([client.remove(configMap('k2')), client.remove(configMap('k3'))]);
  });

  test('an etcd that stands still: nothing is lost', async (t) => {
    await made('e1');
    const { names } = follow(t, followed);
    await until(() => names() === 'e1', 'one');
    cluster.pauseEtcd();
    const late = made('e2').catch(() => undefined);
    await sleep(2000);
    assert.equal(names(), 'e1');
    cluster.resumeEtcd();
    await late;
    await until(() => names() === 'e1,e2', 'both', 20_000);
    await Promise.all([client.remove(configMap('e1')), client.remove(configMap('e2'))]);
  });

  test('a CRD that is deleted keeps its objects here; those that are there when it is back are in force', async (t) => {
    await client.create(definition, things);
    await until(async () => (await client.list({ resource: thing }).catch(() => undefined)) !== undefined, 'the kind');
    await madeThing('one');
    await madeThing('two');
    const believeDeletions = async (): Promise<boolean> => {
      const crd = await client.get(definition);
      return crd !== undefined && crd.metadata.deletionTimestamp === undefined;
    };
    const { reflector, names, errors } = follow(t, { resource: thing }, { believeDeletions });
    await until(() => names() === 'one,two', 'both');
    await client.remove({ resource: thing, namespace: 'default', name: 'two' });
    await until(() => names() === 'one', 'a deletion that is meant');
    await client.remove(definition);
    await until(() => errors.some((error) => error instanceof KubeApiError && error.status === 404), 'a 404');
    await sleep(1500);
    assert.equal(names(), 'one');
    assert.ok(reflector.synced());
    await client.create(definition, things);
    await until(async () => (await madeThing('three').catch(() => undefined)) !== undefined, 'the kind is back');
    await until(() => names() === 'three', 'what is there now');
  });
});

function contend(t: TestContext, identity: string): { child: ChildProcess; told: () => string } {
  const script = fileURLToPath(import.meta.resolve('../support/lease-contender.ts'));
  const args = [script, cluster.kubeconfig, 'default', 'killed', identity];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  t.after(() => child.kill('SIGKILL'));
  return { child, told: () => text };
}

suite('a Lease, on a real API server', () => {
  test('whose holder is killed is taken by another within 15 s; a good end hands it over at once', async (t) => {
    const one = contend(t, 'one');
    await until(() => one.told() === 'leading\n', 'one leads');
    const two = contend(t, 'two');
    await sleep(4000);
    assert.equal(two.told(), '');
    one.child.kill('SIGKILL');
    await until(() => two.told() === 'leading\n', 'two leads', 15_000);
    const three = contend(t, 'three');
    await sleep(1000);
    two.child.kill('SIGTERM');
    await until(() => three.told() === 'leading\n', 'three leads', 5000);
    assert.equal(two.told(), 'leading\nfollowing\n');
    const lease = await client.get({ resource: resources.leases, namespace: 'default', name: 'killed' });
    assert.equal((lease?.['spec'] as { leaseTransitions?: number } | undefined)?.leaseTransitions, 2);
  });

  test('is let go while the API server is away, and held again afterwards', async (t) => {
    const stop = new AbortController();
    const told: boolean[] = [];
    const lease = createLease({
      client,
      namespace: 'default',
      name: 'away',
      identity: 'one',
      now: Date.now,
      random: Math.random,
      onChange: (leading) => told.push(leading),
    });
    const done = lease.run(stop.signal);
    t.after(async () => {
      stop.abort();
      await done;
    });
    await until(() => lease.leading(), 'leading');
    await cluster.stopApi('SIGKILL');
    await until(() => told.join() === 'true,false', 'let go', 9000);
    assert.equal(lease.leading(), false);
    await cluster.startApi();
    await until(() => lease.leading(), 'leading again');
  });

  test('that is a heartbeat comes and goes', async () => {
    const place = { resource: resources.leases, namespace: 'default', name: 'replica-a' } as const;
    const stop = new AbortController();
    const errors: Error[] = [];
    const options = { client, namespace: 'default', name: 'replica-a', identity: 'a', labels: { 'test.dev/of': 'x' } };
    const onError = (error: Error): void => void errors.push(error);
    const done = createHeartbeat({ ...options, now: Date.now, random: Math.random, renewSeconds: 1, onError }).run(
      stop.signal,
    );
    await until(async () => (await client.get(place)) !== undefined, 'there');
    const first = (await client.get(place))?.metadata.resourceVersion;
    await until(async () => (await client.get(place))?.metadata.resourceVersion !== first, 'renewed');
    assert.equal((await client.list({ resource: resources.leases, labelSelector: 'test.dev/of=x' })).items.length, 1);
    stop.abort();
    await done;
    assert.equal(await client.get(place), undefined);
    assert.deepEqual(errors, []);
  });
});
