import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { RevocationReport } from '../../src/model/plan.ts';
import { isRecord } from '../../src/kubernetes/object.ts';
import type { KubeObject } from '../../src/kubernetes/object.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { quiet, startLab, until } from './leader-world.ts';
import type { Lab } from './leader-world.ts';
import { settings } from './samples.ts';

let cluster: Cluster;
let lab: Lab;
const place = { resource: resources.sessionRevocations, namespace: 'gate', name: 'laptop' };
const get = async (): Promise<KubeObject | undefined> => await cluster.client().get(place);
const seconds = (): number => Math.floor(Date.now() / 1000);

before(async () => {
  cluster = await startCluster();
  await cluster.kubectl('apply', '--server-side', '-f', 'crds/');
  await cluster.kubectl('create', 'namespace', 'gate');
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all');
});
after(async () => await cluster.stop());
beforeEach(async () => {
  lab = startLab({ client: cluster.client(), settings });
  const metadata = { name: 'laptop', namespace: 'gate' };
  const spec = { user: { username: 'ada' } };
  await cluster
    .client()
    .create(place, { apiVersion: 'cognito-gate.dev/v1alpha1', kind: 'SessionRevocation', metadata, spec });
});
afterEach(async () => {
  await lab.stop();
  await cluster.client().remove(place);
});

function report(keptUntil: number): RevocationReport {
  const ref = { kind: 'SessionRevocation', namespace: 'gate', name: 'laptop' };
  const before = 1_795_626_000;
  return {
    ref,
    revocation: { pools: ['a'], who: { kind: 'username', value: 'ada' }, before },
    ends: 'username ada',
    before,
    keptUntil,
  };
}

async function condition(): Promise<string> {
  const status = (await get())?.['status'];
  const conditions = isRecord(status) && Array.isArray(status['conditions']) ? status['conditions'] : [];
  return conditions
    .filter(isRecord)
    .map((one) => `${String(one['type'])} ${String(one['status'])} ${String(one['reason'])}`)
    .join();
}

test('it is pending until every replica has read it, then in force, and then nothing is written any more', async () => {
  let everywhere = false;
  const revocations = [report(seconds() + 3600)];
  await lab.set(() => ({ revocations, isReadEverywhere: () => everywhere }));
  await until('it is pending', async () => (await condition()) === 'InForce False Pending');
  everywhere = true;
  await until('it is in force', async () => (await condition()) === 'InForce True InForce');
  assert.deepEqual(await quiet(lab), []);
  everywhere = false;
  assert.deepEqual(await quiet(lab), [], 'it stays in force while others catch up with its status');
});

test('kept as long as it says, it is deleted when that is over', async () => {
  const revocations = [report(seconds() + 3)];
  await lab.set(() => ({ revocations }));
  await until('it is in force', async () => (await condition()) === 'InForce True InForce');
  await until('it is gone', async () => (await get()) === undefined);
});

test('a clock that is months ahead deletes nothing: the API server’s counts', async () => {
  const revocations = [report(seconds() + 3600)];
  await lab.set(() => ({ revocations }));
  await until('it is in force', async () => (await condition()) === 'InForce True InForce');
  lab.jump(100 * 86_400);
  await until('it was tried', () => lab.writes.includes('SessionRevocation failed'));
  assert.ok((await get()) !== undefined);
  const map = { resource: resources.configMaps, namespace: 'gate', name: `${settings.releaseName}-clock` };
  assert.equal(await cluster.client().get(map), undefined, 'nothing is left of the question');
});
