/** Objects that go, come back and come in hundreds: nothing opens meanwhile, and it ends where a fresh start would. */
import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { issueLeaf } from '../../../src/controller/issue-certificate.ts';
import { resources } from '../../../src/kubernetes/resources.ts';
import { ingress } from '../../support/cluster/objects.ts';
import { gateHosts, ingressYaml, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import {
  assertAsFresh,
  assertRestartWritesNothingNew,
  listed,
  refusals,
  untilQuiet,
} from '../../support/gate-state.ts';
import { askDecision, watchDecisions } from '../../support/gate-watch.ts';
import type { Asked, GateWatch } from '../../support/gate-watch.ts';
import { until } from '../../support/until.ts';

const own = 'cognito-gate';
const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const shop: Asked = { namespace: 'shop', name: 'shop', host: gateHosts.shop };
const wiki: Asked = { namespace: 'wiki', name: 'wiki', host: gateHosts.wiki };

/** Holds `wiki` by its name alone: nothing on the Ingress says that it is protected. */
const wikiPolicy = `
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: wiki, namespace: wiki }
spec:
  targetRefs: [{ group: networking.k8s.io, kind: Ingress, name: wiki }]
  rules: [{ name: staff, allow: [{ groups: [staff] }] }]
`;
const marked = { 'cognito-gate.dev/allowed-groups': 'admins' };

suite('objects that go and come', () => {
  let gate: GateCluster;
  let watch: GateWatch;
  let fresh = 0;
  const watched: Asked[] = [shop, wiki];

  const kubectl = async (...args: string[]): Promise<string> => await gate.cluster.kubectl(...args);
  const authUrlOf = async ({ namespace, name }: Asked): Promise<string | undefined> =>
    (await listed(gate.cluster, 'ingresses', '-n', namespace)).find((one) => one.metadata.name === name)?.metadata
      .annotations?.[authUrl];
  const everywhere = async (asked: Asked, status: number): Promise<boolean> => {
    const answers = await Promise.all(gate.replicas.map(async (replica) => await askDecision(replica, asked)));
    return answers.every((answer) => answer === status);
  };
  const companions = async (): Promise<number> => (await listed(gate.cluster, 'ingresses', '-n', own)).length;
  const endsAsFresh = async (): Promise<void> => {
    fresh += 1;
    await assertAsFresh(gate, `fresh-${fresh}`);
  };

  before(async () => {
    gate = await startGateCluster();
    await gate.app('shop', { host: gateHosts.shop, annotations: marked });
    await gate.app('wiki', { host: gateHosts.wiki });
    await gate.apply(wikiPolicy);
    await until(async () => (await everywhere(shop, 401)) && (await everywhere(wiki, 401)), 'decisions');
    await until(async () => (await authUrlOf(wiki)) !== undefined, 'the wiring of wiki');
    watch = watchDecisions(
      () => gate.replicas,
      () => watched,
    );
  });
  after(async () => {
    await watch?.stop();
    await gate?.stop();
  });
  afterEach(async () => {
    assert.deepEqual(watch.faults(), []);
    assert.deepEqual(await refusals(gate.cluster), []);
  });

  for (const secret of ['cognito-gate-key-ring', 'cognito-gate-webhook-tls']) {
    test(`the Secret ${secret} deleted: put back as it was`, async () => {
      const data = async (): Promise<string> =>
        await kubectl('get', 'secret', secret, '-n', own, '-o', 'jsonpath={.data}');
      const was = await data();
      await kubectl('delete', 'secret', secret, '-n', own);
      await until(async () => (await data().catch(() => '')) === was, 'the Secret to be back');
      await endsAsFresh();
    });
  }

  test('the client secret deleted and put back: no stranger gets in, and it ends as it began', async () => {
    const [pool] = (await listed(gate.cluster, 'secrets', '-n', own)).filter(
      ({ metadata }) => metadata.name === 'cognito-gate-pool',
    );
    assert.ok(pool, 'the Secret of the pool');
    const text = await kubectl('get', 'secret', pool.metadata.name, '-n', own, '-o', 'json');
    await kubectl('delete', 'secret', pool.metadata.name, '-n', own);
    await endsAsFresh();
    const { metadata, ...rest } = JSON.parse(text) as { metadata: { name: string; namespace: string } };
    const { name, namespace } = metadata;
    await gate.apply(JSON.stringify({ ...rest, metadata: { name, namespace } }));
    await until(async () => await everywhere(shop, 401), 'a navigation to be led to sign-in');
    await endsAsFresh();
  });

  test('an expired certificate of the webhook is replaced, and Ingresses can be changed again', async () => {
    const name = 'cognito-gate-webhook-tls';
    const text = await kubectl('get', 'secret', name, '-n', own, '-o', 'json');
    const { data } = JSON.parse(text) as { data: Record<string, string> };
    const pem = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
    const authority = { cert: pem('ca.crt'), key: pem('ca.key') };
    const old = await issueLeaf(authority, ['127.0.0.1'], Date.now() - 200 * 86_400_000);
    const patch = { stringData: { 'tls.crt': old.cert, 'tls.key': old.key } };
    await kubectl('patch', 'secret', name, '-n', own, '-p', JSON.stringify(patch));
    const now = async (): Promise<string> =>
      await kubectl('get', 'secret', name, '-n', own, '-o', 'jsonpath={.data.tls\\.crt}');
    await until(async () => (await now()) !== Buffer.from(old.cert).toString('base64'), 'another certificate');
    await until(
      async () =>
        (
          await gate.cluster.tryKubectl(
            'annotate',
            'ingress',
            'shop',
            '-n',
            'shop',
            'cognito-gate.dev/access=SignedIn',
            'cognito-gate.dev/allowed-groups-',
            '--overwrite',
          )
        ).code === 0,
      'a change of a marked Ingress',
    );
    await kubectl(
      'annotate',
      'ingress',
      'shop',
      '-n',
      'shop',
      'cognito-gate.dev/access-',
      'cognito-gate.dev/allowed-groups=admins',
    );
    await endsAsFresh();
  });

  test('P6 all policies pruned: what they held stays wired and refuses', async () => {
    await kubectl('delete', 'accesspolicies', '--all', '--all-namespaces');
    await until(async () => await everywhere(wiki, 403), 'the refusal');
    await untilQuiet(gate.cluster);
    assert.notEqual(await authUrlOf(wiki), undefined);
    await endsAsFresh();
    await gate.apply(wikiPolicy);
    await until(async () => await everywhere(wiki, 401), 'the policy again');
    await endsAsFresh();
  });

  test('P6 a CRD deleted: its last objects stay in force, and the log says so', async () => {
    const crd = await kubectl('get', 'crd', 'accesspolicies.cognito-gate.dev', '-o', 'json');
    await kubectl('delete', 'crd', 'accesspolicies.cognito-gate.dev', '--wait=false');
    await until(
      async () => (await gate.cluster.tryKubectl('get', 'accesspolicies', '-A')).code !== 0,
      'the kind to be gone',
    );
    await untilQuiet(gate.cluster);
    assert.ok(await everywhere(wiki, 401));
    for (const replica of gate.replicas) {
      await until(
        async () =>
          /accesspolicies/.test(
            (await replica.log())
              .split('\n')
              .filter((line) => line.includes('API server'))
              .join('\n'),
          ),
        'a word about it',
      );
    }
    const { spec, metadata } = JSON.parse(crd) as { spec: object; metadata: { name: string } };
    const again = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: metadata.name },
      spec,
    };
    await gate.apply(JSON.stringify(again));
    await kubectl('wait', '--for=condition=Established', 'crd', metadata.name, '--timeout=30s');
    await until(async () => await everywhere(wiki, 403), 'the empty kind to be believed', 20_000);
    await gate.apply(wikiPolicy);
    await until(async () => await everywhere(wiki, 401), 'the policy again', 20_000);
    await endsAsFresh();
  });

  test('an Ingress deleted and made again is closed from its first moment', async () => {
    const text = ingressYaml('shop', 80, { host: gateHosts.shop, annotations: marked });
    for (let round = 0; round < 3; round += 1) {
      await kubectl('delete', 'ingress', 'shop', '-n', 'shop');
      await gate.apply(text);
      assert.match((await authUrlOf(shop)) ?? '', /\/nginx\/[0-9a-f]{32}$/);
    }
    await until(async () => await everywhere(shop, 401), 'the table to have it again');
    await endsAsFresh();
  });

  test('P29 kubectl replace without annotations with the webhook down is refused, and with no webhook put right', async () => {
    const bare = ingressYaml('wiki', 80, { host: gateHosts.wiki });
    const webhook = 'mutatingwebhookconfiguration/cognito-gate';
    const configuration = await kubectl('get', webhook, '-o', 'json');
    const { webhooks } = JSON.parse(configuration) as { webhooks: { clientConfig: { url: string } }[] };
    const away = webhooks.map((_, index) => ({
      op: 'replace',
      path: `/webhooks/${index}/clientConfig/url`,
      value: 'https://127.0.0.1:9',
    }));
    const back = webhooks.map((one, index) => ({
      op: 'replace',
      path: `/webhooks/${index}/clientConfig/url`,
      value: one.clientConfig.url,
    }));
    await kubectl('patch', webhook, '--type=json', '-p', JSON.stringify(away));
    const replace = async () => await gate.cluster.tryKubectl('replace', '-f', '-', { input: bare });
    await until(async () => (await replace()).code !== 0, 'the API server to refuse');
    assert.notEqual(await authUrlOf(wiki), undefined);
    await kubectl('patch', webhook, '--type=json', '-p', JSON.stringify(back));
    await kubectl('delete', 'mutatingwebhookconfiguration,validatingwebhookconfiguration', 'cognito-gate');
    await until(async () => (await replace()).code === 0, 'the API server to ask nobody');
    await until(async () => (await authUrlOf(wiki)) !== undefined, 'the wiring to be put back');
    await endsAsFresh();
    const { metadata, ...rest } = JSON.parse(configuration) as { metadata: { name: string } };
    await gate.apply(JSON.stringify({ ...rest, metadata: { name: metadata.name } }));
  });

  test('five hundred Ingresses made at once and deleted at once', async () => {
    const { cluster } = gate;
    const names = Array.from({ length: 500 }, (_, index) => `many-${index}`);
    const objects = names.map((name) =>
      ingress({ namespace: 'many', name, host: `${name}.example.com`, paths: 80, annotations: marked }),
    );
    const collection = '/apis/networking.k8s.io/v1/namespaces/many/ingresses';
    await kubectl('create', 'namespace', 'many');
    const client = cluster.client();
    const rest = [...objects];
    const worker = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        const place = { resource: resources.ingresses, namespace: 'many', name: next.metadata.name };
        const made = await client.create(place, next);
        assert.ok(made.metadata.annotations?.[authUrl], 'wired in the very request');
      }
    };
    await Promise.all(Array.from({ length: 25 }, worker));
    const last: Asked = { namespace: 'many', name: 'many-499', host: 'many-499.example.com' };
    await until(async () => await everywhere(last, 401), 'the last', 20_000);
    assert.equal((await cluster.ask({ method: 'DELETE', path: collection })).status, 200);
    await until(async () => (await companions()) === 3, 'the companions to go', 60_000);
    await endsAsFresh();
  });

  test('a namespace deleted and made again', async () => {
    await kubectl('delete', 'namespace', 'shop', '--wait=false');
    await kubectl('delete', 'ingresses', '--all', '-n', 'shop');
    await gate.cluster.finishNamespace('shop');
    await until(async () => (await companions()) === 2, 'its companion to go');
    await endsAsFresh();
    await gate.app('shop', { host: gateHosts.shop, annotations: marked });
    await until(async () => await everywhere(shop, 401), 'shop again');
    await endsAsFresh();
  });

  test('after all of it a restart of everything changes nothing', async () => {
    await watch.stop();
    await assertRestartWritesNothingNew(gate);
  });
});
