/** What a tenant with `edit` in one namespace, an old file or a broken object may try; somebody asks as a stranger all the while. */
import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { routeId } from '../../../src/translate/route-id.ts';
import { ingress } from '../../support/cluster/objects.ts';
import type { TestObject } from '../../support/cluster/objects.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { listed, refusals, untilQuiet } from '../../support/gate-state.ts';
import { askDecision, watchDecisions } from '../../support/gate-watch.ts';
import type { Asked, GateWatch } from '../../support/gate-watch.ts';
import { until } from '../../support/until.ts';

const nginx = (name: string): string => `nginx.ingress.kubernetes.io/${name}`;
const shop: Asked = { namespace: 'shop', name: 'shop', host: gateHosts.shop };
const own = 'thief';

type Answer = { readonly status: number; readonly text: string };
type More = Partial<Parameters<typeof ingress>[0]>;

/** What `edit` gives in one namespace; kube-controller-manager, which aggregates, doesn't run here. */
const tenant = `
apiVersion: v1
kind: Namespace
metadata: { name: ${own} }
---
apiVersion: v1
kind: Namespace
metadata: { name: held, labels: { held: "yes" } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: mallory, namespace: ${own} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: ingress-editor }
rules: [{ apiGroups: [networking.k8s.io], resources: [ingresses], verbs: ["*"] }]
${[own, 'held']
  .flatMap((namespace) =>
    ['ingress-editor', 'cognito-gate-edit', 'cognito-gate-view'].map(
      (role) => `---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: ${role}, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${role} }
subjects: [{ kind: ServiceAccount, name: mallory, namespace: ${own} }]
`,
    ),
  )
  .join('')}---
apiVersion: cognito-gate.dev/v1alpha1
kind: ClusterAccessPolicy
metadata: { name: platform }
spec:
  selector: { namespaces: { matchLabels: { held: "yes" } } }
  default: { rules: [{ name: staff, allow: [{ groups: [staff] }] }] }
`;

suite('attacks', () => {
  let gate: GateCluster;
  let watch: GateWatch;
  let mallory = '';

  const collection = (namespace: string, kind = 'networking.k8s.io/v1', plural = 'ingresses'): string =>
    `/apis/${kind}/namespaces/${namespace}/${plural}`;
  const ours = (kind: string, namespace = own): string => collection(namespace, 'cognito-gate.dev/v1alpha1', kind);
  const asMallory = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> => {
    const { status, body: answer } = await gate.cluster.ask({ method, path, body }, mallory);
    return { status, text: JSON.stringify(answer) };
  };
  const make = async (object: TestObject): Promise<Answer> =>
    await asMallory('POST', collection(object.metadata.namespace ?? own), object);
  const remove = async ({ metadata }: TestObject): Promise<void> => {
    const path = `${collection(metadata.namespace ?? own)}/${metadata.name}`;
    await gate.cluster.ask({ method: 'DELETE', path });
  };
  const annotationsOf = async (namespace: string, name: string): Promise<Readonly<Record<string, string>>> => {
    const found = (await listed(gate.cluster, 'ingresses', '-n', namespace)).find((one) => one.metadata.name === name);
    return found?.metadata.annotations ?? {};
  };
  const app = (annotations: Readonly<Record<string, string>> = {}, more: More = {}): TestObject =>
    ingress({ namespace: own, name: own, host: 'thief.example.localhost', paths: 80, annotations, ...more });
  const strangers = async (asked: Asked): Promise<readonly number[]> =>
    await Promise.all(gate.replicas.map(async (replica) => await askDecision(replica, asked)));
  const isRefused = async (asked: Asked): Promise<boolean> =>
    (await strangers(asked)).every((status) => status === 401 || status === 403);
  const ourAuthUrl = (namespace: string, name: string): string =>
    `http://127.0.0.1:${gate.ports.decisions}/nginx/${routeId(namespace, name)}`;
  const isWired = async (namespace: string, name: string): Promise<boolean> =>
    (await annotationsOf(namespace, name))[nginx('auth-url')] === ourAuthUrl(namespace, name);

  before(async () => {
    gate = await startGateCluster();
    await gate.app('shop', { host: gateHosts.shop, annotations: { 'cognito-gate.dev/allowed-groups': 'admins' } });
    await gate.apply(tenant);
    mallory = await gate.cluster.serviceAccountToken(own, 'mallory');
    await until(async () => await isRefused(shop), 'shop to be protected');
    watch = watchDecisions(
      () => gate.replicas,
      () => [shop],
    );
    // The API server takes a moment to read the guard.
    await until(async () => {
      const object = app({}, { host: gateHosts.signIn });
      const { status } = await make(object);
      await remove(object);
      return status >= 400;
    }, 'the guard');
  });
  after(async () => {
    await watch?.stop();
    await gate?.stop();
  });
  afterEach(() => assert.deepEqual(watch.faults(), [], 'shop refuses strangers, and answers, whatever was tried'));

  suite('P27 the sign-in host and the sign-in paths of others', () => {
    const takes: readonly (readonly [what: string, annotations: Readonly<Record<string, string>>, more: More])[] = [
      ['the host', {}, { host: gateHosts.signIn }],
      ['T13.1 its host in capitals', {}, { host: gateHosts.signIn.toUpperCase() }],
      ['T13.2 a trailing dot', {}, { host: `${gateHosts.signIn}.` }],
      ['T13.3 a port', {}, { host: `${gateHosts.signIn}:443` }],
      ['T13.4 a letter that looks the same', {}, { host: gateHosts.signIn.replace('a', '\u0430') }],
      ['a wildcard', {}, { host: '*.gate.localhost' }],
      ['another class', {}, { host: gateHosts.signIn, className: 'other' }],
      ['a canary', { [nginx('canary')]: 'true', [nginx('canary-weight')]: '100' }, { host: gateHosts.signIn }],
      ['an alias', { [nginx('server-alias')]: gateHosts.signIn }, {}],
      ['an alias that is a pattern', { [nginx('server-alias')]: '~^auth[.]gate.*' }, {}],
      ['another installation', { 'cognito-gate.dev/controller': 'other' }, { host: gateHosts.signIn }],
      ['our prefix of a foreign host', {}, { host: gateHosts.shop, paths: at('/_cognito-gate', 'Prefix') }],
      ['one path below it', {}, { host: gateHosts.shop, paths: at('/_cognito-gate/complete', 'Exact') }],
      ['it with dots', {}, { host: gateHosts.shop, paths: at('/.cognito.gate/complete', 'Exact') }],
      ['it in parts', {}, { host: gateHosts.shop, paths: at('/(_)cognito(-)gate.*') }],
      [
        'a wide expression',
        { [nginx('use-regex')]: 'true' },
        { host: gateHosts.shop, paths: at('/.+-gate/(start|complete).*') },
      ],
      [
        'one that nobody can read',
        { [nginx('use-regex')]: 'true' },
        { host: gateHosts.shop, paths: at('/(?=_)(?!x).*abcdefgh') },
      ],
    ];
    for (const [what, annotations, more] of takes) {
      test(`${what}: refused`, async () => {
        const object = app(annotations, more);
        const { status, text } = await make(object);
        await remove(object);
        assert.ok(status === 403 || status === 422 || status === 400, `${status} ${text}`);
        assert.ok(!text.includes('shop/shop'), 'P24');
      });
    }

    test('a companion of his own, and the sign-in paths of every host', async () => {
      const companion = app({}, { host: gateHosts.shop, paths: at('/_cognito-gate', 'Prefix') });
      const labels = { 'cognito-gate.dev/companion': 'true', 'cognito-gate.dev/controller-name': 'cognito-gate' };
      const forged = await make({ ...companion, metadata: { ...companion.metadata, labels } });
      assert.ok(forged.status >= 400, forged.text);
      const hostless = app({}, { paths: at('/oauth2/callback', 'Prefix') });
      const spec = hostless['spec'] as { rules: readonly { http: object }[] };
      const everywhere = await make({
        ...hostless,
        spec: { ...spec, rules: spec.rules.map(({ http }) => ({ http })) },
      });
      assert.ok(everywhere.status >= 400, everywhere.text);
    });

    test('what is not his to write', async () => {
      const pool = {
        apiVersion: 'cognito-gate.dev/v1alpha1',
        kind: 'CognitoPool',
        metadata: { name: 'x', namespace: own },
      };
      const denied = [
        await asMallory('POST', ours('cognitopools'), pool),
        await asMallory('POST', '/apis/cognito-gate.dev/v1alpha1/clusteraccesspolicies', {}),
        await asMallory('PUT', `/api/v1/namespaces/${own}`, {}),
        await asMallory('POST', collection('cognito-gate'), app({}, { namespace: 'cognito-gate' })),
        await asMallory('PUT', `${ours('accesspolicies')}/x/status`, {}),
      ];
      assert.deepEqual(
        denied.map(({ status }) => status),
        [403, 403, 403, 403, 403],
      );
    });
  });

  suite('P29 what the platform protects is not left', () => {
    const held = (annotations: Readonly<Record<string, string>>, more: More = {}): TestObject =>
      app(annotations, { namespace: 'held', name: 'held', host: 'held.example.localhost', ...more });
    const asked: Asked = { namespace: 'held', name: 'held', host: 'held.example.localhost' };
    const forged = '{"began":"mark","state":"Unprotected"}';
    const ways: readonly (readonly [what: string, object: () => TestObject])[] = [
      ['nothing', () => held({})],
      ['unprotect', () => held({ 'cognito-gate.dev/unprotect': 'true' })],
      ['another installation', () => held({ 'cognito-gate.dev/controller': 'nobody' })],
      ['an auth-url of his own', () => held({ [nginx('auth-url')]: 'http://yes.thief.svc/' })],
      [
        'one that ends as ours',
        () => held({ [nginx('auth-url')]: `http://yes.thief.svc/nginx/${routeId('held', 'held')}` }),
      ],
      ['the route of another Ingress', () => held({ [nginx('auth-url')]: ourAuthUrl('shop', 'shop') })],
      ['a route that nobody has', () => held({ [nginx('auth-url')]: ourAuthUrl('no', 'no') })],
      ['an empty auth-url', () => held({ [nginx('auth-url')]: '' })],
      [
        'a forged status',
        () => held({ 'cognito-gate.dev/status': forged, [nginx('auth-url')]: ourAuthUrl('held', 'held') }),
      ],
      ['satisfy', () => held({ [nginx('satisfy')]: 'any' })],
      ['ssl-passthrough', () => held({ [nginx('ssl-passthrough')]: 'true' })],
      ['aliases', () => held({ [nginx('server-alias')]: 'held2.example.localhost' })],
      [
        'a companion’s label',
        () => ({ ...held({}), metadata: { ...held({}).metadata, labels: { 'cognito-gate.dev/companion': 'true' } } }),
      ],
      ['a policy that is not there', () => held({ 'cognito-gate.dev/policy': 'none' })],
    ];
    for (const [what, object] of ways) {
      test(`${what}: refused, or wired in the very request`, async () => {
        const { status, text } = await make(object());
        const wired = status === 201 && (await isWired('held', 'held'));
        if (wired) await until(async () => await isRefused(asked), 'the decision');
        await remove(object());
        assert.ok(wired || (status >= 400 && status < 500), `${status} ${text}`);
      });
    }

    test('created while nobody answers reviews: mended by the leader, or told', async () => {
      const again = await gate.cutWebhook();
      const mended: string[] = [];
      const open: string[] = [];
      for (const [index, [what, object]] of ways.entries()) {
        const host = `held-${index}.example.localhost`;
        const one = { ...object(), spec: held({}, { host })['spec'] };
        const { status } = await make({ ...one, metadata: { ...one.metadata, name: `held-${index}` } });
        // A mark, a status or our wiring: never without us.
        if (status !== 201) continue;
        const mendable = !/of his own|ends as ours|satisfy|ssl-|aliases/.test(what);
        (mendable ? mended : open).push(`held-${index}`);
      }
      assert.ok(mended.length >= 3 && open.length >= 4, `${mended.length} ${open.length}`);
      await until(
        async () => (await Promise.all(mended.map(async (name) => await isWired('held', name)))).every(Boolean),
        'wiring',
      );
      const told = async (name: string): Promise<boolean> =>
        (await eventsOf('held')).some(
          ({ regarding, reason }) => regarding.name === name && reason === 'UnprotectRefused',
        );
      await until(async () => (await Promise.all(open.map(told))).every(Boolean), 'events');
      const metrics = await Promise.all(gate.replicas.map(async (replica) => await replica.metrics()));
      for (const text of metrics)
        assert.ok(/cognito_gate_ingress_unprotected\{[^}]*namespace="held"[^}]*\} [1-9]/.test(text));
      await again();
      await gate.cluster.kubectl('delete', 'ingresses', '--all', '-n', 'held');
    });
  });

  interface EventObject {
    readonly reason: string;
    readonly note: string;
    readonly regarding: { readonly name: string };
  }
  const eventsOf = async (namespace: string): Promise<readonly EventObject[]> =>
    (await listed(gate.cluster, 'events.events.k8s.io', '-n', namespace)) as unknown as readonly EventObject[];

  test('P24 a tenant who takes another path of a foreign host is refused, and reads nothing about whose it is', async () => {
    const marked = app(
      { 'cognito-gate.dev/access': 'SignedIn' },
      { host: gateHosts.shop, paths: at('/mine', 'Prefix') },
    );
    for (const object of [marked, app({}, { host: gateHosts.shop, paths: at('/mine', 'Prefix') })]) {
      const { status, text } = await make(object);
      assert.ok(status === 403 && text.includes('HostShared'), text);
      assert.ok(!/shop\/|"shop"|admins/.test(text), text);
    }
    // Nobody answers for an unmarked one: it is stored, and told of.
    const again = await gate.cutWebhook();
    const { status, text } = await make(app({}, { host: gateHosts.shop, paths: at('/mine', 'Prefix') }));
    await again();
    assert.equal(status, 201, text);
    await until(async () => (await eventsOf('shop')).some(({ reason }) => reason === 'HostPartlyOpen'), 'an event');
    const said = JSON.stringify([await eventsOf(own), await annotationsOf(own, own)]);
    await gate.cluster.kubectl('delete', 'ingress', own, '-n', own);
    assert.ok(!/shop\/|"shop"|admins/.test(said), said.slice(0, 500));
  });

  test('T18.1 M1 T18.2 odd characters reach neither annotations nor the log’s lines', async () => {
    const odd = 'a"b;c\n$host{}\r\nX-Evil: 1<script>alert(1)</script>\u2028%00';
    const marks = ['allowed-groups', 'pool', 'public-paths', 'access', 'policy', 'cors-preflight', 'controller'];
    for (const [index, name] of marks.entries()) {
      const object = app({ [`cognito-gate.dev/${name}`]: odd }, { name: `odd-${index}` });
      const { status, text } = await make(object);
      assert.ok(name === 'controller' || status === 403 || status === 201, `${name} ${status} ${text}`);
    }
    const rules = [{ name: 'all', allow: [{ groups: ['a";proxy_pass', '<b>', '$host'] }] }];
    const policy = {
      apiVersion: 'cognito-gate.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'a.b-c', namespace: own },
      spec: { rules },
    };
    const stored = await asMallory('POST', ours('accesspolicies'), policy);
    assert.equal(stored.status, 201, stored.text);
    const { status, text } = await make(app({ 'cognito-gate.dev/policy': 'a.b-c' }));
    assert.equal(status, 201, text);
    await until(async () => await isWired(own, own), 'wiring');
    for (const { metadata } of await listed(gate.cluster, 'ingresses', '-A')) {
      for (const [name, value] of Object.entries(metadata.annotations ?? {})) {
        if (name.startsWith(nginx('auth-'))) assert.match(value, /^[-._~a-zA-Z0-9/:,?&=$]+$/);
        assert.ok(!name.endsWith('-snippet'), name);
      }
    }
    for (const replica of gate.replicas) {
      const lines = (await replica.log()).split('\n').filter((line) => line.startsWith('{'));
      for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), line.slice(0, 200));
    }
    await gate.cluster.kubectl('delete', 'ingresses,accesspolicies', '--all', '-n', own);
  });

  test('T19.1 names that collide when they are joined are two routes', async () => {
    const pairs = [
      { namespace: 'a', name: 'b-c' },
      { namespace: 'a-b', name: 'c' },
    ];
    for (const { namespace, name } of pairs) {
      await gate.apply(`{ apiVersion: v1, kind: Namespace, metadata: { name: ${namespace} } }`);
      const marks = { 'cognito-gate.dev/access': 'SignedIn' };
      await gate.apply(
        JSON.stringify(ingress({ namespace, name, host: `${namespace}.localhost`, paths: 80, annotations: marks })),
      );
    }
    const urls = await Promise.all(
      pairs.map(async ({ namespace, name }) => (await annotationsOf(namespace, name))[nginx('auth-url')]),
    );
    assert.equal(new Set(urls.filter(Boolean)).size, 2);
  });

  test('T17.1 what could turn a refusal into a page of the app is told', async () => {
    const object = app({ 'cognito-gate.dev/access': 'SignedIn', [nginx('custom-http-errors')]: '401,403' });
    const { status, text } = await make(object);
    assert.equal(status, 201, text);
    const isTold = async (): Promise<boolean> =>
      (await eventsOf(own)).some(({ reason, note }) => reason === 'AnnotationRisky' && note.includes('CVE-2026-24513'));
    await until(isTold, 'an event');
    await remove(object);
  });

  test('P22 N32 ids that nobody has, and our own prefix, are refused', async () => {
    assert.ok(await isRefused({ namespace: 'no', name: 'body', host: gateHosts.shop }));
    const prefix = await strangers({ ...shop, path: '/_cognito-gate/start/x' });
    assert.deepEqual(new Set(prefix), new Set([403]));
  });

  test('P1 a tenant’s slow expressions, in a policy and in paths, hold up nobody', async () => {
    const path = { type: 'RegularExpression', value: `/${'(.{0,900})'.repeat(45)}` };
    const rules = Array.from({ length: 32 }, (_none, index) => ({
      name: `r${index}`,
      match: { paths: Array.from({ length: 8 }, (_one, p) => ({ ...path, value: `${path.value}${index}x${p}` })) },
      access: 'SignedIn',
    }));
    const metadata = { name: 'slow', namespace: own };
    const policy = { apiVersion: 'cognito-gate.dev/v1alpha1', kind: 'AccessPolicy', metadata, spec: { rules } };
    const refused = await asMallory('POST', ours('accesspolicies'), policy);
    assert.equal(refused.status, 403, refused.text);
    const again = await gate.cutWebhook();
    const kept = await asMallory('POST', ours('accesspolicies'), policy);
    await again();
    assert.equal(kept.status, 201, kept.text);
    const many = Array.from({ length: 250 }, (_none, index) => at(`/${'(.{0,900})'.repeat(300)}${index}`)).flat();
    const large = app({ 'cognito-gate.dev/policy': 'slow', [nginx('use-regex')]: 'true' }, { paths: many });
    const { status, text } = await make(large);
    assert.ok(status === 201 || status === 403, text.slice(0, 300));
    await until(
      async () => await isRefused({ namespace: own, name: own, host: 'thief.example.localhost' }),
      'the refusal',
    );
    await remove(large);
    await gate.cluster.kubectl('delete', 'accesspolicies', '--all', '-n', own);
  });

  test('P1 P2 P4 objects that were stored while their CRD allowed everything close what they hold, and nothing else', async () => {
    const name = 'accesspolicies.cognito-gate.dev';
    const crd = JSON.parse(await gate.cluster.kubectl('get', 'crd', name, '-o', 'json')) as {
      spec: { versions: readonly { schema: unknown }[] };
    };
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const loose = crd.spec.versions.map((version) => ({ ...version, schema }));
    const patch = async (versions: unknown): Promise<string> =>
      await gate.cluster.kubectl('patch', 'crd', name, '--type=merge', '-p', JSON.stringify({ spec: { versions } }));
    const again = await gate.cutWebhook();
    await patch(loose);
    const specs: readonly unknown[] = [
      null,
      'text',
      [],
      { rules: null, targetRefs: 'x' },
      { rules: [null, 1, 'x', {}], targetRefs: [null, 1, { name: 7 }, { name: own, kind: 'Ingress' }] },
      {
        rules: [{ name: {}, match: { paths: [null] }, access: 'Public' }],
        targetSelector: { matchLabels: null, matchExpressions: [null] },
      },
      {
        targetRefs: [{ kind: 'Ingress', name: '\u0000<script>'.repeat(400) }],
        poolRefs: [{ name: 'x'.repeat(9000) }],
        rules: [],
      },
      { targetRefs: [{ kind: 'Ingress', name: own }], mode: 5, rules: [{ access: 'SignedIn' }], deny: { a: 1 } },
    ];
    for (const [index, spec] of specs.entries()) {
      const object = {
        apiVersion: 'cognito-gate.dev/v1alpha1',
        kind: 'AccessPolicy',
        metadata: { name: `odd-${index}`, namespace: own },
        spec,
      };
      await until(async () => {
        const { status } = await gate.cluster.ask({ method: 'POST', path: ours('accesspolicies'), body: object });
        return status === 201 || status === 409;
      }, `odd-${index} to be stored`);
    }
    await patch(crd.spec.versions);
    await again();
    const { status, text } = await make(app());
    assert.equal(status, 201, text);
    await until(
      async () =>
        (await strangers({ namespace: own, name: own, host: 'thief.example.localhost' })).every((one) => one === 403),
      'the refusal',
    );
    await until(async () => await isWired(own, own), 'wiring');
    await untilQuiet(gate.cluster, 2_000);
    await gate.cluster.kubectl('delete', 'accesspolicies', '--all', '-n', own);
  });

  test('M3 the leader rests, was refused nothing, and no secret stands anywhere', async () => {
    await untilQuiet(gate.cluster, 3_000);
    const kinds = 'ingresses,events,accesspolicies,clusteraccesspolicies,cognitopools,configmaps,leases';
    const everything = await gate.cluster.kubectl('get', kinds, '-A', '-o', 'json');
    const keys = await gate.cluster.kubectl(
      'get',
      'secret',
      'cognito-gate-key-ring',
      '-n',
      'cognito-gate',
      '-o',
      'json',
    );
    const secrets = Object.values((JSON.parse(keys) as { data: Record<string, string> }).data).flatMap((value) => [
      value,
      Buffer.from(value, 'base64').toString(),
    ]);
    const logs = await Promise.all(gate.replicas.map(async (replica) => await replica.log()));
    for (const secret of ['secret-of-the-app-client', ...secrets]) {
      for (const text of [everything, ...logs]) assert.ok(!text.includes(secret));
    }
    assert.deepEqual((await refusals(gate.cluster)).slice(0, 3), []);
  });
});

function at(path: string, pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific' = 'ImplementationSpecific') {
  return [{ path, pathType, service: 'thief', port: 80 }];
}
