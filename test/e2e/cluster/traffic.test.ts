/** One cluster, both readers of our annotations at once, as during a migration: what requests may carry, and what passes unharmed. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { after, before, suite, test } from 'node:test';
import type { App } from '../../support/app.ts';
import { ingress, listOf, localService, namespace } from '../../support/cluster/objects.ts';
import type { TestObject } from '../../support/cluster/objects.ts';
import { readers, startFront } from '../../support/front.ts';
import type { Front, Reader } from '../../support/front.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { startHeavyApp } from '../../support/heavy-app.ts';
import type { HeavyApp } from '../../support/heavy-app.ts';
import { freePort } from '../../support/ports.ts';
import { ask, webSocketHeaders } from '../../support/request.ts';
import type { Answer, AskInput } from '../../support/request.ts';
import { account, scripted } from '../../support/steps.ts';
import { until } from '../../support/until.ts';
import type { Visitor } from '../../support/visitor.ts';

const hosts = {
  ...gateHosts,
  regex: 'regex.acme.localhost',
  shadow: 'shadow.acme.localhost',
  north: 'north.wild.localhost',
  south: 'south.wild.localhost',
};
const regexAnnotation = { 'nginx.ingress.kubernetes.io/use-regex': 'true' };
const signedIn = { 'cognito-gate.dev/access': 'SignedIn' };

const policy = `
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: shop, namespace: shop }
spec:
  targetRefs: [{ group: networking.k8s.io, kind: Ingress, name: shop }]
  allowedOrigins: ['https://friend.example']
  rules:
    - { name: health, match: { paths: [{ type: Exact, value: /healthz }] }, access: Public }
    - { name: read, match: { paths: [{ type: PathPrefix, value: /read }], methods: [HEAD] }, access: Public }
    - { name: admins, allow: [{ groups: [admins] }] }
`;

let gate: GateCluster;
let shop: App;
let heavy: HeavyApp;
let ada: Visitor;
const fronts: Front[] = [];
const ports: Record<Reader, number> = { Traefik: 0, NGINX: 0 };

before(async () => {
  gate = await startGateCluster({ hosts: [hosts.regex, hosts.shadow, '*.wild.localhost'] });
  ports.NGINX = gate.port;
  ports.Traefik = await freePort();
  for (const reader of readers) fronts.push(await startFront(reader, gate, ports[reader]));
  heavy = await startHeavyApp();
  await gate.apply('{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }');
  await gate.apply(policy);
  shop = await gate.app('shop', { host: hosts.shop });
  const bodySize = { 'nginx.ingress.kubernetes.io/proxy-body-size': '16m' };
  const root = { path: '/', pathType: 'Prefix', service: 'app', port: heavy.port } as const;
  await apply(
    namespace('heavy'),
    localService('heavy', 'app', heavy.port),
    ingress({
      namespace: 'heavy',
      name: 'wiki',
      host: hosts.wiki,
      paths: [root],
      annotations: { ...bodySize, ...signedIn },
    }),
  );
  await everywhere(hosts.shop);
  await everywhere(hosts.wiki);
  ada = gate.visitor();
  assert.equal((await ada.signIn(gate.url(hosts.shop), account('ada'))).status, 200);
  assert.equal((await ada.go(gate.url(hosts.wiki))).status, 200);
});
after(async () => {
  for (const front of fronts) await front.stop();
  await heavy?.close();
  await gate?.stop();
});

async function apply(...objects: readonly TestObject[]): Promise<void> {
  await gate.cluster.kubectl('apply', '-f', '-', { input: listOf(...objects) });
}

/** Both serve the host, and its companion. */
async function everywhere(host: string): Promise<void> {
  for (const reader of readers) {
    await until(
      async () => (await get(reader, host, '/', { headers: { accept: 'text/html' } })).status === 302,
      `${host} through ${reader}`,
      20_000,
    );
    const own = async (): Promise<boolean> => (await get(reader, host, '/_cognito-gate/userinfo')).status === 401;
    await until(own, `the companion of ${host} through ${reader}`, 20_000);
  }
  for (const front of fronts) await front.settled();
}

async function get(reader: Reader, host: string, path: string, input: AskInput = {}): Promise<Answer> {
  return await ask(`https://${host}:${ports[reader]}${path}`, { target: path, ...input, ca: gate.ca });
}

function cookieOf(visitor: Visitor, host: string): { cookie: string } {
  return { cookie: [...visitor.cookies(host)].map(([name, value]) => `${name}=${value}`).join('; ') };
}

/** A script with a session that may. */
const asAda = (host = hosts.shop): Record<string, string> => ({ ...scripted, ...cookieOf(ada, host) });

const forged: Readonly<Record<string, string>> = {
  'X-Forwarded-Uri': '/healthz',
  'X-Forwarded-Host': hosts.wiki,
  'X-Forwarded-Method': 'HEAD',
  'X-Forwarded-Prefix': '/healthz',
  'X-Original-URI': '/healthz',
  'X-Original-URL': `https://${hosts.shop}/healthz`,
  'X-Original-Method': 'HEAD',
  'X-Rewrite-URL': '/healthz',
  'X-EAS-Request-Uri': '/healthz',
};

for (const reader of readers) {
  suite(`through ${reader}`, { timeout: 60_000 }, () => {
    test('what is public is, and what is not is not', async () => {
      assert.equal((await get(reader, hosts.shop, '/healthz')).status, 200);
      assert.equal((await get(reader, hosts.shop, '/read', { method: 'HEAD' })).status, 200);
      assert.equal((await get(reader, hosts.shop, '/read')).status, 403);
      assert.equal((await get(reader, hosts.shop, '/admin', { headers: asAda() })).status, 200);
      assert.equal(shop.last?.headers['x-auth-request-groups'], 'admins');
    });

    test('T1.1–T1.9 no header of a client opens a path or a method: each alone, and all together', async () => {
      const before = shop.requests;
      const each = Object.entries(forged).map(([name, value]) => ({ [name]: value }));
      for (const headers of [...each, forged]) {
        for (const path of ['/admin', '/read']) {
          const { status } = await get(reader, hosts.shop, path, { headers });
          assert.ok([302, 401, 403].includes(status), `${JSON.stringify(headers)} ${path}: ${status}`);
        }
      }
      assert.equal(shop.requests, before);
    });

    test('T12.11 two families that differ in a byte, or of which one is cut, let not even ada pass; two that agree do', async () => {
      const [url, method] =
        reader === 'NGINX' ? ['X-Forwarded-Uri', 'X-Forwarded-Method'] : ['X-Original-URL', 'X-Original-Method'];
      const value = (path: string): string => (reader === 'NGINX' ? path : `https://${hosts.shop}${path}`);
      const status = async (headers: Record<string, string>): Promise<number> =>
        (await get(reader, hosts.shop, '/admin?x=1', { headers: { ...asAda(), ...headers } })).status;
      assert.equal(await status({ [url ?? '']: value('/admin?x=1'), [method ?? '']: 'GET' }), 200);
      assert.equal(await status({ [url ?? '']: value('/admin?x=1') }), 403);
      assert.equal(await status({ [method ?? '']: 'GET' }), 403);
      for (const [path, verb] of [
        ['/admin?x=2', 'GET'],
        ['/admin', 'GET'],
        ['/healthz', 'GET'],
        ['/admin?x=1', 'POST'],
        ['/%61dmin?x=1', 'GET'],
      ])
        assert.equal(
          await status({ [url ?? '']: value(path ?? ''), [method ?? '']: verb ?? '' }),
          403,
          `${path} ${verb}`,
        );
    });

    test('T6 N33 identity headers of a client never reach the app, in any spelling', async () => {
      const spellings = ['X-Auth-Request-User', 'X_Auth_Request_User', 'X_AUTH-REQUEST_USER', 'X.Auth.Request.User'];
      for (const name of spellings) {
        for (const [path, headers] of [
          ['/healthz', {}],
          ['/admin', asAda()],
        ] as const) {
          const before = shop.requests;
          const { status } = await get(reader, hosts.shop, path, { headers: { ...headers, [name]: 'mallory' } });
          assert.ok(status === 200 || status === 403, `${name} ${path}: ${status}`);
          assert.equal(shop.requests, before + (status === 200 ? 1 : 0));
          if (status === 200) assert.ok(!JSON.stringify(shop.last).includes('mallory'), `${name} ${path}`);
        }
      }
    });

    test('N29 a WebSocket: with a session from our own or a listed origin, from no other', async () => {
      const upgrade = async (headers: Record<string, string>): Promise<number> =>
        (await get(reader, hosts.shop, '/socket', { headers: { ...webSocketHeaders, ...headers } })).status;
      const cookie = cookieOf(ada, hosts.shop);
      assert.equal(await upgrade({ ...cookie, origin: `https://${hosts.shop}:${ports[reader]}` }), 101);
      assert.equal(await upgrade({ ...cookie, origin: 'https://friend.example' }), 101);
      assert.equal(await upgrade({ ...cookie, origin: `https://${hosts.wiki}` }), 403);
      assert.equal(await upgrade({ ...cookie, origin: 'null' }), 403);
      assert.equal(await upgrade({ origin: `https://${hosts.shop}` }), 403);
    });

    test('an upload of 10 MB arrives whole, and without a session not at all', async () => {
      const body = randomBytes(5 * 1024 * 1024).toString('hex');
      const answer = await get(reader, hosts.wiki, '/upload', { method: 'POST', body, headers: asAda(hosts.wiki) });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, `${body.length} ${createHash('sha256').update(body).digest('hex')}`);
      assert.equal((await get(reader, hosts.wiki, '/upload', { method: 'POST', body: 'x' })).status, 403);
    });

    test('a streamed response comes part by part', async () => {
      const parts: string[] = [];
      await new Promise<void>((resolve, reject) => {
        const call = request(
          {
            host: '127.0.0.1',
            port: ports[reader],
            servername: hosts.wiki,
            path: '/stream',
            ca: gate.ca,
            agent: false,
            headers: { host: `${hosts.wiki}:${ports[reader]}`, ...asAda(hosts.wiki) },
          },
          (response) => {
            response.setEncoding('utf8').on('data', (part: string) => {
              parts.push(part.trim());
              heavy.next();
            });
            response.on('end', resolve);
          },
        );
        call.on('error', reject);
        call.end();
      });
      // Were one held back, the next would never be sent.
      assert.deepEqual(parts, ['one', 'two', 'three']);
    });
  });
}

suite('hosts of other forms, through both', { timeout: 60_000 }, () => {
  const expression = (name: string, host: string, path: string) =>
    ingress({
      namespace: 'shop',
      name,
      host,
      annotations: { ...regexAnnotation, ...signedIn },
      paths: [{ path, pathType: 'ImplementationSpecific', service: 'shop', port: shop.port }],
    });

  test('a wildcard: one sign-in, and each of its hosts has its own session', async () => {
    const paths = [{ path: '/', pathType: 'Prefix', service: 'shop', port: shop.port }] as const;
    await apply(ingress({ namespace: 'shop', name: 'wild', host: '*.wild.localhost', annotations: signedIn, paths }));
    await everywhere(hosts.north);
    const visitor = gate.visitor();
    assert.equal((await visitor.signIn(gate.url(hosts.north), account('bob'))).status, 200);
    assert.equal((await visitor.ask(gate.url(hosts.south))).status, 302);
    assert.equal((await visitor.go(gate.url(hosts.south))).status, 200);
    for (const reader of readers) {
      assert.equal(
        (await get(reader, hosts.south, '/', { headers: { ...scripted, ...cookieOf(visitor, hosts.south) } })).status,
        200,
      );
      assert.equal((await get(reader, hosts.south, '/', { headers: scripted })).status, 403);
    }
  });

  test('regular expressions: people sign in beside them', async () => {
    await apply(expression('regex', hosts.regex, '/[a-z]*'));
    await everywhere(hosts.regex);
    const visitor = gate.visitor();
    assert.equal((await visitor.signIn(gate.url(hosts.regex), account('bob'))).status, 200);
  });

  test('N32 one that takes the sign-in paths away: said on the Ingress, and nothing opens', async () => {
    const before = shop.requests;
    await apply(expression('shadow', hosts.shadow, '/(_cognito|other|third)-gate/.*'));
    const shadowed = async (): Promise<boolean> =>
      /Warning +SignInShadowed .*let it match less/.test(
        await gate.cluster.kubectl('describe', 'ingress', 'shadow', '-n', 'shop'),
      );
    await until(shadowed, 'SignInShadowed', 20_000);
    for (const front of fronts) await front.settled();
    for (const reader of readers) {
      const refused = async (): Promise<boolean> =>
        (await get(reader, hosts.shadow, '/other-gate/x', { headers: scripted })).status === 403;
      await until(refused, `the wiring through ${reader}`, 20_000);
      for (const path of ['/other-gate/x', '/_cognito-gate/start/x', '/_cognito-gate/userinfo']) {
        const { status } = await get(reader, hosts.shadow, path, { headers: { accept: 'text/html' } });
        assert.ok(status >= 300, `${path} through ${reader}: ${status}`);
      }
    }
    assert.equal(shop.requests, before);
  });
});
