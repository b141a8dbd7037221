import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { connect } from 'node:tls';
import type { SecureVersion } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServingCertificate } from '../../src/controller/serving-certificate.ts';
import type { ServingCertificate } from '../../src/controller/serving-certificate.ts';
import { createWebhookConfigurations } from '../../src/controller/webhook-configurations.ts';
import { createAdmissionServer } from '../../src/http/admission.ts';
import { wiring } from '../../src/planes/nginx-wiring.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import { routeId } from '../../src/translate/route-id.ts';
import { admissionBeside, app, install, policy, pool, review, shopTarget } from '../controller/admission-world.ts';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { ingressClass, listOf, namespace } from '../support/cluster/objects.ts';
import type { TestObject } from '../support/cluster/objects.ts';
import { chartObjects, release } from './webhook-chart.ts';

const ours = wiring(routeId('shop', 'shop'), install);
const signedIn = { 'cognito-gate.dev/access': 'SignedIn' };
const secret = { resource: resources.secrets, namespace: release, name: 'cognito-gate-webhook-tls' };
const fieldManager = 'cognito-gate/cognito-gate';

let cluster: Cluster;
let port = 0;
let leading = true;
let checkBundles = (): void => undefined;
let beside: readonly TestObject[] | undefined = [];
let certificate: ServingCertificate;
const stopping = new AbortController();
const running: Promise<void>[] = [];
const outcomes: string[] = [];
const written: string[] = [];
const silent = { info: () => undefined, warn: () => undefined };

async function eventually<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let tries = 0; tries < 400; tries += 1) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    await sleep(25);
  }
  throw new Error(`never came: ${what}`);
}

/** What runs in every replica: the certificate, the server, and the leader's care for the caBundle. */
async function startAdmission(): Promise<() => Promise<void>> {
  const common = { now: Date.now, random: Math.random, leading: () => leading, log: silent, fieldManager };
  const client = cluster.client();
  const dnsNames = ['cognito-gate-webhook.cognito-gate.svc', '127.0.0.1'];
  certificate = createServingCertificate({
    ...common,
    client,
    namespace: release,
    secretName: secret.name,
    dnsNames,
    timings: { checkMs: 200, retryMs: 50 },
  });
  const server = createAdmissionServer({
    admission: {
      mutate: (value) => admissionBeside(beside).mutate(value),
      validate: (value) => admissionBeside(beside).validate(value),
    },
    certificate: () => certificate.current(),
    onCertificate: certificate.onChange,
    observe: (webhook, outcome) => void outcomes.push(`${webhook} ${outcome}`),
    failed: (error) => outcomes.push(String(error)),
    clock: () => performance.now() / 1000,
  });
  const configurations = createWebhookConfigurations({
    ...common,
    client,
    names: { mutating: release, validating: release },
    bundle: () => certificate.current()?.ca,
    onWrite: (kind, outcome) => void written.push(`${kind} ${outcome}`),
  });
  checkBundles = configurations.check;
  certificate.onChange(configurations.check);
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
  running.push(certificate.run(stopping.signal), configurations.run(stopping.signal));
  return async () => {
    server.server.closeAllConnections();
    await server.close();
  };
}

let stopServer = async (): Promise<void> => undefined;

before(async () => {
  cluster = await startCluster();
  await cluster.kubectl('apply', '-f', '-', {
    input: listOf(
      namespace('shop'),
      namespace('must', { 'cognito-gate.dev/required': 'true' }),
      namespace(release),
      ingressClass('nginx'),
      ingressClass('alb', 'ingress.k8s.aws/alb'),
    ),
  });
  await cluster.kubectl('apply', '--server-side', '-f', 'crds');
  stopServer = await startAdmission();
  const url = (webhook: string): string =>
    `https://127.0.0.1:${port}/${/^(validate|policies)/.test(webhook) ? 'validate' : 'mutate'}`;
  await cluster.kubectl('apply', '-f', '-', { input: listOf(...(await chartObjects(cluster, { url }))) });
  // Until the bundle is written and read, the failing-closed webhook refuses: that is what we wait for.
  await eventually('a webhook that answers', async () => {
    const { code } = await apply(app(signedIn, { name: 'warm-up' }), '--dry-run=server');
    return code === 0 || undefined;
  });
  const crd = async () => (await cluster.tryKubectl('get', 'accesspolicies', '-A')).code === 0 || undefined;
  await eventually('our kinds', crd);
});
after(async () => {
  stopping.abort();
  await Promise.all(running);
  await stopServer();
  await cluster.stop();
});

async function apply(object: TestObject, ...more: readonly string[]) {
  return await cluster.tryKubectl('apply', '-f', '-', ...more, { input: JSON.stringify(object) });
}

async function annotations(): Promise<Record<string, string>> {
  const object = JSON.parse(await cluster.kubectl('get', 'ingress', 'shop', '-n', 'shop', '-o', 'json')) as TestObject;
  return (object.metadata['annotations'] ?? {}) as Record<string, string>;
}

async function remove(): Promise<void> {
  await cluster.kubectl('delete', 'ingress', '--all', '-n', 'shop', '--wait=false');
}

function isWired(found: Record<string, string>): boolean {
  return Object.entries(ours).every(([name, value]) => found[name] === value);
}

suite('on a real API server', () => {
  test('a marked Ingress is stored wired; kubectl replace without annotations withdraws it', async () => {
    const { code, stderr } = await apply(app(signedIn));
    assert.equal(code, 0, stderr);
    assert.ok(isWired(await annotations()));
    const { annotations: _none, ...metadata } = app().metadata;
    await cluster.kubectl('replace', '-f', '-', { input: JSON.stringify({ ...app(), metadata }) });
    const left = Object.keys(await annotations()).filter((name) => /cognito-gate|nginx/.test(name));
    assert.deepEqual(left, []);
    await remove();
  });

  test('P29 what a policy began stays through kubectl replace, with and without the policy', async () => {
    beside = [policy('shop', shopTarget)];
    const { stderr } = await apply(app());
    assert.ok(/Warning: .*\(MarkAdvised\)/.test(stderr), stderr);
    assert.ok(isWired(await annotations()));
    beside = [];
    const { annotations: _none, ...metadata } = app().metadata;
    const input = JSON.stringify({ ...app(), metadata });
    assert.ok(/PolicyGone/.test((await cluster.tryKubectl('replace', '-f', '-', { input })).stderr));
    assert.ok(isWired(await annotations()));
    await remove();
  });

  test('P28 what cannot be protected is refused, with object, field and fix; kubectl prints warnings', async () => {
    const { code, stderr } = await apply(app(signedIn, { className: 'alb' }));
    assert.equal(code, 1);
    const text =
      /admission webhook "wire\.cognito-gate\.dev" denied the request: Ingress shop\/shop: spec\.ingressClassName: /;
    assert.ok(text.test(stderr), stderr);
    const later = await apply(app({ 'cognito-gate.dev/policy': 'later' }));
    assert.ok(later.code === 0 && /Warning: .*\(PolicyNotFound\)/.test(later.stderr), later.stderr);
    await remove();
  });

  test('a dry run is answered as the request itself', async () => {
    const { stdout } = await apply(app(signedIn), '--dry-run=server', '-o', 'json');
    assert.ok(stdout.includes(ours['nginx.ingress.kubernetes.io/auth-url'] ?? '?'));
  });

  test('a policy: refused where it is certainly wrong, warned about where another object may mend it', async () => {
    // What CEL can't know: the default pool of the installation, which is the only one where poolRefs are absent.
    beside = [{ ...pool, metadata: { ...pool.metadata, name: 'other' } }];
    const allow = [{ groups: ['staff'], pool: { name: 'other', namespace: 'identity' } }];
    const bad = await apply(policy('bad', { ...shopTarget, rules: [{ name: 'a', allow }] }));
    beside = [];
    const text =
      /denied the request: AccessPolicy shop\/bad: spec\.rules\[0\]\.allow\[0\]\.pool: .*: add it to poolRefs/;
    assert.ok(bad.code === 1 && text.test(bad.stderr), bad.stderr);
    const early = await apply(policy('early', shopTarget));
    assert.ok(early.code === 0 && /Warning: .*\(TargetNotFound\)/.test(early.stderr), early.stderr);
  });

  test('before anything was read: what must not be open is refused in our words, all others pass', async () => {
    beside = undefined;
    const marked = await apply(app(signedIn));
    const other = await apply(app());
    const must = await apply(app({}, { namespace: 'must' }));
    beside = [];
    await remove();
    assert.ok(marked.code === 1 && /cognito-gate has not read the cluster yet/.test(marked.stderr), marked.stderr);
    assert.equal(other.code, 0, other.stderr);
    assert.ok(must.code === 1 && /has not read the cluster yet/.test(must.stderr), must.stderr);
  });
});

function bundles(object: unknown): readonly (string | undefined)[] {
  const { webhooks } = object as { webhooks: readonly { clientConfig: { caBundle?: string } }[] };
  return webhooks.map(({ clientConfig }) => clientConfig.caBundle);
}

suite('the certificate and the bundle', () => {
  const kinds = [resources.mutatingWebhookConfigurations, resources.validatingWebhookConfigurations];
  const wanted = (): string => Buffer.from(certificate.current()?.ca ?? '').toString('base64');

  for (const resource of kinds) {
    test(`${resource.kind}: a bundle that was emptied or altered is written again, and nothing else`, async () => {
      const place = { resource, name: release };
      for (const caBundle of [undefined, Buffer.from(certificate.current()?.cert ?? '').toString('base64')]) {
        const before = await cluster.client().get(place);
        const listed = before?.['webhooks'] as readonly { readonly clientConfig: object }[] | undefined;
        const webhooks = (listed ?? []).map((webhook) => {
          const { caBundle: _old, ...clientConfig } = webhook.clientConfig as { caBundle?: string };
          return { ...webhook, clientConfig: { ...clientConfig, ...(caBundle !== undefined && { caBundle }) } };
        });
        await cluster.client().replace(place, { ...before, webhooks });
        const mended = await eventually('the bundle', async () => {
          const found = await cluster.client().get(place);
          return bundles(found).every((bundle) => bundle === wanted()) ? found : undefined;
        });
        assert.deepEqual(mended['webhooks'], before?.['webhooks']);
      }
    });
  }

  test('only the leader writes it, and does as soon as it leads', async () => {
    const place = { resource: resources.validatingWebhookConfigurations, name: release };
    leading = false;
    const found = await cluster.client().get(place);
    const listed = found?.['webhooks'] as readonly { readonly clientConfig: { readonly url: string } }[];
    const webhooks = listed.map((webhook) => ({ ...webhook, clientConfig: { url: webhook.clientConfig.url } }));
    await cluster.client().replace(place, { ...found, webhooks });
    await sleep(300);
    assert.ok(bundles(await cluster.client().get(place)).every((bundle) => bundle === undefined));
    leading = true;
    checkBundles();
    await eventually('the bundle', async () => {
      return bundles(await cluster.client().get(place)).every((bundle) => bundle === wanted()) || undefined;
    });
  });

  test('two replicas that start at once have one certificate', async () => {
    const own = new AbortController();
    const replicas = [0, 1].map(() =>
      createServingCertificate({
        client: cluster.client(),
        namespace: release,
        secretName: 'another',
        dnsNames: ['a.svc'],
        now: Date.now,
        random: Math.random,
        leading: () => false,
        log: silent,
        fieldManager,
        timings: { checkMs: 200, retryMs: 50 },
      }),
    );
    const runs = replicas.map((replica) => replica.run(own.signal));
    const [first, second] = replicas;
    await eventually('the same certificate', () => {
      const cert = first?.current()?.cert;
      return (cert !== undefined && cert === second?.current()?.cert) || undefined;
    });
    own.abort();
    await Promise.all(runs);
  });

  test('what is as it must be is not written', async () => {
    const before = written.length;
    await sleep(500);
    assert.deepEqual(written.slice(before), []);
  });

  test('a Secret that is deleted comes back as it was', async () => {
    const before = await cluster.client().get(secret);
    await cluster.client().remove(secret);
    const back = await eventually('the Secret', async () => await cluster.client().get(secret));
    assert.deepEqual(back['data'], before?.['data']);
    assert.equal(back['type'], 'kubernetes.io/tls');
  });

  test('replaced while requests run: none fails, and new connections see the new one', async () => {
    const going = new AbortController();
    const failures: string[] = [];
    let asked = 0;
    const viaApi = async (): Promise<void> => {
      while (!going.signal.aborted) {
        const answer = await cluster.ask({
          method: 'POST',
          path: '/apis/networking.k8s.io/v1/namespaces/shop/ingresses?dryRun=All',
          body: app(signedIn),
        });
        asked += 1;
        if (answer.status !== 201) failures.push(JSON.stringify(answer.body));
      }
    };
    const direct = async (): Promise<void> => {
      while (!going.signal.aborted) {
        const { status } = await post('/mutate', JSON.stringify(review(app(signedIn)))).catch((error: unknown) => ({
          status: 0,
          text: failures.push(String(error)),
        }));
        if (status !== 200 && status !== 0) failures.push(String(status));
      }
    };
    const streams = [viaApi(), direct()];
    for (let round = 0; round < 3; round += 1) {
      const before = certificate.current()?.cert;
      const current = asked;
      // Unreadable is as bad as expired: a new one is made at once, by the same CA.
      await cluster.client().merge(secret, { data: { 'tls.crt': 'eA==' } }, { fieldManager: 'test' });
      await eventually('another certificate', () => certificate.current()?.cert !== before || undefined);
      await eventually('more requests', () => asked > current + 5 || undefined);
    }
    going.abort();
    await Promise.all(streams);
    assert.deepEqual(failures, []);
    const served = (await peerCertificate()).trim();
    assert.equal(served, certificate.current()?.cert.trim());
  });
});

async function peerCertificate(maxVersion: SecureVersion = 'TLSv1.3'): Promise<string> {
  const ca = certificate.current()?.ca;
  const minVersion = 'TLSv1' as const;
  const socket = connect({ host: '127.0.0.1', port, ca, minVersion, maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const pem = socket.getPeerX509Certificate()?.toString() ?? '';
  socket.destroy();
  return pem;
}

async function post(path: string, body: string, method = 'POST'): Promise<{ status: number; text: string }> {
  return await new Promise((resolve, reject) => {
    const ca = certificate.current()?.ca;
    const agent = new Agent({ keepAlive: false, ca });
    const call = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent,
      headers: { 'content-type': 'application/json' },
    });
    call.once('error', reject);
    call.once('response', (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.end(body);
  });
}

suite('the port itself', () => {
  test('TLS 1.2 at least', async () => {
    await assert.rejects(peerCertificate('TLSv1.1'));
    assert.ok((await peerCertificate('TLSv1.2')).includes('CERTIFICATE'));
  });

  test('another path, another method: 404', async () => {
    for (const [path, method] of [
      ['/', 'POST'],
      ['/mutate/x', 'POST'],
      ['/mutate', 'GET'],
    ] as const) {
      const { status, text } = await post(path, '', method);
      assert.equal(status, 404);
      assert.ok(/"kind":"Status"/.test(text));
    }
  });

  test('a malformed review is denied', async () => {
    for (const body of ['', '{', '[]', '{"request":{}}', '\u0000']) {
      const { status, text } = await post('/mutate', body);
      assert.equal(status, 400);
      assert.ok(/"allowed":false/.test(text), text);
    }
  });

  test('more than 4 MiB is not read', async () => {
    const { status } = await post('/validate', ' '.repeat(4 * 1024 * 1024 + 1)).catch(() => ({ status: 413 }));
    assert.equal(status, 413);
  });

  test('each answer was counted', () => {
    for (const outcome of [
      'mutate patched',
      'mutate denied',
      'mutate allowed',
      'mutate failed',
      'validate allowed',
      'validate denied',
    ])
      assert.ok(outcomes.includes(outcome), outcome);
    assert.ok(outcomes.every((outcome) => /^(mutate|validate) (allowed|patched|denied|failed)$/.test(outcome)));
  });
});

/** Last: nothing answers any more. */
suite('with the webhook down', () => {
  const { annotations: _none, ...bare } = app().metadata;
  const down = /failed calling webhook "wire\.cognito-gate\.dev"/;

  before(async () => {
    beside = [];
    await apply(app(signedIn));
    await stopServer();
    stopServer = async () => undefined;
  });

  test('what must not be open is refused', async () => {
    const created = await apply(app(signedIn, { name: 'new' }));
    const replaced = await cluster.tryKubectl('replace', '-f', '-', {
      input: JSON.stringify({ ...app(), metadata: bare }),
    });
    const unmarked = await cluster.tryKubectl('annotate', 'ingress', 'shop', '-n', 'shop', 'cognito-gate.dev/access-');
    const moved = await apply(app(signedIn, { host: 'other.example.com' }));
    const required = await apply(app({}, { namespace: 'must' }));
    for (const { code, stderr } of [created, replaced, unmarked, moved])
      assert.ok(code === 1 && down.test(stderr), stderr);
    assert.ok(required.code === 1 && /wire-required/.test(required.stderr), required.stderr);
    assert.ok(isWired(await annotations()));
  });

  test('an ordinary deploy goes on, of protected ones too', async () => {
    const deployed = await apply(app(signedIn, { paths: 8080 }));
    const other = await apply(app({}, { name: 'other' }));
    assert.equal(deployed.code, 0, deployed.stderr);
    assert.equal(other.code, 0, other.stderr);
    assert.ok(isWired(await annotations()));
  });

  test('policies can be written: they are judged again when they are read', async () => {
    const { code, stderr } = await apply(policy('unheard', shopTarget));
    assert.equal(code, 0, stderr);
  });

  test('break-glass: the namespace is labelled, then everything comes off', async () => {
    await cluster.kubectl('label', 'namespace', 'shop', 'cognito-gate.dev/bypass=incident-7');
    // The API server's copy of the namespace follows a moment later.
    await eventually('the label', async () => {
      const input = JSON.stringify({ ...app(), metadata: bare });
      return (await cluster.tryKubectl('replace', '-f', '-', { input })).code === 0 || undefined;
    });
    assert.ok(!isWired(await annotations()));
  });

  test('what is to go goes', async () => {
    await remove();
    assert.ok(!/shop/.test(await cluster.kubectl('get', 'ingress', '-n', 'shop', '-o', 'name')));
  });
});
