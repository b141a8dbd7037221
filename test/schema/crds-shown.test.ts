import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { until } from '../support/until.ts';
import { objectWith } from './crd-objects.ts';
import type { Json } from './crd-objects.ts';
import { answerTo, installCrds } from './crd-server.ts';

let cluster: Cluster;

before(async () => {
  cluster = await startCluster();
  await installCrds(cluster);
  // A CRD is Established a moment before its schema is published, and kubectl explains from what is published.
  for (const kind of ['accesspolicy', 'clusteraccesspolicy', 'cognitopool', 'sessionrevocation'])
    await until(async () => (await cluster.tryKubectl('explain', kind)).code === 0, `the schema of ${kind}`, 30_000);
});

after(async () => await cluster.stop());

const texts: readonly (readonly [string, RegExp])[] = [
  ['accesspolicy', /first rule that matches a request decides/],
  [
    'accesspolicy.spec.rules',
    /first rule that matches a request decides, allowed or not: .*no rule matches, the request is refused/,
  ],
  ['accesspolicy.spec.rules.allow', /All fields of an entry must hold; within a field any value will do/],
  ['clusteraccesspolicy.spec.default.rules', /first rule that matches a request decides/],
  ['clusteraccesspolicy.spec.required', /can not be weakened/],
  ['clusteraccesspolicy.spec.selector', /labels of namespaces/],
  ['cognitopool.spec.allowedNamespaces.from', /Selector/],
  ['cognitopool.status.register', /register at the app client/],
  ['accesspolicy.status.conditions', /Protected/],
  ['sessionrevocation.spec.before', /Sign-ins of this time .* or earlier end/],
];

for (const [path, text] of texts) {
  test(`kubectl explain ${path} reads like documentation`, async () => {
    const shown = (await cluster.kubectl('explain', path)).replaceAll(/\s+/g, ' ');
    assert.ok(text.test(shown), shown);
  });
}

async function make(object: Json, status: Json): Promise<void> {
  await cluster.kubectl('apply', '-f', '-', { input: JSON.stringify(object) });
  const patch = JSON.stringify({ status });
  await cluster.kubectl('patch', String(object['kind']), 'row', '--subresource=status', '--type=merge', '-p', patch);
}

function condition(type: string, status: string, reason: string): Json {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  return { type, status, reason, message: 'why', lastTransitionTime, observedGeneration: 1 };
}

async function shownBy(...args: readonly string[]): Promise<readonly string[]> {
  const lines = (await cluster.kubectl('get', ...args)).trimEnd().split('\n');
  return lines.map((line) =>
    line
      .split(/\s{2,}/)
      .slice(0, -1)
      .join(' | '),
  );
}

test('the columns of an AccessPolicy tell whether and why it protects', async () => {
  await make(objectWith('AccessPolicy', {}), {
    observedGeneration: 1,
    summary: { targets: 2, pool: 'identity/staff' },
    conditions: [condition('Accepted', 'True', 'Accepted'), condition('Protected', 'False', 'PoolNotFound')],
    targets: [
      {
        ref: { group: 'networking.k8s.io', kind: 'Ingress', namespace: 'default', name: 'shop' },
        controllerName: 'cognito-gate',
        conditions: [condition('Programmed', 'True', 'Programmed')],
      },
    ],
  });
  assert.deepEqual(await shownBy('cgap'), [
    'NAME | PROTECTED | REASON | MODE | TARGETS | POOL',
    'row | False | PoolNotFound | Enforce | 2 | identity/staff',
  ]);
});

test('the columns of a ClusterAccessPolicy tell its floor as well', async () => {
  await make(objectWith('ClusterAccessPolicy', {}), {
    summary: { targets: 7, pool: 'identity/staff' },
    conditions: [condition('Protected', 'True', 'Programmed')],
  });
  assert.deepEqual(await shownBy('cgcap'), [
    'NAME | PROTECTED | REASON | PUBLIC RULES | TARGETS | POOL',
    'row | True | Programmed | Forbid | 7 | identity/staff',
  ]);
});

test('the columns of a CognitoPool tell what Cognito answered', async () => {
  await make(objectWith('CognitoPool', {}), {
    issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI',
    loginPages: 'Managed',
    register: {
      callbackUrls: ['https://auth.example.com/oauth2/callback'],
      signOutUrls: ['https://auth.example.com/oauth2/signed-out'],
      grant: 'code',
      scopes: ['openid'],
    },
    conditions: [
      condition('Accepted', 'True', 'Accepted'),
      condition('Reachable', 'True', 'Answered'),
      condition('Registered', 'False', 'RedirectMismatch'),
    ],
  });
  assert.deepEqual(await shownBy('cgpool'), [
    'NAME | ACCEPTED | REACHABLE | REGISTERED | REASON | USER POOL | CLIENT',
    'row | True | True | False | RedirectMismatch | eu-west-1_AbCdEfGhI | 3n4b5example',
  ]);
});

test('one category shows every kind', async () => {
  const names = await cluster.kubectl('get', 'cognito-gate', '-A', '-o', 'name');
  const found = names.trim().split('\n').toSorted();
  assert.deepEqual(found, [
    'accesspolicy.cognito-gate.dev/row',
    'clusteraccesspolicy.cognito-gate.dev/row',
    'cognitopool.cognito-gate.dev/row',
  ]);
});

/** About as much as etcd takes in one object, where the rules of CEL have the most to do. */
function largest(): Json {
  const many = <T>(count: number, make: (index: number) => T): readonly T[] =>
    Array.from({ length: count }, (_, i) => make(i));
  const pool = (index: number): Json => ({
    name: `${'p'.repeat(240)}${index}`,
    namespace: `${'n'.repeat(60)}${index}`,
  });
  const allow = many(16, () => ({ pool: pool(7), groups: ['staff'] }));
  const rules = many(32, (index) => ({
    name: `${'r'.repeat(60)}${index}`,
    match: {
      paths: many(16, (i) => ({ type: 'PathPrefix', value: `/${'a'.repeat(900)}${i}` })),
      methods: many(16, () => 'A'.repeat(32)),
      sourceRanges: many(128, (i) => `10.0.${i}.0/24`),
    },
    allow,
  }));
  const targetRefs = many(64, (i) => ({ group: 'networking.k8s.io', kind: 'Ingress', name: `${'t'.repeat(240)}${i}` }));
  const object = objectWith('AccessPolicy', { targetRefs, poolRefs: many(8, pool), deny: allow, rules });
  return { ...object, metadata: { name: 'largest', namespace: 'default' } };
}

test('the largest policy is within what the API server spends on the rules of one object', async () => {
  const answer = await answerTo(cluster, largest());
  assert.ok(answer.accepted, answer.message.slice(0, 500));
});

test('the columns of a SessionRevocation tell whose sign-ins end, and why somebody made it', async () => {
  await make(objectWith('SessionRevocation', { reason: 'stolen laptop' }), {
    ends: 'the person with the username ada',
    before: '2026-11-25T17:00:00Z',
    conditions: [condition('InForce', 'True', 'InForce')],
  });
  assert.deepEqual(await shownBy('srev'), [
    'NAME | IN FORCE | REASON | ENDS | BEFORE | FOR',
    'row | True | InForce | the person with the username ada | 2026-11-25T17:00:00Z | stolen laptop',
  ]);
});
