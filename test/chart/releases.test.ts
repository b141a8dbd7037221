import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { at, cases, chart, objectsOf, render, valuesOf } from './render.ts';

const crds = ['accesspolicies', 'clusteraccesspolicies', 'cognitopools', 'sessionrevocations'].map(
  (name) => `${name}.cognito-gate.dev`,
);
const values = ['--values', valuesOf('default')];

/** A release's life on a real API server: nothing runs the Deployment there, so helm doesn't wait. */
suite('the chart on an API server', { timeout: 240_000 }, () => {
  let cluster: Cluster;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cg-chart-'));
    cluster = await startCluster();
    for (const name of ['cognito-gate', 'identity', 'shop', 'blog', 'other'])
      await cluster.kubectl('create', 'namespace', name);
  });

  after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const get = async (...what: readonly string[]): Promise<unknown> =>
    JSON.parse(await cluster.kubectl('get', '-o', 'json', ...what));
  const exists = async (...what: readonly string[]): Promise<boolean> =>
    (await cluster.tryKubectl('get', ...what)).code === 0;
  const ownerOf = async (crd: string): Promise<unknown> =>
    (at(await get('crd', crd), 'metadata.annotations') as Record<string, unknown>)['meta.helm.sh/release-name'];
  /** What is there of a release, CRDs apart. */
  const leftOf = async (release: string): Promise<string> =>
    await cluster.kubectl(
      'get',
      'deployments,services,serviceaccounts,configmaps,ingresses,poddisruptionbudgets,networkpolicies,roles,rolebindings,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings',
      '--all-namespaces',
      '--selector',
      `app.kubernetes.io/instance=${release}`,
      '--output',
      'name',
    );

  test('install: the notes say which URLs to register and what to do next', async () => {
    const said = await cluster.helm('install', 'cognito-gate', chart, '--namespace', 'cognito-gate', ...values);
    assert.ok(said.includes('https://auth.example.com/oauth2/callback'), said);
    assert.ok(said.includes('https://auth.example.com/oauth2/signed-out'), said);
    assert.ok(said.includes('kubectl annotate ingress -n NAMESPACE NAME cognito-gate.dev/allowed-groups='), said);
    assert.ok(!said.includes('WARNING'), said);
    assert.equal(at(await get('deployment', '-n', 'cognito-gate', 'cognito-gate'), 'spec.replicas'), 2);
    for (const crd of crds) assert.equal(await ownerOf(crd), 'cognito-gate');
    assert.ok(await exists('accesspolicies,clusteraccesspolicies,cognitopools', '-A'));
  });

  const mayRows = [
    ['yes', 'list', 'ingresses', '--all-namespaces'],
    ['yes', 'patch', 'ingresses', '-n', 'shop'],
    ['no', 'create', 'ingresses', '-n', 'shop'],
    ['no', 'delete', 'ingresses', '-n', 'shop'],
    ['yes', 'create', 'ingresses', '-n', 'cognito-gate'],
    ['no', 'list', 'secrets', '--all-namespaces'],
    ['no', 'list', 'secrets', '-n', 'shop'],
    ['yes', 'watch', 'secrets', '-n', 'cognito-gate'],
    ['no', 'delete', 'secrets', '-n', 'cognito-gate'],
    ['yes', 'patch', 'secrets/cognito-gate-webhook-tls', '-n', 'cognito-gate'],
    ['no', 'patch', 'secrets/cognito-gate-key-ring', '-n', 'cognito-gate'],
    ['no', 'patch', 'accesspolicies.cognito-gate.dev', '-n', 'shop'],
    ['yes', 'patch', 'mutatingwebhookconfigurations/cognito-gate'],
    ['no', 'patch', 'mutatingwebhookconfigurations/other'],
    ['no', 'create', 'pods', '-n', 'cognito-gate'],
  ] as const;

  for (const [answer, ...question] of mayRows) {
    test(`may its ServiceAccount ${question.join(' ')}? ${answer}`, async () => {
      const as = ['--as', 'system:serviceaccount:cognito-gate:cognito-gate'];
      const { stdout } = await cluster.tryKubectl('auth', 'can-i', ...question, ...as);
      assert.equal(stdout.trim(), answer);
    });
  }

  test('upgrade and rollback: what other writers put beside it stays (the webhooks’ caBundle above all)', async () => {
    const bundle = Buffer.from('any').toString('base64');
    const hooks = 'mutatingwebhookconfiguration';
    const name = at(await get(hooks, 'cognito-gate'), 'webhooks.0.name');
    const patch = { webhooks: [{ name, clientConfig: { caBundle: bundle } }] };
    await cluster.kubectl('patch', hooks, 'cognito-gate', '--type', 'strategic', '--patch', JSON.stringify(patch));
    const upgrade = ['upgrade', 'cognito-gate', chart, '--namespace', 'cognito-gate', ...values];
    await cluster.helm(...upgrade, '--set', 'replicas=4,contact=help@example.com');
    assert.equal(at(await get('deployment', '-n', 'cognito-gate', 'cognito-gate'), 'spec.replicas'), 4);
    assert.equal(at(await get(hooks, 'cognito-gate'), 'webhooks.0.clientConfig.caBundle'), bundle);
    await cluster.helm('rollback', 'cognito-gate', '1', '--namespace', 'cognito-gate');
    assert.equal(at(await get('deployment', '-n', 'cognito-gate', 'cognito-gate'), 'spec.replicas'), 2);
    assert.equal(at(await get(hooks, 'cognito-gate'), 'webhooks.0.clientConfig.caBundle'), bundle);
    for (const crd of crds) assert.ok(await exists('crd', crd));
  });

  test('a second release, in its own namespace and with its own name, leaves the first one’s CRDs alone and says so', async () => {
    const own = ['--set', 'controllerName=second,signInHost=second.example.com'];
    const said = await cluster.helm('install', 'second', chart, '--namespace', 'other', ...values, ...own);
    assert.ok(said.includes('accesspolicies.cognito-gate.dev (release cognito-gate/cognito-gate)'), said);
    assert.ok(said.includes('WARNING'), said);
    assert.ok(said.includes('Its Ingress names no class (signIn.ingress.className)'), said);
    assert.ok(said.includes('NAME cognito-gate.dev/controller=second cognito-gate.dev/allowed-groups='), said);
    for (const crd of crds) assert.equal(await ownerOf(crd), 'cognito-gate');
    await cluster.helm('uninstall', 'second', '--namespace', 'other');
    assert.equal(await leftOf('second'), '');
    for (const crd of crds) assert.ok(await exists('crd', crd));
  });

  test('uninstall: CRDs, policies and the key ring stay, everything else goes', async () => {
    await cluster.kubectl('create', 'secret', 'generic', '-n', 'cognito-gate', 'cognito-gate-key-ring');
    const policy = {
      apiVersion: 'cognito-gate.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'shop', namespace: 'shop' },
      spec: { rules: [{ name: 'all', access: 'SignedIn' }] },
    };
    await cluster.kubectl('apply', '-f', '-', { input: JSON.stringify(policy) });
    await cluster.helm('uninstall', 'cognito-gate', '--namespace', 'cognito-gate');
    assert.equal(await leftOf('cognito-gate'), '');
    for (const crd of crds) assert.ok(await exists('crd', crd), crd);
    assert.ok(await exists('accesspolicy', '-n', 'shop', 'shop'));
    assert.ok(await exists('secret', '-n', 'cognito-gate', 'cognito-gate-key-ring'));
  });

  test('install again under another name: the CRDs that stayed are used, and taken over with the commands of the notes', async () => {
    const said = await cluster.helm('install', 'gate', chart, '--namespace', 'cognito-gate', ...values);
    const commands = said
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => /^kubectl (annotate|label) crd/.test(line));
    assert.equal(commands.length, 2 * crds.length, said);
    for (const command of commands) await cluster.kubectl(...command.split(' ').slice(1));
    const again = await cluster.helm('upgrade', 'gate', chart, '--namespace', 'cognito-gate', ...values);
    assert.ok(!again.includes('WARNING'), again);
    for (const crd of crds) assert.equal(await ownerOf(crd), 'gate');
    assert.ok(await exists('accesspolicy', '-n', 'shop', 'shop'));
    assert.ok(await exists('deployment', '-n', 'cognito-gate', 'gate-cognito-gate'));
    await cluster.helm('uninstall', 'gate', '--namespace', 'cognito-gate');
    assert.equal(await leftOf('gate'), '');
  });

  test('told so (crds.keep=false), an uninstall takes the CRDs with it', async () => {
    for (const crd of crds) await cluster.kubectl('delete', 'crd', crd);
    const off = ['--set', 'crds.keep=false'];
    await cluster.helm('install', 'cognito-gate', chart, '--namespace', 'cognito-gate', ...values, ...off);
    await cluster.helm('uninstall', 'cognito-gate', '--namespace', 'cognito-gate');
    // A CRD goes once its objects have: helm doesn't wait for that.
    for (const crd of crds) await cluster.kubectl('wait', '--for=delete', `crd/${crd}`, '--timeout=60s');
  });

  test('as a dependency of an umbrella chart, with global and a condition', async () => {
    const umbrella = join(folder, 'umbrella');
    await mkdir(join(umbrella, 'charts'), { recursive: true });
    await cp(chart, join(umbrella, 'charts/cognito-gate'), { recursive: true });
    const dependency = { name: 'cognito-gate', version: '*', condition: 'cognito-gate.enabled' };
    const manifest = { apiVersion: 'v2', name: 'platform', version: '1.0.0', dependencies: [dependency] };
    await writeFile(join(umbrella, 'Chart.yaml'), JSON.stringify(manifest));
    const inner = {
      enabled: true,
      signInHost: 'auth.example.com',
      pool: { userPoolId: 'eu-west-1_A', clientId: 'x', domain: 'a' },
    };
    await writeFile(join(umbrella, 'values.yaml'), JSON.stringify({ global: { team: 'x' }, 'cognito-gate': inner }));
    await cluster.helm('install', 'platform', umbrella, '--namespace', 'cognito-gate');
    assert.ok(await exists('deployment', '-n', 'cognito-gate', 'platform-cognito-gate'));
    await cluster.helm('upgrade', 'platform', umbrella, '-n', 'cognito-gate', '--set', 'cognito-gate.enabled=false');
    assert.equal(await leftOf('platform'), '');
    for (const crd of crds) assert.ok(await exists('crd', crd), crd);
    const wrong = await cluster.tryHelm('template', 'x', umbrella, '--set', 'cognito-gate.signInHots=x');
    assert.ok(wrong.stderr.includes("additional properties 'signInHots' not allowed"), wrong.stderr);
    await cluster.helm('uninstall', 'platform', '--namespace', 'cognito-gate');
  });

  for (const name of cases) {
    test(`helm template of ${name} | kubectl apply --server-side: every object is one, with no unknown field, twice the same`, async () => {
      const text = await render('--values', valuesOf(name));
      // Kinds of others, whose CRDs aren't here; and the Pod of `helm test`, which is no part of a release.
      const left = ['ServiceMonitor', 'Certificate', 'Issuer', 'Pod'];
      const items = objectsOf(text).filter(({ kind }) => !left.includes(kind));
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      const apply = ['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'];
      const generations = async (): Promise<string> =>
        await cluster.kubectl('get', 'deployments,services,ingresses', '-A', '-o', 'jsonpath={..metadata.generation}');
      await cluster.kubectl(...apply, { input });
      const first = await generations();
      await cluster.kubectl(...apply, { input });
      assert.equal(await generations(), first);
      await cluster.kubectl('delete', '--wait=false', '-f', '-', { input });
    });
  }

  test('a namespace that enforces the restricted standard takes the Pods', async () => {
    await cluster.kubectl('create', 'namespace', 'strict');
    await cluster.kubectl('label', 'namespace', 'strict', 'pod-security.kubernetes.io/enforce=restricted');
    const objects = objectsOf(await render('--values', valuesOf('default')));
    const test = objects.find(({ kind }) => kind === 'Pod');
    const template = at(
      objects.find(({ kind }) => kind === 'Deployment'),
      'spec.template',
    );
    const own = { apiVersion: 'v1', kind: 'Pod', ...(template as object) };
    for (const pod of [test, own]) {
      const input = JSON.stringify({ ...pod, metadata: { name: 'pod', namespace: 'strict' } });
      await cluster.kubectl('create', '--dry-run=server', '--validate=strict', '-f', '-', { input });
    }
    const root = JSON.stringify({ ...own, metadata: { name: 'pod', namespace: 'strict' } }).replaceAll('true', 'false');
    const refused = await cluster.tryKubectl('create', '--dry-run=server', '-f', '-', { input: root });
    assert.ok(refused.stderr.includes('violates PodSecurity "restricted'), refused.stderr);
  });

  test('CRDs that kubectl applied stay as they are, and the notes say so', async () => {
    for (const crd of crds) await cluster.kubectl('delete', 'crd', crd, '--ignore-not-found');
    for (const crd of crds) {
      const [plural] = crd.split('.');
      await cluster.kubectl('apply', '--server-side', '-f', join(chart, `files/crds/cognito-gate.dev_${plural}.yaml`));
    }
    const said = await cluster.helm('install', 'cognito-gate', chart, '--namespace', 'cognito-gate', ...values);
    for (const crd of crds) assert.ok(said.includes(`${crd} (applied without helm)`), said);
    assert.equal(await cluster.helm('list', '-n', 'cognito-gate', '--short'), 'cognito-gate\n');
    await cluster.helm('uninstall', 'cognito-gate', '--namespace', 'cognito-gate');
    for (const crd of crds) assert.ok(await exists('crd', crd), crd);
  });
});
