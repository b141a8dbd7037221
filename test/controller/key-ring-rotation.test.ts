import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { createKeyRingRotation } from '../../src/controller/key-ring-rotation.ts';
import type { KeyRingChange } from '../../src/controller/key-ring-rotation.ts';
import { KubeApiError } from '../../src/kubernetes/client.ts';
import type { KubeObject } from '../../src/kubernetes/object.ts';

const due: KeyRingChange = { add: ['k2', 'content'], remove: ['k0'] };

function ringSecret(metadata: Partial<KubeObject['metadata']> = {}, rest: object = {}): KubeObject {
  return { metadata: { name: 'ring', namespace: 'gate', uid: 'u', resourceVersion: '7', ...metadata }, ...rest };
}

function rotate(given: {
  secret?: KubeObject;
  change?: () => KeyRingChange | undefined;
  leads?: boolean;
  fail?: Error;
}) {
  const patches: unknown[] = [];
  const said: string[] = [];
  const outcomes: string[] = [];
  const state = { secret: given.secret ?? ringSecret(), leads: given.leads ?? true };
  const rotation = createKeyRingRotation({
    client: {
      merge: async (_place, patch) => {
        if (given.fail !== undefined) throw given.fail;
        patches.push(patch);
        return state.secret;
      },
    },
    namespace: 'gate',
    name: 'ring',
    fieldManager: 'cognito-gate/test',
    secret: () => state.secret,
    change: given.change ?? (() => due),
    leading: () => state.leads,
    log: { info: (_fields, text) => void said.push(text), warn: (_fields, text) => void said.push(text) },
    onWrite: (outcome) => outcomes.push(outcome),
    onError: (error) => said.push(`error: ${error.message}`),
  });
  const look = async (): Promise<void> => {
    rotation.look();
    await turn();
  };
  return { look, patches, said, outcomes, state, close: rotation.close };
}

test('one write adds and removes, on the version that was looked at', async () => {
  const { look, patches, said, outcomes, close } = rotate({});
  await look();
  close();
  assert.deepEqual(patches, [
    {
      metadata: { uid: 'u', resourceVersion: '7' },
      data: { k0: null, k2: Buffer.from('content').toString('base64') },
    },
  ]);
  assert.deepEqual([said, outcomes], [['rotated the key ring'], ['done']]);
});

test('only the leader writes, and only when something is due', async () => {
  const idle = rotate({ leads: false });
  await idle.look();
  idle.close();
  const early = rotate({ change: () => undefined });
  await early.look();
  early.close();
  assert.deepEqual([idle.patches, early.patches], [[], []]);
});

const managed: readonly (readonly [string, KubeObject])[] = [
  [
    'ExternalSecret ring',
    ringSecret({
      ownerReferences: [{ apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', name: 'ring', uid: 'x' }],
    }),
  ],
  ['Argo CD', ringSecret({ annotations: { 'argocd.argoproj.io/tracking-id': 'gate:/Secret:gate/ring' } })],
  [
    'Helm',
    ringSecret({
      annotations: { 'meta.helm.sh/release-name': 'keys' },
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    }),
  ],
  ['Flux', ringSecret({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'keys' } })],
  ['Terraform', ringSecret({ labels: { 'app.kubernetes.io/managed-by': 'Terraform' } })],
  ['whoever made it immutable', ringSecret({}, { immutable: true })],
];
for (const [keeper, secret] of managed) {
  test(`a Secret of ${keeper} is left, and that is said once`, async () => {
    const { look, patches, said, state, close } = rotate({ secret });
    await look();
    await look();
    assert.deepEqual(patches, []);
    assert.deepEqual(said, [`the key ring is not rotated: ${keeper} looks after this Secret, and has to do it`]);
    state.secret = ringSecret({ labels: { 'app.kubernetes.io/managed-by': 'cognito-gate' } });
    await look();
    close();
    assert.equal(patches.length, 1);
  });
}

test('a ring that can’t be read is left, with its fault', async () => {
  const { look, patches, said, close } = rotate({
    change: () => {
      throw new Error('key ring, entry "b", content: must be JSON');
    },
  });
  await look();
  await look();
  close();
  assert.deepEqual([patches, said], [[], ['the key ring is not rotated: key ring, entry "b", content: must be JSON']]);
});

test('a change that somebody else made first is no error; a refusal is', async () => {
  const first = rotate({ fail: new KubeApiError({ status: 409, reason: 'Conflict' }, 'changed') });
  await first.look();
  first.close();
  const refused = rotate({ fail: new KubeApiError({ status: 403, reason: 'Forbidden' }, 'no right') });
  await refused.look();
  refused.close();
  assert.deepEqual([first.said, first.outcomes], [[], ['conflict']]);
  assert.deepEqual([refused.said, refused.outcomes], [['error: no right'], ['failed']]);
});
