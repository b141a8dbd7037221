import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Route } from '../../src/model/route.ts';
import type { Installation } from '../../src/model/snapshot.ts';
import { routeId } from '../../src/translate/route-id.ts';
import { translate } from '../../src/translate/translate.ts';

const installation: Installation = {
  signInHost: 'auth.example.com',
  defaultPool: 'identity/staff',
  poolNamespaces: ['identity'],
  clientAddressKnown: true,
  prefix: '/_cognito-gate',
  controllerName: 'cognito-gate',
  decisionsUrl: 'http://cognito-gate-decisions.cognito-gate.svc.cluster.local:8080/nginx/',
  releaseNamespace: undefined,
  ingressControllers: ['k8s.io/ingress-nginx'],
  onPolicyGone: 'Refuse',
};

const apiVersion = 'cognito-gate.dev/v1alpha1';
const pool = {
  apiVersion,
  kind: 'CognitoPool',
  metadata: { name: 'staff', namespace: 'identity' },
  spec: { userPoolId: 'eu-west-1_AbCdEfGhI', clientId: 'x', allowedNamespaces: { from: 'All' } },
};

type Floor = 'Allow' | 'ExactPathsOnly' | 'Forbid';

function platform(publicRules: Floor, withDefault: boolean): unknown {
  const part = { default: { rules: [{ access: 'SignedIn' }] } };
  const required = { deny: [{ groups: ['suspended'] }], publicRules };
  return {
    apiVersion,
    kind: 'ClusterAccessPolicy',
    metadata: { name: 'floor' },
    spec: { selector: { ingressClassNames: ['internal'] }, required, ...(withDefault ? part : {}) },
  };
}

/** Everything that a namespace can write: its annotations, its policies, their names, modes and rules. */
const path = fc.record({
  type: fc.constantFrom('Exact', 'PathPrefix', 'RegularExpression'),
  value: fc.constantFrom('/', '/a', '/a/b'),
});
const rule = fc.record(
  {
    match: fc.record(
      { paths: fc.array(path, { minLength: 1, maxLength: 3 }), methods: fc.constant(['GET']) },
      { requiredKeys: ['paths'] },
    ),
    access: fc.constantFrom('Public', 'SignedIn'),
  },
  { requiredKeys: ['access'] },
);
const spec = fc.record(
  {
    targetRefs: fc.constant([{ group: 'networking.k8s.io', kind: 'Ingress', name: 'app' }]),
    mode: fc.constantFrom('Enforce', 'Audit'),
    corsPreflight: fc.constantFrom('Check', 'Pass'),
    deny: fc.constant([{ usernames: ['mallory'] }]),
    rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['rules', 'targetRefs'] },
);
const policies = fc.array(spec, { maxLength: 2 }).map((specs) =>
  specs.map((one, index) => ({
    apiVersion,
    kind: 'AccessPolicy',
    metadata: { name: `p${index}`, namespace: 'shop' },
    spec: one,
  })),
);
const mixed = fc.record(
  {
    'cognito-gate.dev/policy': fc.constantFrom('p0', 'p1', 'p2'),
    'cognito-gate.dev/access': fc.constantFrom('Public', 'SignedIn', 'Everybody'),
    'cognito-gate.dev/public-paths': fc.constantFrom('/a', '/a/*', '/*'),
    'cognito-gate.dev/cors-preflight': fc.constantFrom('Check', 'Pass'),
    'cognito-gate.dev/unprotect': fc.constantFrom('true', 'false'),
    'cognito-gate.dev/status': fc.constantFrom('{"began":"mark","state":"Enforced"}', 'nonsense'),
    'nginx.ingress.kubernetes.io/auth-url': fc.constant(`${installation.decisionsUrl}${routeId('shop', 'app')}`),
  },
  { requiredKeys: [] },
);

/** Mixed at random most of them exclude each other; so often a few that go together. */
const annotations: fc.Arbitrary<Readonly<Record<string, string>>> = fc.oneof(
  mixed,
  fc.constant({}),
  fc.record({ 'cognito-gate.dev/policy': fc.constantFrom('p0', 'p1') }),
  fc.record(
    {
      'cognito-gate.dev/access': fc.constantFrom('Public', 'SignedIn'),
      'cognito-gate.dev/public-paths': fc.constantFrom('/a', '/a/*'),
    },
    { requiredKeys: ['cognito-gate.dev/access'] },
  ),
);

function ingress(own: Readonly<Record<string, string>>): unknown {
  const backend = { service: { name: 'app', port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'app', namespace: 'shop', annotations: own },
    spec: {
      ingressClassName: 'internal',
      rules: [{ host: 'app.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  };
}

function keeps({ state }: Route, floor: Floor): boolean {
  if (state.kind === 'broken') return true;
  const { deny, rules, corsPreflight } = state.policy;
  if (!deny.some((condition) => condition.groups?.includes('suspended') === true)) return false;
  if (floor === 'Allow') return true;
  if (corsPreflight === 'Pass') return false;
  const open = rules.filter(({ access }) => access.kind === 'Public');
  if (floor === 'Forbid') return open.length === 0;
  return open.every(({ match }) => match.paths?.every(({ type }) => type === 'Exact') === true);
}

test('P30 whatever a namespace writes, what a ClusterAccessPolicy requires holds or the route refuses', () => {
  const written = fc.record({
    floor: fc.constantFrom<Floor>('Allow', 'ExactPathsOnly', 'Forbid'),
    withDefault: fc.boolean(),
    policies,
    annotations,
  });
  let enforced = 0;
  fc.assert(
    fc.property(written, (one) => {
      const values = [pool, platform(one.floor, one.withDefault), ingress(one.annotations), ...one.policies];
      const objects = values.map((value) => ({ value, origin: 'x' }));
      const { table } = translate({ installation, objects, secrets: new Map() });
      const routes = [...table.allRoutes()].map(({ route }) => route);
      if (one.withDefault) assert.equal(routes.length, 1, 'no annotation leaves the default of the platform');
      for (const route of routes) {
        if (route.state.kind === 'enforced') enforced += 1;
        assert.ok(keeps(route, one.floor), JSON.stringify(route.state));
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(enforced > 50, 'the property says something only where routes are in force');
});

/** Every place in a value, by the keys that lead there. */
function places(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [[]];
  const below = Object.entries(value).flatMap(([key, part]) => places(part).map((place) => [key, ...place]));
  return [[], ...below];
}

function replaced(value: unknown, [first, ...rest]: readonly string[], put: unknown): unknown {
  if (first === undefined || typeof value !== 'object' || value === null) return put;
  const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  return Object.assign(copy, { [first]: replaced(Reflect.get(value, first), rest, put) });
}

test('T24.1 one mistake anywhere in a ClusterAccessPolicy opens nothing that it closed', () => {
  const good = {
    selector: { ingressClassNames: ['internal'], namespaces: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
    poolRefs: [{ name: 'staff', namespace: 'identity' }],
    default: {
      rules: [{ name: 'all', match: { paths: [{ type: 'PathPrefix', value: '/' }] }, allow: [{ groups: ['staff'] }] }],
      deny: [{ usernames: ['eve'] }],
      corsPreflight: 'Check',
      allowedOrigins: ['https://example.com'],
    },
    required: { deny: [{ groups: ['suspended'] }], publicRules: 'Forbid' },
  };
  const labelled = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { a: 'b' } } };
  const metadata = { name: 'floor' };
  const marks = [{}, { 'cognito-gate.dev/access': 'SignedIn' }, { 'cognito-gate.dev/access': 'Public' }];
  const mistakes = places(good).flatMap((place) =>
    [null, '', [], [''], [null], -1, 'x y'].flatMap((put) => marks.map((own) => ({ place, put, own }))),
  );
  for (const { place, put, own } of mistakes) {
    const policy = { apiVersion, kind: 'ClusterAccessPolicy', metadata, spec: replaced(good, place, put) };
    const objects = [pool, labelled, policy, ingress(own)].map((value) => ({ value, origin: 'x' }));
    const routes = [...translate({ installation, objects, secrets: new Map() }).table.allRoutes()];
    const at = `${place.join('.')}: ${JSON.stringify(put)}, ${JSON.stringify(own)}`;
    const meant = place.length > 0 && place[0] !== 'selector';
    if (meant || Object.keys(own).length > 0) assert.equal(routes.length, 1, at);
    assert.ok(
      routes.every(({ route }) => keeps(route, 'Forbid')),
      at,
    );
  }
});
