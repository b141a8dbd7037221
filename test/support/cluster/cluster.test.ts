import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { resources } from '../../../src/kubernetes/resources.ts';
import { waitForPort } from '../ports.ts';
import { startCluster } from './cluster.ts';
import type { Cluster } from './cluster.ts';

let cluster: Cluster;

before(async () => {
  cluster = await startCluster();
});
after(async () => await cluster.stop());

test('kubectl and helm reach it with the versions that are pinned', async () => {
  assert.ok(/Server Version: v1\.37\.2/.test(await cluster.kubectl('version')));
  assert.equal((await cluster.helm('version', '--short')).split('+')[0], 'v4.2.3');
  const missing = await cluster.tryKubectl('get', 'configmap', 'missing');
  assert.equal(missing.code, 1);
  assert.ok(/NotFound/.test(missing.stderr));
  await assert.rejects(
    cluster.kubectl('get', 'configmap', 'missing'),
    /kubectl get configmap missing failed \(1\).*NotFound/,
  );
});

test('our own client reaches it as the admin', async () => {
  const names = (await cluster.client().list({ resource: resources.namespaces })).items.map(
    ({ metadata: { name } }) => name,
  );
  assert.ok(names.includes('default'));
});

test('a ServiceAccount may do what its Role says, and the audit log tells what it tried', async () => {
  await cluster.kubectl('create', 'serviceaccount', 'gate', '-n', 'default');
  await cluster.kubectl('apply', '-f', '-', { input: JSON.stringify(roles) });
  const token = await cluster.serviceAccountToken('default', 'gate');
  const { status } = await cluster.ask({ path: '/api/v1/namespaces/default/configmaps' }, token);
  assert.equal(status, 200);
  const refused = await cluster.tryKubectl('get', 'secrets', { kubeconfig: await cluster.kubeconfigFor(token) });
  assert.ok(/Forbidden/.test(refused.stderr));
  const tried = (await cluster.auditLog()).filter(({ user }) => user === 'system:serviceaccount:default:gate');
  const seen = tried
    .filter(({ resource }) => resource !== '')
    .map((event) => [event.verb, event.resource, event.status]);
  assert.deepEqual(seen, [
    ['list', 'configmaps', 200],
    ['list', 'secrets', 403],
  ]);
  assert.ok(/RoleBinding "gate\/default"/.test(tried[0]?.allowedBy ?? ''));
});

test('a ValidatingAdmissionPolicy is enforced', async () => {
  await cluster.kubectl('apply', '-f', '-', { input: JSON.stringify(policy) });
  const create = async () => await cluster.tryKubectl('create', 'configmap', 'refused', '--dry-run=server');
  // The API server takes a moment to compile it.
  let answer = await create();
  for (let tries = 0; answer.code === 0 && tries < 100; tries += 1) answer = await create();
  assert.ok(/no such name/.test(answer.stderr), answer.stderr);
});

test('the API server comes back on the same port with its data; a watch it served is in the log once', async () => {
  await cluster.kubectl('create', 'configmap', 'kept');
  await cluster.stopApi();
  await assert.rejects(cluster.ask({ path: '/readyz' }), /ECONNREFUSED/);
  await cluster.startApi();
  await cluster.kubectl('get', 'configmap', 'kept');
  await cluster.stopApi('SIGKILL');
  await cluster.startApi();
  const watch = { path: '/api/v1/configmaps?watch=1&timeoutSeconds=1' };
  assert.equal((await cluster.ask(watch)).status, 200);
  const watches = (await cluster.auditLog()).filter(({ uri }) => uri === watch.path);
  assert.deepEqual(
    watches.map(({ verb, status }) => [verb, status]),
    [['watch', 200]],
  );
});

test('while etcd is paused nothing can be written, and it goes on afterwards', async () => {
  cluster.pauseEtcd();
  const write = cluster.tryKubectl('create', 'configmap', 'late', '--request-timeout=1s');
  assert.equal((await write).code, 1);
  cluster.resumeEtcd();
  await cluster.kubectl('create', 'configmap', 'later');
});

test('a deleted namespace goes once it is finished', async () => {
  await cluster.kubectl('create', 'namespace', 'going');
  await cluster.kubectl('delete', 'namespace', 'going', '--wait=false');
  await cluster.finishNamespace('going');
  assert.equal((await cluster.ask({ path: '/api/v1/namespaces/going' })).status, 404);
});

test('a folder that is named keeps what is in it', async () => {
  const folder = join(cluster.folder, 'kept');
  for (const code of [0, 1]) {
    const kept = await startCluster({ folder });
    const made = await kept.tryKubectl('create', 'namespace', 'kept');
    await kept.stop();
    assert.equal(made.code, code, made.stderr);
  }
});

test('it ends with the process that started it, even when that is killed', async () => {
  const module = JSON.stringify(join(import.meta.dirname, 'cluster.ts'));
  const program = `import { startCluster } from ${module};
    const { server, folder } = await startCluster();
    process.stdout.write(server + ' ' + folder);
    setInterval(() => undefined, 60_000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program]);
  const line = await new Promise<string>((resolve) => parent.stdout.setEncoding('utf8').once('data', resolve));
  const [server = '', folder = ''] = line.split(' ');
  parent.kill('SIGKILL');
  const port = Number(new URL(server).port);
  for (let tries = 0; tries < 250 && (await answers(port)); tries += 1) await sleep(20);
  assert.equal(await answers(port), false);
  await rm(folder, { recursive: true, force: true });
});

async function answers(port: number): Promise<boolean> {
  return await waitForPort(port, () => 'nobody').then(
    () => true,
    () => false,
  );
}

const metadata = { name: 'gate', namespace: 'default' };
const rbac = 'rbac.authorization.k8s.io/v1';
const roles = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: rbac,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
    },
    {
      apiVersion: rbac,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'gate' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  ],
};
const admission = 'admissionregistration.k8s.io/v1';
const configMaps = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] };
const policy = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'names' },
      spec: {
        matchConstraints: { resourceRules: [configMaps] },
        validations: [{ expression: "object.metadata.name != 'refused'", message: 'no such name' }],
      },
    },
    {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'names' },
      spec: { policyName: 'names', validationActions: ['Deny'] },
    },
  ],
};
