/** Everything that the program does on an API server, and with it that its ServiceAccount may do that and nothing more. */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { after, before, suite, test } from 'node:test';
import { issueLeaf } from '../../../src/controller/issue-certificate.ts';
import { startFront } from '../../support/front.ts';
import type { Front } from '../../support/front.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { freshReplica, listed, ourRequests, refusals, untilQuiet } from '../../support/gate-state.ts';
import { lookAt } from '../../support/gate-story.ts';
import { askDecision } from '../../support/gate-watch.ts';
import type { Asked } from '../../support/gate-watch.ts';
import { account, sessionOn } from '../../support/steps.ts';
import { until } from '../../support/until.ts';
import { unusedRights } from '../../support/used-rights.ts';
import type { Role } from '../../support/used-rights.ts';

const own = 'cognito-gate';
const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const shop: Asked = { namespace: 'shop', name: 'shop', host: gateHosts.shop };
const wiki: Asked = { namespace: 'wiki', name: 'wiki', host: gateHosts.wiki };

function policy(spec: object): string {
  const metadata = { name: 'wiki', namespace: 'wiki' };
  const targetRefs = [{ group: 'networking.k8s.io', kind: 'Ingress', name: 'wiki' }];
  const rules = [{ name: 'all', access: 'SignedIn' }];
  return JSON.stringify({
    apiVersion: 'cognito-gate.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata,
    spec: { targetRefs, rules, ...spec },
  });
}

function pool(from: string): string {
  return `
apiVersion: cognito-gate.dev/v1alpha1
kind: CognitoPool
metadata: { name: other, namespace: ${own} }
spec:
  userPoolId: eu-west-1_Other1234
  domain: other
  clientId: 2other23456789
  allowedNamespaces: { from: ${from} }
`;
}

const clusterPolicy = `
apiVersion: cognito-gate.dev/v1alpha1
kind: ClusterAccessPolicy
metadata: { name: internal }
spec:
  selector: { namespaces: { matchLabels: { exposure: internal } } }
  required: { deny: [{ groups: [suspended] }] }
`;

const revocation = `
apiVersion: cognito-gate.dev/v1alpha1
kind: SessionRevocation
metadata: { name: nobody, namespace: ${own} }
spec: { user: { subject: nobody }, keepFor: 60s }
`;

suite('what the ServiceAccount does', () => {
  let gate: GateCluster;
  let front: Front;
  let diedAt = 0;
  const kubectl = async (...args: string[]): Promise<string> => await gate.cluster.kubectl(...args);
  const everywhere = async (asked: Asked, status: number): Promise<boolean> => {
    const answers = await Promise.all(gate.replicas.map(async (replica) => await askDecision(replica, asked)));
    return answers.every((answer) => answer === status);
  };
  const replicaMaps = async (): Promise<readonly string[]> =>
    (await listed(gate.cluster, 'configmaps', '-n', own)).map(({ metadata }) => metadata.name);

  before(async () => {
    gate = await startGateCluster();
    front = await startFront('Traefik', gate);
    const dying = await freshReplica(gate, 'dying');
    await until(async () => (await replicaMaps()).includes('cognito-gate-replica-dying'), 'its ConfigMap');
    await dying.kill();
    diedAt = performance.now();
  });
  after(async () => {
    await front?.stop();
    await gate?.stop();
  });

  test('a changed client secret is in force, and ends no session', async () => {
    await gate.app('shop', { host: shop.host, annotations: { 'cognito-gate.dev/allowed-groups': 'admins' } });
    await lookAt({ gate, front }).asked(shop.host);
    const signIn = async (): Promise<number> =>
      (await gate.visitor().signIn(`${gate.url(shop.host)}/`, account('ada'))).status;
    const ada = gate.visitor();
    assert.equal((await ada.signIn(`${gate.url(shop.host)}/`, account('ada'))).status, 200);
    const cookie = sessionOn(ada, shop.host).join('=');
    const text = await kubectl('get', 'secret', 'cognito-gate-pool', '-n', own, '-o', 'jsonpath={.data.clientSecret}');
    const set = async (data: string): Promise<unknown> =>
      await kubectl(
        'patch',
        'secret',
        'cognito-gate-pool',
        '-n',
        own,
        '-p',
        JSON.stringify({ data: { clientSecret: data } }),
      );
    await set(Buffer.from('another').toString('base64'));
    await until(async () => (await signIn()) !== 200, 'sign-in with the wrong secret to fail');
    assert.ok(await everywhere({ ...shop, cookie }, 200), 'the session goes on');
    await set(text);
    await until(async () => (await signIn()) === 200, 'sign-in with the right one');
    assert.ok(await everywhere({ ...shop, cookie }, 200), 'the session still goes on');
  });

  test('allowedNamespaces of a pool, withdrawn', async () => {
    await gate.app('wiki', { host: wiki.host });
    await gate.apply(pool('All'));
    await gate.apply(policy({ poolRefs: [{ name: 'other', namespace: own }] }));
    await until(async () => await everywhere(wiki, 401), 'the pool of another namespace');
    await gate.apply(pool('Same'));
    await until(async () => await everywhere(wiki, 403), 'the refusal');
    await gate.apply(pool('All'));
    await until(async () => await everywhere(wiki, 401), 'the pool again');
  });

  test('statuses, events, an expired certificate, a policy and an Ingress that go', async () => {
    await gate.apply(clusterPolicy);
    const name = 'cognito-gate-webhook-tls';
    const { data } = JSON.parse(await kubectl('get', 'secret', name, '-n', own, '-o', 'json')) as {
      data: Record<string, string>;
    };
    const pem = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
    const authority = { cert: pem('ca.crt'), key: pem('ca.key') };
    const old = await issueLeaf(authority, ['127.0.0.1'], Date.now() - 200 * 86_400_000);
    const patch = { stringData: { 'tls.crt': old.cert, 'tls.key': old.key } };
    await kubectl('patch', 'secret', name, '-n', own, '-p', JSON.stringify(patch));
    await kubectl('delete', 'accesspolicy', 'wiki', '-n', 'wiki');
    await until(async () => await everywhere(wiki, 403), 'PolicyGone');
    const companions = async (): Promise<number> => (await listed(gate.cluster, 'ingresses', '-n', own)).length;
    const before = await companions();
    await until(
      async () => (await gate.cluster.tryKubectl('delete', 'ingress', 'shop', '-n', 'shop')).code === 0,
      'the deletion',
    );
    await until(async () => (await companions()) < before, 'its companion to go');
  });

  test('a SessionRevocation gets its status', async () => {
    await gate.apply(revocation);
    await kubectl('wait', 'srev/nobody', '-n', own, '--for=condition=InForce', '--timeout=10s');
  });

  test('a fight over annotations: who the rival is, is looked up', async () => {
    await gate.apply(policy({ poolRefs: [{ name: 'other', namespace: own }] }));
    await until(async () => await everywhere(wiki, 401), 'the policy again');
    await kubectl('delete', 'mutatingwebhookconfiguration,validatingwebhookconfiguration', own);
    const url = async (): Promise<string | undefined> =>
      (await listed(gate.cluster, 'ingresses', '-n', 'wiki'))[0]?.metadata.annotations?.[authUrl];
    const ours = await url();
    const looked = async (): Promise<boolean> =>
      (await ourRequests(gate.cluster)).some(({ verb, resource }) => verb === 'get' && resource === 'ingresses');
    for (let round = 0; round < 6 && !(await looked()); round += 1) {
      await kubectl('annotate', '--overwrite', 'ingress', 'wiki', '-n', 'wiki', `${authUrl}-`);
      await until(async () => (await url()) === ours || (await looked()), 'it to be put back');
    }
    await until(looked, 'the look');
  });

  test('what a dead replica left is swept', async () => {
    const left = (): number => 120_000 - (performance.now() - diedAt);
    await until(async () => !(await replicaMaps()).includes('cognito-gate-replica-dying'), 'the sweep', left());
  });

  test('a SessionRevocation is deleted when it was kept as long as it says', async () => {
    const there = async (): Promise<boolean> => (await listed(gate.cluster, 'srev', '-n', own)).length > 0;
    await until(async () => !(await there()), 'its deletion', 90_000);
  });

  test('a scrape says who leads, how many there are, and how long the certificate of the webhook is good', async () => {
    const texts = await Promise.all(gate.replicas.map((replica) => replica.metrics()));
    const value = (text: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    const leading = texts.map((text) => value(text, 'cognito_gate_leading'));
    assert.deepEqual(
      leading.toSorted((a, b) => a - b),
      [0, 1],
    );
    for (const text of texts) {
      assert.equal(value(text, 'cognito_gate_replicas'), 2);
      assert.ok(value(text, 'cognito_gate_serving_certificate_expiry_seconds') > 86_400);
      assert.ok(/^cognito_gate_watch_silence_seconds\{resource="ingresses"\} \d/m.test(text));
    }
  });

  test('nothing was refused, and no right is unused', async () => {
    await untilQuiet(gate.cluster);
    for (const replica of gate.replicas) await replica.stop();
    assert.deepEqual(await refusals(gate.cluster), []);
    const rolesOf = async (...what: string[]): Promise<readonly Role[]> => {
      const found = JSON.parse(await kubectl('get', ...what, '-o', 'json')) as {
        items: { metadata: { name: string; namespace?: string }; rules: Role['rules'] }[];
      };
      return found.items
        .filter(({ metadata }) => metadata.name === own)
        .map(({ metadata, rules }) => ({ namespace: metadata.namespace, rules }));
    };
    const roles = [...(await rolesOf('clusterroles')), ...(await rolesOf('roles', '--all-namespaces'))];
    assert.ok(roles.length >= 2);
    assert.deepEqual(unusedRights(roles, await ourRequests(gate.cluster)), []);
  });
});
