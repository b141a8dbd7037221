import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { keptIngress, keptObject } from '../../src/sources/kept-objects.ts';
import { printOfObject } from '../../src/sources/object-print.ts';

const owner = (manager: string, operation: string, fields: unknown) => ({ manager, operation, fieldsV1: fields });
const authUrl = { 'f:metadata': { 'f:annotations': { 'f:nginx.ingress.kubernetes.io/auth-url': {} } } };

const ingress = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: {
    name: 'shop',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '7',
    generation: 2,
    annotations: { a: '1', 'kubectl.kubernetes.io/last-applied-configuration': '{…}' },
    managedFields: [
      owner('helm', 'Update', authUrl),
      owner('kubectl', 'Apply', { 'f:spec': {} }),
      owner('broken', 'Update', 'text'),
    ],
  },
  spec: { rules: [] },
  status: { loadBalancer: {} },
};

suite('what is kept of an object', () => {
  test('of an Ingress: who owns its auth-url, and neither status nor the copy of kubectl', () => {
    const { metadata, ...rest } = keptIngress(ingress);
    assert.deepEqual(metadata.managedFields, [{ manager: 'helm', operation: 'Update' }]);
    assert.deepEqual(metadata.annotations, { a: '1' });
    assert.deepEqual(rest['spec'], { rules: [] });
    assert.equal('status' in rest, false);
  });

  test('of another: no managed fields, but its status', () => {
    const kept = keptObject(ingress);
    assert.equal('managedFields' in kept.metadata, false);
    assert.deepEqual(kept['status'], { loadBalancer: {} });
  });
});

suite('what decides', () => {
  const print = (more: object) => printOfObject({ ...ingress, metadata: { ...ingress.metadata, ...more } });

  test('a status that was written does not', () => assert.equal(print({}), print({ resourceVersion: '8' })));
  for (const [what, more] of [
    ['a generation', { generation: 3 }],
    ['an annotation', { annotations: {} }],
    ['a label', { labels: { a: 'b' } }],
    ['a deletion', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['another object of that name', { uid: 'v' }],
  ] as const) {
    test(`${what} does`, () => assert.notEqual(print({}), print(more)));
  }

  test('a Secret is known by its resource version', () => {
    const secret = (resourceVersion: string) => ({
      kind: 'Secret',
      metadata: { name: 's', uid: 's', resourceVersion },
    });
    assert.notEqual(printOfObject(secret('1')), printOfObject(secret('2')));
  });
});
