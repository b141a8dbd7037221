import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { issueLeaf, makeAuthority } from '../../src/controller/issue-certificate.ts';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { ingress, ingressClass, listOf, namespace } from '../support/cluster/objects.ts';
import type { TestObject } from '../support/cluster/objects.ts';
import { chartObjects, release } from './webhook-chart.ts';

const serviceAccount = `system:serviceaccount:${release}:${release}`;
const ingresses = '/apis/networking.k8s.io/v1/namespaces';

let cluster: Cluster;
let ownToken: string;
let called: string[] = [];
let stop = (): void => undefined;

/** Says yes to everything and remembers which webhook asked: each has a path of its own here. */
async function startRecorder(): Promise<{ url: string; caBundle: string }> {
  const authority = await makeAuthority(Date.now());
  const pair = await issueLeaf(authority, ['127.0.0.1'], Date.now());
  const server = createServer(pair, (request, response) => {
    called.push((request.url ?? '').slice(1).split('?')[0] ?? '');
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      const { uid } = (JSON.parse(text) as { request: { uid: string } }).request;
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(review));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}`, caBundle: Buffer.from(authority.cert).toString('base64') };
}

type Changes = (object: TestObject) => unknown;

async function create(object: TestObject, token?: string): Promise<{ status: number; text: string }> {
  const path = `${ingresses}/${object.metadata.namespace ?? ''}/ingresses`;
  const { status, body } = await cluster.ask({ method: 'POST', path, body: object }, token);
  return { status, text: JSON.stringify(body) };
}

async function remove(object: TestObject): Promise<void> {
  const path = `${ingresses}/${object.metadata.namespace ?? ''}/ingresses/${object.metadata.name}`;
  const body = { metadata: { finalizers: null } };
  await cluster.ask({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
  await cluster.ask({ method: 'DELETE', path });
}

function app(annotations: Readonly<Record<string, string>> = {}, more: Partial<Parameters<typeof ingress>[0]> = {}) {
  return ingress({ namespace: 'shop', name: 'shop', host: 'shop.example.com', paths: 80, annotations, ...more });
}

before(async () => {
  cluster = await startCluster();
  const { url, caBundle } = await startRecorder();
  const objects = await chartObjects(cluster, { url: (webhook) => `${url}/${webhook}`, caBundle });
  await cluster.kubectl('apply', '-f', '-', {
    input: listOf(
      namespace('shop'),
      namespace('must', { 'cognito-gate.dev/required': 'true' }),
      namespace('broken-glass', { 'cognito-gate.dev/bypass': 'incident-7' }),
      namespace(release),
      ingressClass('nginx'),
    ),
  });
  await cluster.kubectl('create', 'serviceaccount', release, '-n', release);
  const role = ['--clusterrole=cluster-admin', `--serviceaccount=${release}:${release}`];
  await cluster.kubectl('create', 'clusterrolebinding', 'own', ...role);
  ownToken = await cluster.serviceAccountToken(release, release);
  await cluster.kubectl('apply', '-f', '-', { input: listOf(...objects) });
  // The API server takes a moment to read both.
  for (let tries = 0; tries < 200; tries += 1) {
    called = [];
    const object = app({ 'cognito-gate.dev/access': 'SignedIn' }, { name: 'warm-up', host: 'auth.localhost' });
    const { text } = await create(object);
    if (called.length > 0 && text.includes('sign-in host')) return;
    await remove(object);
    await sleep(50);
  }
  throw new Error('the webhooks and the guard never came into force');
});
after(async () => {
  stop();
  await cluster.stop();
});

const wire = ['wire', 'validate'];
const targets = ['wire-targets'];
const required = ['wire-required'];

function annotated(name: string, value: string | undefined): Changes {
  return ({ metadata, ...rest }) => {
    const annotations = { ...(metadata['annotations'] as object), [name]: value };
    return { ...rest, metadata: { ...metadata, annotations } };
  };
}

function specChanged(changes: object): Changes {
  return ({ spec, ...rest }) => ({ ...rest, spec: { ...(spec as object), ...changes } });
}

const mark = { 'cognito-gate.dev/access': 'SignedIn' };
const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const wired = { [authUrl]: 'http://127.0.0.1:8080/nginx/0123456789abcdef0123456789abcdef' };
const status = { 'cognito-gate.dev/status': '{"began":"target","state":"Enforced"}' };

/** Who makes it, what is there before, what is changed, and which webhooks are asked about that. */
const rows: readonly (readonly [what: string, object: TestObject, expected: readonly string[], changes?: Changes])[] = [
  ['creation without anything of ours', app(), targets],
  ['creation with a mark', app(mark), wire],
  ['creation with a mistyped mark', app({ 'cognito-gate.dev/alowed-groups': 'x' }), wire],
  ['creation with a status', app(status), wire],
  ['creation with our wiring', app(wired), wire],
  ["creation with somebody else's auth-url", app({ [authUrl]: 'http://oauth2-proxy/auth' }), targets],
  ['creation with unprotect alone', app({ 'cognito-gate.dev/unprotect': 'true' }), targets],
  ['creation with take-over alone', app({ 'cognito-gate.dev/take-over': 'true' }), targets],
  // A ClusterAccessPolicy may hold it all the same; nobody of another installation waits for us longer than a second.
  ['creation for another installation', app({ ...mark, 'cognito-gate.dev/controller': 'other' }), targets],
  ['creation for this installation by name', app({ 'cognito-gate.dev/controller': 'cognito-gate' }), wire],
  ['creation where it is required', app({}, { namespace: 'must' }), required],
  ['creation with a mark where it is required', app(mark, { namespace: 'must' }), wire],
  ['creation under the bypass label', app(mark, { namespace: 'broken-glass' }), []],
  ['a change of a mark', app(mark), wire, annotated('cognito-gate.dev/access', 'Public')],
  ['a mark that is added', app(), wire, annotated('cognito-gate.dev/access', 'SignedIn')],
  ['a mark that is removed', app(mark), wire, annotated('cognito-gate.dev/access', undefined)],
  ['a status that is removed', app(status), wire, annotated('cognito-gate.dev/status', undefined)],
  ['wiring that is removed', app(wired), wire, annotated(authUrl, undefined)],
  ['wiring that is changed', app({ ...mark, ...wired }), wire, annotated(authUrl, 'http://other/')],
  [
    'sign-in that is changed',
    app(wired),
    wire,
    annotated('nginx.ingress.kubernetes.io/auth-signin', 'https://evil.example'),
  ],
  ['what opens the auth block', app(mark), wire, annotated('nginx.ingress.kubernetes.io/satisfy', 'any')],
  ['a snippet', app(mark), wire, annotated('nginx.ingress.kubernetes.io/configuration-snippet', 'x')],
  ['more hosts by alias', app(mark), wire, annotated('nginx.ingress.kubernetes.io/server-alias', 'b.example.com')],
  ['the class as annotation', app(wired), wire, annotated('kubernetes.io/ingress.class', 'nginx')],
  ['another class', app(mark), wire, specChanged({ ingressClassName: 'other' })],
  ['another host', app(mark), wire, specChanged({ rules: [{ host: 'b.example.com' }] })],
  [
    'a default backend',
    app(mark),
    wire,
    specChanged({ defaultBackend: { service: { name: 'shop', port: { number: 80 } } } }),
  ],
  [
    'another path',
    app(mark),
    wire,
    specChanged(specOf([{ path: '/b', pathType: 'Prefix', service: 'shop', port: 80 }])),
  ],
  ['an ordinary deploy of a marked one: another port', app(mark), targets, specChanged(specOf(81))],
  ['an ordinary deploy of a marked one: an annotation', app(mark), targets, annotated('example.com/build', '7')],
  [
    'an ordinary deploy of a wired one: body size',
    app(wired),
    targets,
    annotated('nginx.ingress.kubernetes.io/proxy-body-size', '10m'),
  ],
  ['an ordinary deploy of another', app(), targets, annotated('example.com/build', '7')],
  ['an ordinary deploy where it is required', app({}, { namespace: 'must' }), required, annotated('a/b', '7')],
  ['a change under the bypass label', app(wired, { namespace: 'broken-glass' }), [], annotated(authUrl, undefined)],
  ['handing over to another installation', app(mark), wire, annotated('cognito-gate.dev/controller', 'other')],
  ['a companion that is changed by hand', companion(), [], annotated('a/b', '7')],
  [
    'an object that is being deleted',
    { ...app(mark), metadata: { ...app(mark).metadata, finalizers: ['example.com/hold'] } },
    [],
    annotated('cognito-gate.dev/access', undefined),
  ],
];

function specOf(paths: Parameters<typeof ingress>[0]['paths']): object {
  return app({}, { paths })['spec'] as object;
}

function companion(): TestObject {
  const object = app({}, { namespace: release });
  return { ...object, metadata: { ...object.metadata, labels: { 'cognito-gate.dev/companion': 'true' } } };
}

async function change(object: TestObject, changes: Changes): Promise<{ status: number; text: string }> {
  const path = `${ingresses}/${object.metadata.namespace ?? ''}/ingresses/${object.metadata.name}`;
  if ('finalizers' in object.metadata) await cluster.ask({ method: 'DELETE', path });
  const { body } = await cluster.ask({ path });
  called = [];
  const answer = await cluster.ask({ method: 'PUT', path, body: changes(body as TestObject) });
  return { status: answer.status, text: JSON.stringify(answer.body) };
}

suite('which webhook is asked about which Ingress', () => {
  for (const [what, object, expected, changes] of rows) {
    test(what, async () => {
      called = [];
      let answer = await create(object);
      if (changes !== undefined) {
        assert.equal(answer.status, 201, answer.text);
        answer = await change(object, changes);
      }
      const asked = [...new Set(called)].toSorted();
      await remove(object);
      assert.ok(answer.status < 300, answer.text);
      assert.deepEqual(asked, expected.map((name) => `${name}.cognito-gate.dev`).toSorted());
    });
  }

  test('a large one (2,000 paths, 150 annotations) fits the cost that CEL may have', async () => {
    const rules = Array.from({ length: 50 }, (_rule, r) => ({
      host: `h${r}.example.com`,
      http: {
        paths: Array.from({ length: 40 }, (_path, p) => ({
          path: `/some/path/of/an/app/${r}/${p}`,
          pathType: 'ImplementationSpecific',
          backend: { service: { name: 'shop', port: { number: 80 } } },
        })),
      },
    }));
    const many = Array.from({ length: 150 }, (_name, n): [string, string] => [
      `nginx.ingress.kubernetes.io/annotation-number-${n}`,
      'x',
    ]);
    const large = { ...app({ ...mark, ...Object.fromEntries(many) }), spec: { ingressClassName: 'nginx', rules } };
    const made = await create(large);
    const deployed = await change(large, annotated('example.com/build', '7'));
    const asked = [...new Set(called)];
    const changed = await change(large, specChanged({ rules: rules.toReversed() }));
    const askedThen = [...new Set(called)].toSorted();
    await remove(large);
    for (const { status: code, text } of [made, deployed, changed]) assert.ok(code < 300, text.slice(0, 500));
    assert.deepEqual(asked, ['wire-targets.cognito-gate.dev']);
    assert.deepEqual(askedThen, ['validate.cognito-gate.dev', 'wire.cognito-gate.dev']);
  });

  test('our own writes never wait for ourselves', async () => {
    called = [];
    const { status: code, text } = await create(app(mark), ownToken);
    const asked = called;
    called = [];
    await remove(app(mark));
    assert.equal(code, 201, text);
    assert.deepEqual(asked, []);
  });

  test('a status that the ingress controller writes passes by', async () => {
    await create(app(mark));
    called = [];
    const path = `${ingresses}/shop/ingresses/shop/status`;
    const body = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } };
    const answer = await cluster.ask({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
    const asked = called;
    called = [];
    await remove(app(mark));
    assert.equal(answer.status, 200);
    assert.deepEqual(asked, []);
  });
});

const alias = 'nginx.ingress.kubernetes.io/server-alias';

function at(path: string, pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific' = 'Prefix'): TestObject {
  return app({}, { paths: [{ path, pathType, service: 'shop', port: 80 }] });
}

const signIn = /spec\.rules\[\]\.host .* is the sign-in host auth\.localhost, or covers it: use a host of your own/;
const prefix = /spec\.rules\[\]\.http\.paths\[\]\.path .* is under \/_cognito-gate, .*: use another path/;

const everyHost = /path .*oauth2.* without a host would be for the sign-in host auth\.localhost too: add the host/;

function hostless(...path: Parameters<typeof at>): TestObject {
  const { rules, ...spec } = at(...path)['spec'] as { rules: readonly { http: object }[] };
  return { ...at(...path), spec: { ...spec, rules: rules.map(({ http }) => ({ http })) } };
}

/** Undefined: it may be there. */
const guarded: readonly (readonly [what: string, object: TestObject, refusal: RegExp | undefined])[] = [
  ['the sign-in host', app({}, { host: 'auth.localhost' }), signIn],
  ['a wildcard over it', app({}, { host: '*.localhost' }), signIn],
  ['a wildcard over another', app({}, { host: '*.example.com' }), undefined],
  ['a host that only ends like it', app({}, { host: 'xauth.localhost' }), undefined],
  ['an alias of it', app({ [alias]: 'a.example.com, auth.localhost' }), signIn],
  ['an alias that covers it', app({ [alias]: '*.localhost' }), signIn],
  ['an alias that is a pattern over it', app({ [alias]: '~^auth[.].*$' }), signIn],
  ['an alias that is a pattern over another', app({ [alias]: '~^shop[.].*$' }), undefined],
  ['an alias that is no pattern', app({ [alias]: '~(' }), /failed|error|invalid/i],
  [
    'the sign-in host in the namespace of the release',
    app({}, { host: 'auth.localhost', namespace: release }),
    undefined,
  ],
  ['our prefix', at('/_cognito-gate'), prefix],
  ['below our prefix', at('/_cognito-gate/start/x', 'Exact'), prefix],
  ['our prefix in capitals', at('/_COGNITO-Gate/'), prefix],
  ['our prefix in a regular expression', at('/(x|_cognito-gate)/.*', 'ImplementationSpecific'), prefix],
  ['our prefix escaped in a regular expression', at('/[_]cognito\\-gate', 'ImplementationSpecific'), prefix],
  [
    'our prefix with dots, which a host with regular expressions reads as any character',
    at('/.cognito.gate/start', 'Exact'),
    prefix,
  ],
  ['our prefix in parts', at('/(_)(cognito)-gat[e].*', 'ImplementationSpecific'), prefix],
  ['a path as long as our prefix', at('/some-other.gate'), undefined],
  ['the sign-in paths without a host, which is every host', hostless('/oauth2/callback'), everyHost],
  ['a regular expression over them without a host', hostless('/(oauth2/.*)', 'ImplementationSpecific'), everyHost],
  ['another path without a host', hostless('/oauth2x'), undefined],
  ['a path that begins like our prefix', at('/_cognito-gateway'), undefined],
  ['our prefix in the namespace of the release, by an admin', companionAt('true'), prefix],
];

function companionAt(label: string): TestObject {
  const object = { ...at('/_cognito-gate'), metadata: { name: 'companion', namespace: release } };
  return { ...object, metadata: { ...object.metadata, labels: { 'cognito-gate.dev/companion': label } } };
}

suite('P27 the API server itself guards the sign-in host and our prefix', () => {
  for (const [what, object, refusal] of guarded) {
    test(what, async () => {
      const { status: code, text } = await create(object);
      await remove(object);
      if (refusal === undefined) assert.equal(code, 201, text);
      else assert.ok(code >= 400 && refusal.test(text.replaceAll('\\', '')), text);
    });
  }

  test('a change into it is refused; a change of what was there already is not', async () => {
    await create(app());
    const into = await change(app(), specChanged({ rules: [{ host: 'auth.localhost' }] }));
    const aside = await change(app(), annotated('a/b', '1'));
    await remove(app());
    assert.ok(into.status === 403 || into.status === 422, into.text);
    assert.equal(aside.status, 200, aside.text);
  });

  test(`only ${serviceAccount} makes companions, and labels them`, async () => {
    const good = await create(companionAt('true'), ownToken);
    await remove(companionAt('true'));
    const bad = await create(companionAt('false'), ownToken);
    const elsewhere = await create(at('/_cognito-gate'), ownToken);
    assert.equal(good.status, 201, good.text);
    assert.ok(bad.status >= 400, bad.text);
    assert.ok(elsewhere.status >= 400, elsewhere.text);
  });
});

test('with every value that changes them, the API server takes them', async () => {
  const values = ['namespaces={shop,must}', 'companions=Manual', 'guard.companionMakers={system:serviceaccount:b:b}'];
  const sets = [...values, 'webhook.failurePolicy=Ignore'].flatMap((value) => ['--set', value]);
  const objects = await chartObjects(cluster, { url: () => 'https://127.0.0.1:1/', sets });
  const { code, stderr } = await cluster.tryKubectl('apply', '--dry-run=server', '-f', '-', {
    input: listOf(...objects),
  });
  assert.equal(code, 0, stderr);
  assert.ok(/metadata\.name.*"shop","must"/.test(JSON.stringify(objects)));
});
