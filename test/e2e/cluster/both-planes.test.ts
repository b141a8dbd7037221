/** Security cases where the proxy has a say, through NGINX and Traefik at once: nobody who may not reaches the app. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { App } from '../../support/app.ts';
import { readers, startFront } from '../../support/front.ts';
import type { Front, Reader } from '../../support/front.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { freePort } from '../../support/ports.ts';
import { sendRaw } from '../../support/raw.ts';
import { ask, webSocketHeaders } from '../../support/request.ts';
import { account, scripted, sessionOn } from '../../support/steps.ts';
import { until } from '../../support/until.ts';
import { navigation } from '../../support/visitor.ts';

const { shop: host, wiki } = gateHosts;

const policy = `
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: shop, namespace: shop }
spec:
  targetRefs: [{ group: networking.k8s.io, kind: Ingress, name: shop }]
  rules:
    - { name: health, match: { paths: [{ type: Exact, value: /healthz }], methods: [GET] }, access: Public }
    - { name: office, match: { paths: [{ type: PathPrefix, value: /office }], sourceRanges: [10.9.8.0/24] }, access: Public }
    - { name: admins, allow: [{ groups: [admins] }] }
`;

/** What Traefik tidies: the path that it asks us about is the one that it asks the app for. */
const tidied: ReadonlySet<string> = new Set(['T16.1 dot segments', 'T16.5 two slashes']);

type Row = readonly [what: string, lines: readonly string[], path?: string, method?: string];

/** Header lines of a stranger; each is tried on a path that is closed to strangers. */
const strangers: readonly Row[] = [
  ['T2.1 T2.2 T2.3 agents of health checks', ['User-Agent: GoogleHC/1.0']],
  ['T20.1 an allowed address at the left', ['X-Forwarded-For: 10.9.8.7, 192.0.2.1'], '/office'],
  ['T20.2 the proxy’s own header of the address', ['X-Real-IP: 10.9.8.7', 'X-Real-Ip: 10.9.8.7'], '/office'],
  [
    'T20.1 other headers of addresses',
    ['Forwarded: for=10.9.8.7', 'True-Client-IP: 10.9.8.7', 'CF-Connecting-IP: 10.9.8.7'],
    '/office',
  ],
  [
    'N4 another method, named in a header',
    ['X-HTTP-Method-Override: GET', 'X-Original-Method: GET', 'X-Forwarded-Method: GET'],
    '/healthz',
    'POST',
  ],
  [
    'N5 N6 a preflight where none passes',
    ['Origin: https://other.example', 'Access-Control-Request-Method: POST'],
    '/',
    'OPTIONS',
  ],
  ['T15.1 Connection names what NGINX writes', ['Connection: close, X-Original-URL, X-Original-Method, X-Real-IP']],
  [
    'T15.1 Connection names what Traefik writes',
    ['Connection: close, X-Forwarded-Uri, X-Forwarded-Method, X-Forwarded-Host, X-Real-Ip'],
  ],
  [
    'T15.1 Connection names them, and the client writes its own',
    [
      'Connection: close, X-Forwarded-Uri, X-Original-URL',
      'X-Forwarded-Uri: /healthz',
      `X-Original-URL: https://${host}/healthz`,
    ],
  ],
  ['B7 T22.4 a token in the query', [], '/admin?access_token=eyJhbGciOiJub25lIn0.e30.'],
  ['B14 token headers of load balancers', ['X-Amzn-Oidc-Identity: ada', 'X-Amzn-Oidc-Data: a.b.c']],
  ['B8 a JWT as password', [`Authorization: Basic ${Buffer.from('x:eyJhbGciOiJub25lIn0.e30.').toString('base64')}`]],
  ['T11.2 a cookie that is no base64', ['Cookie: __Host-cg-00000000=%%%']],
  [
    'T11.4 ten copies of a cookie',
    [`Cookie: ${Array.from({ length: 10 }, () => '__Host-cg-00000000=AAAA').join('; ')}`],
  ],
  ['T11.5 N35 cookies of 20 kB', Array.from({ length: 3 }, (_none, index) => `X-Fill-${index}: ${'A'.repeat(6500)}`)],
  ['T11.6 a NUL in a cookie', ['Cookie: __Host-cg-00000000=a\u0000b']],
  ['N16 names with underscores', ['X_Auth_Request_User: ada', `X_Original_URL: https://${host}/healthz`]],
  ['N15 a gRPC call', ['Content-Type: application/grpc', 'TE: trailers'], '/grpc', 'POST'],
  ['T3.1 T16.1 an encoded number sign', [], '/healthz%23/../admin'],
  ['T3.2 a raw number sign', [], '/healthz#/../admin'],
  ['T4.1 a public path in the query', [], '/admin?path=/healthz'],
  ['T12.1 a broken escape', [], '/healthz%zz'],
  ['T12.3 bytes that are no UTF-8', [], '/healthz%ff'],
  ['T16.1 dot segments', [], '/admin/../healthz'],
  ['T16.2 encoded dot segments', [], '/healthz/%2e%2e/admin'],
  ['T16.3 an encoded slash', [], '/healthz%2f..%2fadmin'],
  ['T16.4 a path parameter', [], '/healthz;x'],
  ['T16.5 two slashes', [], '//healthz'],
  ['T16.6 a backslash', [], '/admin\\..\\healthz'],
  ['T16.7 doubly encoded dot segments', [], '/admin/%252e%252e/healthz'],
  ['T16.8 our prefix and a way out of it', [], '/_cognito-gate/%2e%2e%2fadmin'],
];

const odd: readonly (readonly [what: string, text: string])[] = [
  ['T12.7 a question mark and a backslash in Host', `GET /admin HTTP/1.1\r\nHost: ${host}:443\\healthz?\r\n`],
  ['T12.8 a number sign in Host', `GET /admin HTTP/1.1\r\nHost: ${host}:443#\r\n`],
  ['T12.9 the absolute form without Host', `GET http://${host}/admin/healthz HTTP/1.0\r\n`],
  ['T12.10 a question mark in the authority', `GET http://${host}?a/healthz HTTP/1.0\r\n`],
  ['T13.1 a host in mixed case', 'GET /admin HTTP/1.1\r\nHost: SHOP.acme.LocalHost\r\n'],
  ['T13.2 a dot at the end', `GET /admin HTTP/1.1\r\nHost: ${host}.\r\n`],
  ['T13.3 a port', `GET /admin HTTP/1.1\r\nHost: ${host}:8443\r\n`],
];

suite('both planes', () => {
  let gate: GateCluster;
  let shop: App;
  const fronts: Front[] = [];
  const ports: Record<Reader, number> = { Traefik: 0, NGINX: 0 };
  const cookies = { shop: '', wiki: '' };

  before(async () => {
    gate = await startGateCluster({ replicas: 1 });
    ports.NGINX = gate.port;
    ports.Traefik = await freePort();
    for (const reader of readers) fronts.push(await startFront(reader, gate, ports[reader]));
    await gate.apply('{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }');
    await gate.apply(policy);
    shop = await gate.app('shop', { host });
    await gate.app('wiki', { host: wiki, annotations: { 'cognito-gate.dev/access': 'SignedIn' } });
    for (const reader of readers) {
      for (const name of [host, wiki]) {
        await until(async () => (await get(reader, name, '/', navigation)).status === 302, `${name} ${reader}`, 20_000);
        await until(
          async () => (await get(reader, name, '/_cognito-gate/userinfo', {})).status === 401,
          `the companion of ${name} through ${reader}`,
          20_000,
        );
      }
    }
    for (const front of fronts) await front.settled();
    const ada = gate.visitor();
    assert.equal((await ada.signIn(gate.url(host), account('ada'))).status, 200);
    assert.equal((await ada.go(gate.url(wiki))).status, 200);
    cookies.shop = sessionOn(ada, host).join('=');
    cookies.wiki = sessionOn(ada, wiki).join('=');
  });
  after(async () => {
    for (const front of fronts) await front.stop();
    await gate?.stop();
  });

  const get = async (reader: Reader, name: string, path: string, headers: Readonly<Record<string, string>>) =>
    await ask(`https://${name}:${ports[reader]}${path}`, { target: path, headers, ca: gate.ca });

  /** Not let through, and no error of ours: a refusal, a way to the sign-in, or the proxy's own answer to nonsense. */
  const kept = async (what: string, send: () => Promise<{ status: number }>): Promise<void> => {
    const before = shop.requests;
    const { status } = await send();
    // Traefik makes one of the segments before anybody judges: then the app is asked for what was judged, and for nothing else.
    if (status === 200 && tidied.has(what) && shop.requests === before + 1) {
      assert.equal(shop.last?.path, '/healthz', what);
      return;
    }
    assert.ok([302, 307, 308, 400, 401, 403, 404, 414, 431].includes(status), `${what}: ${status}`);
    assert.equal(shop.requests, before, `${what}: the app was asked`);
  };

  for (const reader of readers) {
    suite(`through ${reader}`, { timeout: 60_000 }, () => {
      for (const [what, lines, path = '/admin', method = 'GET'] of strangers) {
        test(`${what}: kept out, through ${reader}`, async () => {
          const close = lines.some((line) => line.startsWith('Connection:')) ? [] : ['Connection: close'];
          const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...lines, ...close].join('\r\n');
          await kept(what, async () => await sendRaw(ports[reader], host, `${head}\r\n\r\n`));
        });
      }

      for (const [what, text] of odd) {
        test(`${what}: kept out, through ${reader}`, async () => {
          await kept(what, async () => await sendRaw(ports[reader], host, `${text}Connection: close\r\n\r\n`));
        });
      }

      test('N17 what is public is', async () => {
        assert.equal((await get(reader, host, '/healthz', {})).status, 200);
      });

      test('T11.1 T23.4 T11.7 S6 a cookie that is cut, changed, doubled or of another host is nobody', async () => {
        const [name = '', value = ''] = cookies.shop.split(/=(.*)/s);
        const flipped = `${value.slice(0, 60)}${value[60] === 'A' ? 'B' : 'A'}${value.slice(61)}`;
        const [, foreign = ''] = cookies.wiki.split(/=(.*)/s);
        const rows = [
          ...[1, 10, 40, value.length - 1].map((length) => `${name}=${value.slice(0, length)}`),
          `${name}=${flipped}`,
          `${name}=${foreign}`,
          `${name}=${value}; ${name}=${value.slice(0, 50)}`,
          `${name}=${value.slice(0, 50)}; ${name}=${value}`,
        ];
        for (const cookie of rows) {
          await kept(cookie.slice(0, 40), async () => await get(reader, host, '/admin', { ...scripted, cookie }));
        }
      });

      test('T11.9 N9 T6.3 who may is let in by name, and no decision sets a cookie', async () => {
        const headers = { ...scripted, cookie: cookies.shop, 'x-auth-request-user': 'mallory' };
        const answer = await get(reader, host, '/admin', headers);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['set-cookie'], undefined);
        assert.match(String(shop.last?.headers['x-auth-request-user']), /^ada$/);
      });

      test('T15.1 T11.9 Connection names our identity headers: the app is asked with them, or not at all', async () => {
        const names = ['X-Auth-Request-User', 'X-Auth-Request-Groups', 'X-Auth-Request-Email'].join(', ');
        const head = [`GET /admin HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookies.shop}`, `Connection: close, ${names}`];
        const before = shop.requests;
        const { status } = await sendRaw(ports[reader], host, `${head.join('\r\n')}\r\n\r\n`);
        assert.ok([200, 401, 403].includes(status), `${status}`);
        assert.equal(shop.requests, before + Number(status === 200));
        if (status === 200) assert.match(String(shop.last?.headers['x-auth-request-user']), /^ada$/);
      });

      test('N2 N14 N15 N30 N31 page views go to the sign-in; scripts, prefetches, frames and foreign forms don’t', async () => {
        const rows: readonly (readonly [string, Readonly<Record<string, string>>, boolean])[] = [
          ['a page view', navigation, true],
          ['a script', scripted, false],
          ['a prefetch', { ...navigation, 'sec-purpose': 'prefetch' }, false],
          ['a frame', { ...navigation, 'sec-fetch-dest': 'iframe' }, false],
          ['a WebSocket', webSocketHeaders, false],
        ];
        for (const [what, headers, leads] of rows) {
          const { status } = await get(reader, host, '/admin', headers);
          assert.equal(status, leads ? 302 : 403, what);
        }
        for (const [site, status] of [
          ['same-origin', 302],
          ['cross-site', 403],
        ] as const) {
          const headers = { ...navigation, 'sec-fetch-site': site };
          const answer = await ask(`https://${host}:${ports[reader]}/order`, { method: 'POST', headers, ca: gate.ca });
          assert.equal(answer.status, status, site);
        }
      });
    });
  }
});
