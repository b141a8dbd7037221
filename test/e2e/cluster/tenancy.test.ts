/**
 * A tenant may write Ingresses, policies, pools, revocations, Services and Secrets in one namespace of a real API server.
 * Whatever of that he tries, the app of another namespace refuses strangers, lets its own people in, and tells him nothing.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, suite, test } from 'node:test';
import { routeId } from '../../../src/translate/route-id.ts';
import type { App } from '../../support/app.ts';
import { ingress } from '../../support/cluster/objects.ts';
import type { TestIngress, TestObject } from '../../support/cluster/objects.ts';
import { startFront } from '../../support/front.ts';
import type { Front } from '../../support/front.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { listed } from '../../support/gate-state.ts';
import { askDecision, watchDecisions } from '../../support/gate-watch.ts';
import type { Asked, GateWatch } from '../../support/gate-watch.ts';
import { ask } from '../../support/request.ts';
import { account, scripted, sessionOn } from '../../support/steps.ts';
import { until } from '../../support/until.ts';

const own = 'tenant';
const hosts = {
  own: gateHosts.wiki,
  wild: '*.acme.localhost',
  north: 'north.wild.localhost',
  south: 'south.wild.localhost',
};
const nginx = (name: string): string => `nginx.ingress.kubernetes.io/${name}`;
const group = 'cognito-gate.dev/v1alpha1';
const signedIn = { 'cognito-gate.dev/access': 'SignedIn' };
const shop: Asked = { namespace: 'shop', name: 'shop', host: gateHosts.shop };

/** What a platform may hand to a team, and more than `edit` gives: pools and revocations too. */
const tenant = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: mallory, namespace: ${own} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: tenant, namespace: ${own} }
rules:
  - { apiGroups: [networking.k8s.io], resources: [ingresses], verbs: ["*"] }
  - { apiGroups: [cognito-gate.dev], resources: [accesspolicies, cognitopools, sessionrevocations], verbs: ["*"] }
  - { apiGroups: ["", events.k8s.io], resources: [secrets, services, configmaps, events], verbs: ["*"] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: tenant, namespace: ${own} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: tenant }
subjects: [{ kind: ServiceAccount, name: mallory, namespace: ${own} }]
`;

/** Of the platform, for its own namespace. */
const closed = `
apiVersion: ${group}
kind: CognitoPool
metadata: { name: closed, namespace: cognito-gate }
spec: { userPoolId: eu-west-1_Closed123, clientId: 1closed23456789, domain: closed, allowedNamespaces: { from: Same } }
`;

const plurals: Readonly<Record<string, string>> = {
  Ingress: 'ingresses',
  AccessPolicy: 'accesspolicies',
  CognitoPool: 'cognitopools',
  SessionRevocation: 'sessionrevocations',
  Secret: 'secrets',
};

function pathOf({ apiVersion, kind, metadata }: TestObject): string {
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return `${base}/namespaces/${metadata.namespace ?? own}/${plurals[kind] ?? kind}`;
}

const app = (annotations: Readonly<Record<string, string>>, more: Partial<TestIngress> = {}): TestObject =>
  ingress({ namespace: own, name: 'try', host: 'try.tenant.localhost', paths: 80, annotations, ...more });
const at = (path: string, pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific' = 'Prefix') => [
  { path, pathType, service: own, port: 80 },
];
const object = (kind: string, spec: object, namespace = own): TestObject => ({
  apiVersion: group,
  kind,
  metadata: { name: 'try', namespace },
  spec,
});
const documentHeaders = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
const open = [{ name: 'all', access: 'Public' }];

suite('tenancy', () => {
  let gate: GateCluster;
  let front: Front;
  let watch: GateWatch;
  let victim: App;
  let metadata: Server;
  let fetched = 0;
  let mallory = '';
  let wiringBefore = '';
  /** What is there of the test that runs. */
  const left: string[] = [];
  const cookies = { shop: '', own: '' };

  const make = async (one: TestObject): Promise<{ status: number; text: string }> => {
    const { status, body } = await gate.cluster.ask({ method: 'POST', path: pathOf(one), body: one }, mallory);
    if (status === 201) left.push(`${pathOf(one)}/${one.metadata.name}`);
    return { status, text: JSON.stringify(body) };
  };
  const decisions = async (asked: Asked): Promise<readonly number[]> =>
    await Promise.all(gate.replicas.map(async (replica) => await askDecision(replica, asked)));
  const authUrl = (namespace: string, name: string): string =>
    `http://127.0.0.1:${gate.ports.decisions}/nginx/${routeId(namespace, name)}`;
  const annotations = async (namespace: string, name: string): Promise<Readonly<Record<string, string>>> =>
    (await listed(gate.cluster, 'ingresses', '-n', namespace)).find((one) => one.metadata.name === name)?.metadata
      .annotations ?? {};
  /** Through the proxy, as a stranger and with the cookies that the tenant's app was sent. */
  const reachesShop = async (): Promise<boolean> => {
    const seen = victim.requests;
    for (const cookie of ['', cookies.own]) {
      for (const path of ['/', '/admin', '/try', '/healthz']) {
        const headers = { ...scripted, ...(cookie === '' ? {} : { cookie }) };
        await ask(`${gate.url(gateHosts.shop)}${path}`, { headers, ca: gate.ca });
      }
    }
    return victim.requests !== seen;
  };

  before(async () => {
    gate = await startGateCluster({ hosts: ['*.wild.localhost'] });
    front = await startFront('NGINX', gate);
    metadata = createServer((_request, response) => {
      fetched += 1;
      response.end('{"AccessKeyId":"of-the-node"}');
    }).listen(0, '127.0.0.1');
    victim = await gate.app('shop', {
      host: gateHosts.shop,
      annotations: { 'cognito-gate.dev/allowed-groups': 'admins' },
    });
    await gate.app(own, { host: hosts.own, annotations: signedIn });
    await gate.apply(tenant);
    await gate.apply(closed);
    mallory = await gate.cluster.serviceAccountToken(own, 'mallory');
    const [ada, bob] = [gate.visitor(), gate.visitor()];
    const isUp = async (host: string): Promise<boolean> =>
      (await ask(gate.url(host), { headers: { accept: 'text/html' }, ca: gate.ca })).status === 302;
    for (const host of [gateHosts.shop, hosts.own]) await until(async () => await isUp(host), host, 20_000);
    await front.settled();
    assert.equal((await ada.signIn(gate.url(gateHosts.shop), account('ada'))).status, 200);
    assert.equal((await bob.signIn(gate.url(hosts.own), account('ada'))).status, 200);
    cookies.shop = sessionOn(ada, gateHosts.shop).join('=');
    cookies.own = sessionOn(bob, hosts.own).join('=');
    wiringBefore = JSON.stringify(await annotations('shop', 'shop'));
    watch = watchDecisions(
      () => gate.replicas,
      () => [shop, { ...shop, cookie: cookies.shop }],
    );
  });
  after(async () => {
    await watch?.stop();
    await front?.stop();
    metadata?.close();
    await gate?.stop();
  });
  afterEach(async () => {
    for (const path of left.splice(0)) await gate.cluster.ask({ method: 'DELETE', path });
    assert.deepEqual(watch.faults(), [], 'shop refuses strangers and lets ada in');
    assert.equal(JSON.stringify(await annotations('shop', 'shop')), wiringBefore, 'the wiring of shop');
    assert.equal(fetched, 0, 'nothing was asked of an address that a tenant wrote');
  });

  interface Attempt {
    readonly what: string;
    /** `refused`: not stored. `closed`: stored, and refuses everybody. `nothing`: stored, and changes nothing for others. */
    readonly comes: 'refused' | 'closed' | 'nothing';
    readonly why: string;
    readonly objects: () => readonly TestObject[];
  }
  const attempts: readonly Attempt[] = [
    {
      what: 'P22 a marked Ingress with the route id of shop',
      comes: 'nothing',
      why: 'in the same request it is wired with its own',
      objects: () => [app({ ...signedIn, [nginx('auth-url')]: authUrl('shop', 'shop') })],
    },
    {
      what: 'P22 an unmarked Ingress with the route id of shop',
      comes: 'nothing',
      why: 'it asks who may see shop, about people of his host: no session is good for both',
      objects: () => [app({ [nginx('auth-url')]: authUrl('shop', 'shop') })],
    },
    {
      what: 'P29 an Ingress of shop’s name with its wiring and status copied',
      comes: 'nothing',
      why: 'the id is of namespace and name; what a request says about status is not believed',
      objects: () => [app(JSON.parse(wiringBefore) as Record<string, string>, { name: 'shop' })],
    },
    {
      what: 'P27 the host of shop, the same path',
      comes: 'refused',
      why: 'who serves a path of a host is sent its sessions',
      objects: () => [app({}, { host: gateHosts.shop, paths: at('/') })],
    },
    {
      what: 'P27 the host of shop, another path, open',
      comes: 'refused',
      why: 'the same',
      objects: () => [app({}, { host: gateHosts.shop, paths: at('/try') })],
    },
    {
      what: 'P27 the host of shop, another path, protected',
      comes: 'refused',
      why: 'the same',
      objects: () => [app(signedIn, { host: gateHosts.shop, paths: at('/try') })],
    },
    {
      what: 'P27 the host of shop under a name that the API server is to make',
      comes: 'refused',
      why: 'the same',
      objects: () => [{ ...app({}, { host: gateHosts.shop }), metadata: { name: '', generateName: 'try-' } }],
    },
    {
      what: 'P27 the host of shop for another installation',
      comes: 'refused',
      why: 'the proxy is the same',
      objects: () => [app({ 'cognito-gate.dev/controller': 'other' }, { host: gateHosts.shop, paths: at('/try') })],
    },
    {
      what: 'T13.1 the host of shop in capitals',
      comes: 'refused',
      why: 'the API server takes lower case only',
      objects: () => [app({}, { host: gateHosts.shop.toUpperCase(), paths: at('/try') })],
    },
    {
      what: 'P27 the host of shop as canary',
      comes: 'refused',
      why: 'a canary takes traffic of the host too',
      objects: () => [
        app({ [nginx('canary')]: 'true', [nginx('canary-weight')]: '100' }, { host: gateHosts.shop, paths: at('/') }),
      ],
    },
    {
      what: 'P27 the host of shop as solver of a challenge',
      comes: 'refused',
      why: 'the label alone makes no solver',
      objects: () => {
        const one = app({}, { host: gateHosts.shop, paths: at('/try') });
        return [{ ...one, metadata: { ...one.metadata, labels: { 'acme.cert-manager.io/http01-solver': 'true' } } }];
      },
    },
    {
      what: 'P27 the host of shop as an alias of his own',
      comes: 'refused',
      why: 'an alias claims a host like a rule does',
      objects: () => [app({ [nginx('server-alias')]: gateHosts.shop })],
    },
    {
      what: 'P27 regular expressions on the host of shop',
      comes: 'refused',
      why: 'they would turn all its paths into expressions',
      objects: () => [
        app(
          { [nginx('use-regex')]: 'true' },
          { host: gateHosts.shop, paths: at('/(admin|try).*', 'ImplementationSpecific') },
        ),
      ],
    },
    {
      what: 'P27 the sign-in paths of shop',
      comes: 'refused',
      why: 'the guard of the API server keeps them',
      objects: () => [app({}, { host: gateHosts.shop, paths: at('/_cognito-gate') })],
    },
    {
      what: 'P27 the sign-in host',
      comes: 'refused',
      why: 'the guard of the API server keeps it',
      objects: () => [app({}, { host: gateHosts.signIn, paths: at('/try') })],
    },
    {
      what: 'P27 a wildcard over the sign-in host',
      comes: 'refused',
      why: 'the guard reads wildcards',
      objects: () => [app({}, { host: '*.gate.localhost' })],
    },
    {
      what: 'a wildcard over the host of shop',
      comes: 'nothing',
      why: 'the named host goes first, and cookies are of one host',
      objects: () => [app(signedIn, { host: hosts.wild })],
    },
    {
      what: 'P7 a policy that points at shop, everything public',
      comes: 'nothing',
      why: 'a policy acts on its own namespace',
      objects: () => [
        object('AccessPolicy', {
          targetRefs: [{ group: 'networking.k8s.io', kind: 'Ingress', name: 'shop' }],
          rules: open,
        }),
      ],
    },
    {
      what: 'P7 a policy that selects everything',
      comes: 'nothing',
      why: 'a policy acts on its own namespace',
      objects: () => [
        object('AccessPolicy', {
          targetSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] },
          rules: open,
        }),
      ],
    },
    {
      what: 'P25 a pool of the platform in an annotation, where it is for its own namespace',
      comes: 'closed',
      why: 'the pool says who may use it',
      objects: () => [app({ ...signedIn, 'cognito-gate.dev/pool': 'cognito-gate/closed' })],
    },
    {
      what: 'P9 the same in a policy',
      comes: 'closed',
      why: 'the pool says who may use it',
      objects: () => [
        object('AccessPolicy', {
          poolRefs: [{ name: 'closed', namespace: 'cognito-gate' }],
          rules: [{ name: 'all', access: 'SignedIn' }],
        }),
        app({ 'cognito-gate.dev/policy': 'try' }),
      ],
    },
    {
      what: 'P27 a pool of his own with endpoints at an address of the node',
      comes: 'closed',
      why: 'pools are read in poolNamespaces only, and nothing is asked of it',
      objects: () => {
        const there = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}/latest`;
        const endpoints = {
          issuer: there,
          token: there,
          jwks: there,
          authorization: there,
          logout: there,
          revocation: there,
        };
        return [
          object('CognitoPool', {
            userPoolId: 'eu-west-1_Mine12345',
            clientId: '1mine23456789',
            domain: 'mine',
            endpoints,
          }),
          object('AccessPolicy', { poolRefs: [{ name: 'try' }], rules: [{ name: 'all', access: 'SignedIn' }] }),
          app({ 'cognito-gate.dev/policy': 'try' }),
        ];
      },
    },
    {
      what: 'P27 S15 a revocation for everything, of every pool',
      comes: 'refused',
      why: 'of every pool is for the namespace of the installation',
      objects: () => [object('SessionRevocation', { everyPool: true, everyone: true, reason: 'try' })],
    },
    {
      what: 'P27 S15 a revocation for everyone',
      comes: 'nothing',
      why: 'it acts on the pools of its own namespace, which are not read',
      objects: () => [object('SessionRevocation', { everyone: true, reason: 'try' })],
    },
    {
      what: 'P27 S15 a revocation that names the pool of shop',
      comes: 'nothing',
      why: 'the name is looked for in its own namespace',
      objects: () => [object('SessionRevocation', { pool: { name: 'default' }, everyone: true, reason: 'try' })],
    },
    {
      what: 'a key ring of his own under the name of ours',
      comes: 'nothing',
      why: 'keys are read in the namespace of the installation',
      objects: () => [
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'cognito-gate-key-ring', namespace: own },
          stringData: { k1: JSON.stringify({ key: 'A'.repeat(43) }) },
        },
      ],
    },
    {
      what: 'P29 an Ingress that another installation is to protect, on his own host',
      comes: 'nothing',
      why: 'he may leave his own app open',
      objects: () => [app({ 'cognito-gate.dev/controller': 'other' })],
    },
  ];

  for (const { what, comes, why, objects } of attempts) {
    test(`${what}: ${comes}, because ${why}`, async () => {
      const made = objects();
      const answers = [];
      for (const one of made) answers.push(await make(one));
      const last = answers.at(-1) ?? { status: 0, text: '' };
      if (comes === 'refused') assert.ok(!/shop\/shop|admins/.test(last.text), last.text);
      if (comes === 'refused') assert.ok([400, 403, 422].includes(last.status), `${last.status} ${last.text}`);
      else assert.ok(last.status === 201 || (comes === 'closed' && last.status === 403), `${last.status} ${last.text}`);
      const about: Asked = { namespace: own, name: 'try', host: 'try.tenant.localhost', cookie: cookies.own };
      if (comes === 'closed') {
        await until(async () => (await decisions(about)).every((status) => status === 403 || status === 401), 'closed');
      }
      await front.settled();
      assert.equal(await reachesShop(), false, 'a stranger, or the tenant with what his app was sent, reached shop');
      assert.deepEqual(new Set(await decisions({ ...shop, cookie: cookies.own })), new Set([401]));
    });
  }

  test('P27 a host under the wildcard of shop: what signs people in there is of no use at the wildcard’s other hosts', async () => {
    const service = { path: '/', pathType: 'Prefix', service: 'shop', port: victim.port } as const;
    const wild = ingress({
      namespace: 'shop',
      name: 'wild',
      host: '*.wild.localhost',
      annotations: signedIn,
      paths: [service],
    });
    await gate.apply(JSON.stringify(wild));
    const here = async (host: string): Promise<number> =>
      (await ask(gate.url(host), { headers: { accept: 'text/html' }, ca: gate.ca })).status;
    await until(async () => (await here(hosts.north)) === 302, 'the wildcard', 20_000);
    await front.settled();
    const visitor = gate.visitor();
    assert.equal((await visitor.signIn(gate.url(hosts.north), account('bob'))).status, 200);
    const cookie = sessionOn(visitor, hosts.north).join('=');
    const about = (host: string): Asked => ({ namespace: 'shop', name: 'wild', host, cookie });
    const id = routeId('shop', 'wild');
    const start = async (): Promise<number> =>
      (
        await ask(`http://127.0.0.1:${gate.ports.signIn}/_cognito-gate/start/${id}?rd=/`, {
          headers: { ...documentHeaders, host: hosts.north },
        })
      ).status;
    assert.deepEqual(new Set(await decisions(about(hosts.south))), new Set([200]), 'a wildcard is one route');
    assert.equal(await start(), 302);
    const taken = await make(app({}, { host: hosts.north }));
    assert.equal(taken.status, 201, taken.text);
    await until(async () => (await decisions(about(hosts.south))).every((status) => status === 401), 'the end of it');
    assert.ok((await start()) >= 400);
    await gate.cluster.kubectl('delete', 'ingress', 'try', '-n', own);
    await until(async () => (await decisions(about(hosts.south))).every((status) => status === 200), 'it again');
  });

  test('P27 his own Ingress changed to take the host of shop, in any of the ways: refused, and it stays as it was', async () => {
    const mine = app({});
    assert.equal((await make(mine)).status, 201);
    const path = `${pathOf(mine)}/try`;
    const { body } = await gate.cluster.ask({ method: 'GET', path }, mallory);
    const stored = body as { metadata: { annotations?: object }; spec: { rules: readonly { host: string }[] } };
    const [first] = stored.spec.rules;
    const changes: readonly object[] = [
      { ...stored, spec: { ...stored.spec, rules: [{ ...first, host: gateHosts.shop }] } },
      { ...stored, spec: { ...stored.spec, rules: [first, { ...first, host: gateHosts.shop }] } },
      { ...stored, metadata: { ...stored.metadata, annotations: { [nginx('server-alias')]: gateHosts.shop } } },
    ];
    for (const change of changes) {
      const { status, body: answer } = await gate.cluster.ask({ method: 'PUT', path, body: change }, mallory);
      assert.equal(status, 403, JSON.stringify(answer));
    }
    assert.equal(await reachesShop(), false);
  });

  test('P22 a route id is of use only to who has a session of its hosts: sessions of two hosts are not each other’s', async () => {
    const [id, another] = [shop, { namespace: own, name: own, host: hosts.own }];
    assert.deepEqual(new Set(await decisions({ ...id, host: hosts.own, cookie: cookies.own })), new Set([401]));
    assert.deepEqual(new Set(await decisions({ ...another, cookie: cookies.shop })), new Set([401]));
    assert.deepEqual(new Set(await decisions({ ...another, cookie: cookies.own })), new Set([200]));
  });

  test('P24 what is of others he can neither read nor write', async () => {
    const paths = [
      '/apis/networking.k8s.io/v1/namespaces/shop/ingresses',
      `/apis/${group}/namespaces/shop/accesspolicies`,
      `/apis/${group}/namespaces/cognito-gate/cognitopools`,
      `/apis/${group}/clusteraccesspolicies`,
      '/api/v1/namespaces/cognito-gate/secrets',
      '/api/v1/namespaces/cognito-gate/configmaps',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'POST'] as const) {
        const { status } = await gate.cluster.ask({ method, path, ...(method === 'POST' && { body: {} }) }, mallory);
        assert.equal(status, 403, `${method} ${path}`);
      }
    }
    const readable = ['/apis/events.k8s.io/v1', '/apis/networking.k8s.io/v1', `/apis/${group}`];
    const kinds = ['events', 'ingresses', 'accesspolicies'];
    for (const [index, base] of readable.entries()) {
      const path = `${base}/namespaces/${own}/${kinds[index] ?? ''}`;
      const { status, body } = await gate.cluster.ask({ method: 'GET', path }, mallory);
      assert.equal(status, 200, path);
      assert.ok(!/shop\/|admins|ada@/.test(JSON.stringify(body)), path);
    }
  });
});
