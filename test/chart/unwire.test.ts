/** `helm upgrade --set unwire=true` with the release's own ServiceAccount, whose rights end at the watched namespaces. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startLab } from '../docs/lab.ts';
import type { Lab } from '../docs/lab.ts';
import { until } from '../support/until.ts';

const account = 'system:serviceaccount:cognito-gate:cognito-gate';
const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const foreign = 'http://oauth2-proxy.auth.svc.cluster.local/oauth2/auth';

const values = `
signInHost: auth.example.com
namespaces: [shop, wiki, blog]
pool: { userPoolId: eu-west-1_AbCdEfGhI, domain: acme-staff, clientId: 3n4b5example, clientSecret: the-client-secret }
signIn: { ingress: { className: nginx } }
`;
const policy = `
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: wiki, namespace: wiki }
spec:
  targetRefs: [{ group: networking.k8s.io, kind: Ingress, name: wiki }]
  rules: [{ name: staff, allow: [{ groups: [staff] }] }]
`;

suite('unwire', { timeout: 120_000 }, () => {
  let lab: Lab;
  const sh = async (script: string): Promise<string> => {
    const { code, output } = await lab.sh(script);
    assert.equal(code, 0, output);
    return output;
  };
  const annotations = async (name: string): Promise<Readonly<Record<string, string>>> => {
    const text = await lab.cluster.kubectl('get', 'ingress', '-n', name, name, '-o', 'json');
    return (JSON.parse(text) as { metadata: { annotations?: Record<string, string> } }).metadata.annotations ?? {};
  };
  const isWired = async (name: string): Promise<boolean> =>
    (await annotations(name))[authUrl]?.includes('/nginx/') === true;
  const companions = async (): Promise<string> =>
    await lab.cluster.kubectl('get', 'ingress', '-A', '-l', 'cognito-gate.dev/companion', '-o', 'name');
  const upgrade = async (...set: string[]): Promise<string> =>
    await sh(`helm upgrade cognito-gate charts/cognito-gate -n cognito-gate -f values.yaml --set ${set.join(',')}`);
  const bothWired = async (): Promise<void> => {
    await until(async () => (await isWired('shop')) && (await isWired('wiki')), 'both wired', 30_000);
    await until(async () => (await companions()).split('\n').filter(Boolean).length === 2, 'companions', 30_000);
  };

  before(async () => {
    lab = await startLab({ front: 'none', apps: { shop: {}, wiki: {}, blog: { [authUrl]: foreign } } });
    await lab.write('values.yaml', values);
    await lab.write('policy.yaml', policy);
    await sh('helm install cognito-gate charts/cognito-gate -n cognito-gate --create-namespace -f values.yaml');
    await sh('kubectl rollout status deployment/cognito-gate -n cognito-gate --timeout=60s');
    await sh(
      'kubectl annotate ingress shop -n shop cognito-gate.dev/allowed-groups=admins && kubectl apply -f policy.yaml',
    );
    await bothWired();
  });
  after(async () => await lab?.stop());

  test('while a replica leads, the command says who and does nothing', async () => {
    const { cluster } = lab;
    const file = join(cluster.folder, 'unwire.yaml');
    const map = await cluster.kubectl('get', 'configmap', '-n', 'cognito-gate', 'cognito-gate-config', '-o', 'json');
    await writeFile(file, (JSON.parse(map) as { data: Record<string, string> }).data['config.yaml'] ?? '');
    const kubeconfig = await cluster.kubeconfigFor(await cluster.serviceAccountToken('cognito-gate', 'cognito-gate'));
    const args = ['src/main.ts', 'unwire', '--all', '--config', file, '--kubeconfig', kubeconfig];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /cognito-gate-\d leads and would put back .*kubectl scale deployment -n cognito-gate cognito-gate --replicas=0/,
    );
    assert.ok(await isWired('shop'));
  });

  test('no replicas, no webhooks, no guard; our annotations are off, marks and those of others stay', async () => {
    const said = await upgrade('unwire=true');
    assert.match(said, /Apps that were protected are OPEN now/);
    assert.match(lab.kubelet.jobLog, /unwired Ingress shop\/shop\nunwired Ingress wiki\/wiki\n/);
    assert.match(lab.kubelet.jobLog, /2 unwired, 2 companions removed, 0 failed/);
    const shop = Object.keys(await annotations('shop')).filter((key) => !key.startsWith('kubectl'));
    assert.deepEqual(shop, ['cognito-gate.dev/allowed-groups']);
    assert.deepEqual(
      Object.keys(await annotations('wiki')).filter((key) => !key.startsWith('kubectl')),
      [],
    );
    assert.equal((await annotations('blog'))[authUrl], foreign);
    assert.equal(await companions(), '');
    const kinds = 'mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies';
    assert.equal(
      await lab.cluster.kubectl('get', kinds, '-l', 'app.kubernetes.io/instance=cognito-gate', '-o', 'name'),
      '',
    );
    assert.equal(lab.kubelet.replicas().length, 0);
  });

  test('the API server refused nothing of it (least rights, namespaces named)', async () => {
    const refused = (await lab.cluster.auditLog()).filter(({ user, status }) => user === account && status === 403);
    assert.deepEqual(
      refused.map(({ verb, uri }) => `${verb} ${uri}`),
      [],
    );
  });

  test('unwire=false protects again what was protected', async () => {
    await upgrade('unwire=false');
    await bothWired();
  });

  test('uninstalled too early, everything is closed; an install with unwire=true opens it', async () => {
    await sh('helm uninstall cognito-gate -n cognito-gate');
    assert.ok((await isWired('shop')) && (await isWired('wiki')));
    await sh('helm install cognito-gate charts/cognito-gate -n cognito-gate -f values.yaml --set unwire=true');
    assert.ok(!(await isWired('shop')) && !(await isWired('wiki')));
    assert.match(lab.kubelet.jobLog, /2 unwired/);
  });
});
