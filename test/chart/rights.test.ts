import assert from 'node:assert/strict';
import test from 'node:test';
import type { Fields } from './render.ts';
import { at, cases, objectsOf, render, valuesOf } from './render.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** "group/resource[names]: verbs" for each rule, sorted. */
function summary(rules: readonly Rule[]): readonly string[] {
  return rules
    .flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
      resources.map((resource) => {
        const names = resourceNames === undefined ? '' : `[${resourceNames.join(' ')}]`;
        return `${apiGroups.join()}/${resource}${names}: ${verbs.join(' ')}`;
      }),
    )
    .toSorted();
}

/** Rules of every role that is bound to the program's ServiceAccount, by "cluster" or namespace. */
async function rights(name: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const objects = objectsOf(await render('--values', valuesOf(name)));
  const found: Record<string, readonly string[]> = {};
  for (const binding of objects.filter(({ kind }) => kind.endsWith('RoleBinding'))) {
    const role = objects.find(
      ({ kind, metadata }) =>
        kind === at(binding, 'roleRef.kind') &&
        metadata.name === at(binding, 'roleRef.name') &&
        metadata.namespace === binding.metadata.namespace,
    );
    assert.ok(role !== undefined, `${binding.metadata.name} binds a role that is not rendered`);
    found[binding.metadata.namespace ?? 'cluster'] = summary(role['rules'] as readonly Rule[]);
  }
  return found;
}

const watched = ['/accesspolicies/status: patch', '/accesspolicies: list watch'];
const pools = [
  '/cognitopools/status: patch',
  '/cognitopools: list watch',
  '/sessionrevocations/status: patch',
  '/sessionrevocations: list watch delete',
];
const ours = (rows: readonly string[]): readonly string[] => rows.map((row) => `cognito-gate.dev${row}`);

const clusterWide = [
  ...ours(['/clusteraccesspolicies/status: patch', '/clusteraccesspolicies: list watch']),
  '/namespaces: list watch',
  'apiextensions.k8s.io/customresourcedefinitions[accesspolicies.cognito-gate.dev clusteraccesspolicies.cognito-gate.dev cognitopools.cognito-gate.dev sessionrevocations.cognito-gate.dev]: get',
  'events.k8s.io/events: create',
  'networking.k8s.io/ingressclasses: list watch',
];

const own = (fullname: string): readonly string[] => [
  '/configmaps: list watch create patch delete',
  '/secrets: create',
  '/secrets: list watch',

  `apps/deployments[${fullname}]: get`,
  'coordination.k8s.io/leases: get list watch create update delete',
  'networking.k8s.io/ingresses: create patch delete',
];

const everyIngress = 'networking.k8s.io/ingresses: get list watch patch';

test('by default: Secrets in the release’s namespace only, nothing more than is used in the cluster (P, least rights)', async () => {
  assert.deepEqual(await rights('default'), {
    cluster: [
      ...clusterWide,
      ...ours([...watched, ...pools]),
      everyIngress,
      'admissionregistration.k8s.io/mutatingwebhookconfigurations[cognito-gate]: list watch patch',
      'admissionregistration.k8s.io/validatingwebhookconfigurations[cognito-gate]: list watch patch',
    ].toSorted(),
    'cognito-gate': [...own('cognito-gate'), '/secrets[cognito-gate-webhook-tls]: patch'].toSorted(),
  });
});

test('with namespaces named: no Ingress and no policy outside of them, Secrets where pools are', async () => {
  const secrets = '/secrets: list watch';
  assert.deepEqual(await rights('everything'), {
    cluster: [...clusterWide].toSorted(),
    'cognito-gate': [
      ...own('gate'),
      '/secrets[old-key-ring]: patch',
      ...ours([...watched, ...pools]),
      everyIngress,
    ].toSorted(),
    identity: [secrets, ...ours(pools)].toSorted(),
    shop: [everyIngress, ...ours([...watched, ...pools])].toSorted(),
    blog: [everyIngress, ...ours([...watched, ...pools])].toSorted(),
  });
});

for (const name of cases) {
  test(`${name}: no wildcard, no Secrets in a ClusterRole, nothing that would give more rights`, async () => {
    for (const role of objectsOf(await render('--values', valuesOf(name))).filter(({ kind }) =>
      kind.endsWith('Role'),
    )) {
      for (const { apiGroups, resources, verbs } of role['rules'] as readonly Rule[]) {
        const words = [...apiGroups, ...resources, ...verbs];
        assert.ok(!words.includes('*'), role.metadata.name);
        assert.ok(role.kind === 'Role' || !resources.includes('secrets'), role.metadata.name);
        assert.ok(
          !words.some((word) =>
            ['escalate', 'bind', 'impersonate', 'pods/exec', 'serviceaccounts/token'].includes(word),
          ),
        );
      }
    }
  });
}

test('AccessPolicies go into edit and admin, reading of all kinds into view; pools and cluster policies into neither', async () => {
  const roles = objectsOf(await render('--values', valuesOf('default'))).filter(({ metadata }) =>
    Object.keys((metadata['labels'] as Fields | undefined) ?? {}).some((label) => label.includes('aggregate-to')),
  );
  const into = (target: string): readonly string[] =>
    roles
      .filter(({ metadata }) => hasLabel(metadata, target))
      .flatMap((role) => summary(role['rules'] as readonly Rule[]))
      .toSorted();
  const reading = ours([
    '/accesspolicies: get list watch',
    '/clusteraccesspolicies: get list watch',
    '/cognitopools: get list watch',
  ]);
  const writing = ours(['/accesspolicies: create update patch delete deletecollection']);
  assert.deepEqual(into('view'), [...reading].toSorted());
  assert.deepEqual(into('edit'), [...reading, ...writing].toSorted());
  assert.deepEqual(into('admin'), [...reading, ...writing].toSorted());
});

function hasLabel(metadata: Fields, target: string): boolean {
  const labels = metadata['labels'] as Fields;
  return labels[`rbac.authorization.k8s.io/aggregate-to-${target}`] === 'true';
}
