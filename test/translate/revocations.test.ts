import assert from 'node:assert/strict';
import test from 'node:test';
import type { Installation } from '../../src/model/snapshot.ts';
import { translate } from '../../src/translate/translate.ts';
import type { Translation } from '../../src/translate/translate.ts';

const installation: Installation = {
  signInHost: 'auth.example.com',
  defaultPool: undefined,
  poolNamespaces: ['identity'],
  clientAddressKnown: true,
  prefix: '/_cognito-gate',
  controllerName: 'cognito-gate',
  decisionsUrl: 'http://cognito-gate-decisions.cognito-gate.svc.cluster.local:8080/nginx/',
  releaseNamespace: 'cognito-gate',
  ingressControllers: ['k8s.io/ingress-nginx'],
  onPolicyGone: 'Refuse',
  sharedHosts: 'Refuse',
};

const object = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'cognito-gate.dev/v1alpha1',
  kind,
  metadata: { name, namespace: 'identity', creationTimestamp: '2026-11-25T17:00:00Z' },
  spec,
});
const pool = (clientId: string, signInLifetime = '12h'): object =>
  object('CognitoPool', 'staff', { userPoolId: 'eu-west-1_AbCdEfGhI', clientId, session: { signInLifetime } });

function translated(...objects: readonly object[]): Translation {
  return translate({ installation, objects: objects.map((value) => ({ value, origin: 'x' })), secrets: new Map() });
}

const told = ({ findings }: Translation): readonly string[] => findings.map(({ reason }) => reason);

test('what is remembered of a revocation holds beside the same pools only', () => {
  const revocation = object('SessionRevocation', 'laptop', { everyone: true, keepFor: '24h' });
  const first = translated(pool('a'), revocation);
  assert.deepEqual([told(first), first.table.revocations], [[], 1]);
  const same = translated(pool('a'), revocation);
  assert.equal(same.table.hash, first.table.hash);
  assert.equal(same.revocations[0], first.revocations[0], 'read once');
  const none = translated(revocation);
  assert.deepEqual([told(none), none.table.revocations], [['PoolNotFound'], 0]);
  const pointedElsewhere = translated(pool('b'), revocation);
  assert.deepEqual(pointedElsewhere.revocations[0]?.revocation?.pools, [...pointedElsewhere.table.pools.keys()]);
  assert.notDeepEqual(pointedElsewhere.revocations[0]?.revocation, first.revocations[0]?.revocation);
  assert.deepEqual(told(translated(pool('a', '25h'), revocation)), ['KeptTooShort']);
  assert.deepEqual(told(translated(pool('a'), revocation)), []);
});
