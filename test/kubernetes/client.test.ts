import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { suite, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { createKubeClient, KubeApiError } from '../../src/kubernetes/client.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { collectionPath, placePath, resources } from '../../src/kubernetes/resources.ts';
import { answer, FakeApi } from '../support/fake-api.ts';

const place = { resource: resources.configMaps, namespace: 'default', name: 'a' } as const;
const ingress = { resource: resources.ingresses, namespace: 'shop', name: 'web' } as const;
const object = { metadata: { name: 'a', namespace: 'default' } };

async function setUp(t: TestContext) {
  const api = await new FakeApi().start();
  const client = createKubeClient(api.connection());
  t.after(async () => {
    client.close();
    await api.stop();
  });
  return { api, client };
}

async function failure(call: Promise<unknown>): Promise<KubeApiError> {
  const error: unknown = await call.then(
    () => assert.fail('it went well'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof KubeApiError, String(error));
  return error;
}

suite('paths', () => {
  test('of the core group, of others, of the cluster', () => {
    assert.equal(collectionPath({ resource: resources.secrets }), '/api/v1/secrets');
    assert.equal(collectionPath({ resource: resources.namespaces }), '/api/v1/namespaces');
    assert.equal(placePath(ingress), '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web');
    assert.equal(
      placePath({ resource: resources.clusterAccessPolicies, name: 'x' }),
      '/apis/cognito-gate.dev/v1alpha1/clusteraccesspolicies/x',
    );
  });

  test('never leave their place, whatever the name', () => {
    assert.equal(
      placePath({ ...place, name: '../../x?y#z' }),
      '/api/v1/namespaces/default/configmaps/..%2F..%2Fx%3Fy%23z',
    );
    assert.throws(() => placePath({ resource: resources.configMaps, name: 'a' }), /ConfigMap a: a namespace is needed/);
    assert.throws(() => placePath({ ...place, resource: resources.namespaces }), /no namespace is needed/);
  });
});

suite('the client', () => {
  test('makes, reads, replaces and removes one object', async (t) => {
    const { api, client } = await setUp(t);
    assert.equal(await client.get(place), undefined);
    const made = await client.create(place, object);
    assert.equal(made.metadata.uid, (await client.get(place))?.metadata.uid);
    await client.replace(place, {
      ...object,
      metadata: { ...object.metadata, resourceVersion: made.metadata.resourceVersion },
    });
    const stale = await failure(client.replace(place, made));
    assert.deepEqual([stale.status, stale.reason], [409, 'Conflict']);
    assert.equal(stale.message, 'made Conflict (PUT /api/v1/namespaces/default/configmaps/a, HTTP 409)');
    assert.equal((await failure(client.create(place, object))).reason, 'AlreadyExists');
    assert.equal(await client.remove(place, { uid: made.metadata.uid }), true);
    assert.deepEqual(api.requests.at(-1)?.body, {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: made.metadata.uid },
    });
    assert.equal(await client.remove(place), false);
    assert.ok(api.requests.every(({ headers }) => headers.authorization === 'Bearer test'));
  });

  test('asks for an apply and a merge as the API server wants them', async (t) => {
    const { api, client } = await setUp(t);
    api.fault((_, response) => {
      answer(response, 200, { metadata: { name: 'web', uid: '1', resourceVersion: '2' } });
      return true;
    });
    await client.apply(ingress, { a: 1 }, { fieldManager: 'cognito-gate/x', force: true, dryRun: true });
    const applied = api.requests.at(-1);
    assert.equal(applied?.method, 'PATCH');
    assert.equal(applied.headers['content-type'], 'application/apply-patch+yaml');
    assert.deepEqual(Object.fromEntries(applied.query), {
      fieldManager: 'cognito-gate/x',
      force: 'true',
      dryRun: 'All',
    });
    assert.deepEqual(applied.body, { a: 1 });
    await client.merge(ingress, { b: null }, { fieldManager: 'm', subresource: 'status' });
    const merged = api.requests.at(-1);
    assert.equal(merged?.headers['content-type'], 'application/merge-patch+json');
    assert.equal(merged.path, '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web/status');
    assert.deepEqual(Object.fromEntries(merged.query), { fieldManager: 'm' });
  });

  test('tells what a refusal said: the server’s words, its reason, and when to come again', async (t) => {
    const { api, client } = await setUp(t);
    api.refuse('any', 429, 1, { 'retry-after': '7' });
    const told = await failure(client.get(place));
    assert.deepEqual([told.status, told.reason, told.retryAfterSeconds], [429, 'Reason429', 7]);
    api.fault((_, response) => {
      response.writeHead(502, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }).end('<html>Bad gateway</html>');
      return true;
    });
    const odd = await failure(client.get(place));
    assert.deepEqual([odd.status, odd.reason, odd.retryAfterSeconds], [502, 'HTTP502', undefined]);
  });

  for (const [what, body] of [
    ['no JSON', 'hello'],
    ['no object', '7'],
    ['no list', '{"kind":"Status","status":"Success"}'],
    [
      'a list of nothing that is an object',
      '{"kind":"XList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{}]}',
    ],
  ] as const) {
    test(`says so when a good answer is ${what}`, async (t) => {
      const { api, client } = await setUp(t);
      api.fault((_, response) => response.writeHead(200).end(body) !== undefined);
      assert.equal((await failure(client.list({ resource: resources.configMaps }))).reason, 'Malformed');
    });
  }

  test('gives up a call whose answer does not come, or is asked to', async (t) => {
    const { api, client } = await setUp(t);
    api.hang(true);
    const transport = createTransport(api.connection(), 50);
    t.after(() => transport.close());
    const silent = await failure(transport.json({ method: 'GET', path: '/x' }));
    assert.deepEqual([silent.status, silent.reason, silent.message], [0, 'Timeout', 'GET /x: nothing came for 0.05 s']);
    const given = await failure(client.list({ resource: resources.configMaps }, AbortSignal.timeout(50)));
    assert.deepEqual([given.status, given.reason], [0, 'Aborted']);
  });

  test('says what is wrong on the way', async (t) => {
    const { api, client } = await setUp(t);
    await api.stop();
    const refused = await failure(client.get(place));
    assert.deepEqual([refused.status, refused.reason], [0, 'Network']);
    assert.match(refused.message, /ECONNREFUSED/);
    const unreadable = { ...api.connection(), headers: () => Promise.reject(new Error('the token file is gone')) };
    const other = createKubeClient(unreadable);
    assert.match((await failure(other.get(place))).message, /the token file is gone/);
  });

  test('keeps its connection', async (t) => {
    const { api, client } = await setUp(t);
    for (let i = 0; i < 50; i += 1) await client.list({ resource: resources.configMaps });
    assert.equal(api.connections, 1);
  });

  test('reaches a server below a path', async (t) => {
    const { api } = await setUp(t);
    const { server, ...rest } = api.connection();
    const client = createKubeClient({ ...rest, server: new URL('/k8s/clusters/c-1/', server) });
    t.after(() => client.close());
    await client.list({ resource: resources.configMaps });
    assert.equal(api.requests[0]?.path, '/k8s/clusters/c-1/api/v1/configmaps');
  });

  test('never goes through a proxy of the environment', async (t) => {
    const { api } = await setUp(t);
    const script = `
      import { createKubeClient } from '${import.meta.resolve('../../src/kubernetes/client.ts')}';
      import { resources } from '${import.meta.resolve('../../src/kubernetes/resources.ts')}';
      const connection = { server: new URL('${api.connection().server.href}'), tls: () => ({}), headers: async () => ({}) };
      const client = createKubeClient(connection);
      await client.list({ resource: resources.secrets });
      client.close();`;
    const nowhere = 'http://127.0.0.1:9';
    const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, ALL_PROXY: nowhere };
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
    assert.equal(api.requests[0]?.path, '/api/v1/secrets');
  });
});
