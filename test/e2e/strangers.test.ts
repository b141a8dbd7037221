/** Nobody is signed in: straight at the decision endpoint and through a real NGINX ("both ways" of the security cases). */
import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { after, before, test } from 'node:test';
import { sendRaw } from '../support/raw.ts';
import { ask, webSocketHeaders } from '../support/request.ts';
import type { Answer } from '../support/request.ts';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { navigation } from '../support/visitor.ts';

let stack: Stack;
before(async () => {
  stack = await startStack();
});
after(() => stack.stop());

const refused = (answer: { status: number }): boolean => answer.status === 401 || answer.status === 403;

/** What NGINX would send for this request, sent by ourselves. */
function direct(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET'): Promise<Answer> {
  const witnesses = {
    'X-Original-URL': `https://${stackHosts.shop}${path}`,
    'X-Original-Method': method,
    'X-Real-IP': '10.1.2.3',
  };
  return ask(`${stack.decisions}/nginx/${stack.routes.shop}`, { headers: { ...witnesses, ...headers } });
}

function through(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET'): Promise<Answer> {
  return ask(`${stack.urls.shop}/`, { target: path, headers, method, ca: stack.ca });
}

test('a navigation without a session goes to start with the path; curl, fetch and WebSocket get 403 (N2, N14, N15)', async () => {
  const page = await through('/admin/a?x=1&y=%2F', { accept: 'text/html' });
  assert.equal(page.status, 302);
  const start = `${stack.urls.shop}/_cognito-gate/start/${stack.routes.shop}?rd=`;
  const location = page.headers.location ?? '';
  assert.ok(location.startsWith(start), location);
  assert.equal(decodeURIComponent(location.slice(start.length)), '/admin/a?x=1&y=%2F');
  assert.equal((await through('/admin')).status, 403);
  assert.equal(
    (await through('/admin', { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).status,
    403,
  );
  assert.equal((await through('/admin', webSocketHeaders)).status, 403);
  assert.equal((await through('/grpc', { 'content-type': 'application/grpc', te: 'trailers' }, 'POST')).status, 403);
});

test('a public path needs nobody, and only for its methods (N17, N4, P15)', async () => {
  assert.equal((await through('/healthz')).status, 200);
  assert.equal((await through('/healthz?x=/admin')).status, 200);
  assert.equal((await through('/healthz', {}, 'HEAD')).status, 200);
  assert.equal((await through('/healthz', {}, 'POST')).status, 403);
  assert.equal((await through('/healthz/')).status, 403);
  assert.equal((await through('/healthzz')).status, 403);
});

test('what is public stays public with broken cookies and strange headers (P30)', async () => {
  assert.equal((await through('/healthz', { cookie: '__Host-cg-00000000=broken; a' })).status, 200);
});

const spoofs: readonly (readonly [string, OutgoingHttpHeaders])[] = [
  ['T1.1 X-Forwarded-Uri', { 'X-Forwarded-Uri': '/healthz' }],
  ['T1.2 X-Forwarded-Host', { 'X-Forwarded-Host': 'public.example' }],
  ['T1.3 X-Forwarded-Method', { 'X-Forwarded-Method': 'OPTIONS' }],
  ['T1.4 X-Forwarded-Prefix', { 'X-Forwarded-Prefix': '/healthz' }],
  ['T1.5 X-Original-URI', { 'X-Original-URI': '/healthz' }],
  ['T1.6 X-Rewrite-URL', { 'X-Rewrite-URL': '/healthz' }],
  ['T1.7 T23.2 X-EAS-Request-Uri', { 'X-EAS-Request-Uri': '/healthz' }],
  [
    'T1.8 all of them together',
    {
      'X-Forwarded-Uri': '/healthz',
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Host': stackHosts.shop,
      'X-Forwarded-Prefix': '/',
      'X-Original-URI': '/healthz',
      'X-Rewrite-URL': '/healthz',
      'X-EAS-Request-Uri': '/healthz',
      'X-Forwarded-For': '127.0.0.1',
    },
  ],
  ['T2.1 the agent of Google’s health checks', { 'User-Agent': 'GoogleHC/1.0' }],
  ['T2.2 the agent of kubelet', { 'User-Agent': 'kube-probe/1.37' }],
  ['T2.3 other agents of health checks', { 'User-Agent': 'ELB-HealthChecker/2.0' }],
  ['T20.2 X-Real-IP of the client', { 'X-Real-IP': '127.0.0.1' }],
  ['B14 token headers of an ALB', { 'x-amzn-oidc-identity': 'ada', 'x-amzn-oidc-data': 'a.b.c' }],
  ['B14 our own identity headers', { 'X-Auth-Request-User': 'ada', 'X-Auth-Request-Groups': 'admins' }],
  [
    'B8 a JWT as Basic password',
    { Authorization: `Basic ${Buffer.from('x:eyJhbGciOiJub25lIn0.e30.').toString('base64')}` },
  ],
  ['B10 a bearer token', { Authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }],
  ['T11.5 a cookie of 7 kB', { Cookie: `__Host-cg-00000000=${'A'.repeat(7000)}` }],
];
for (const [sentence, headers] of spoofs) {
  test(`${sentence} opens nothing, both ways`, async () => {
    for (const more of [{}, { accept: 'text/html' }]) {
      const there = await direct('/admin', { ...headers, ...more });
      assert.ok(refused(there), `directly: ${there.status}`);
      const before = stack.shop.requests;
      const here = await through('/admin', { ...headers, ...more });
      assert.ok([302, 401, 403].includes(here.status), `through NGINX: ${here.status}`);
      assert.equal(stack.shop.requests, before);
    }
  });
}

test('B7 a token in the query is ignored (T22.4)', async () => {
  assert.equal((await through('/admin?access_token=eyJhbGciOiJub25lIn0.e30.')).status, 403);
});

const paths: readonly (readonly [string, string])[] = [
  ['T3.1 an encoded number sign', '/healthz%23/../admin'],
  ['T4.1 the query is not the path', '/admin?path=/healthz'],
  ['T16.1 dot segments', '/admin/../healthz'],
  ['T16.1 dot segments the other way', '/healthz/../admin'],
  ['T16.2 encoded dot segments', '/admin/%2e%2e/healthz'],
  ['T16.3 an encoded slash', '/healthz%2f..%2fadmin'],
  ['T16.4 a path parameter', '/healthz;x'],
  ['T16.5 two slashes', '//healthz'],
  ['T16.6 a backslash', '/admin\\..\\healthz'],
  ['T16.7 doubly encoded dot segments', '/admin/%252e%252e/healthz'],
  ['T16.8 our prefix and an encoded dot segment', '/_cognito-gate/%2e%2e%2fadmin'],
  ['T12.1 a broken escape', '/healthz%zz'],
  ['T12.3 invalid UTF-8', '/healthz%ff'],
  ['an encoded letter', '/%68ealthz'],
];
for (const [sentence, path] of paths) {
  test(`${sentence} never ends at the public rule, both ways`, async () => {
    const there = await direct(path);
    assert.ok(refused(there), `directly: ${there.status}`);
    const before = stack.shop.requests;
    const here = await sendRaw(
      stack.port,
      stackHosts.shop,
      `GET ${path} HTTP/1.1\r\nHost: ${stackHosts.shop}\r\nConnection: close\r\n\r\n`,
    );
    assert.ok(here.status === 403 || here.status === 404 || here.status === 400, `through NGINX: ${here.status}`);
    assert.equal(stack.shop.requests, before);
  });
}

const rawRequests: readonly (readonly [string, string])[] = [
  [
    'T3.2 a raw number sign',
    `GET /healthz#/../admin HTTP/1.1\r\nHost: ${stackHosts.shop}\r\nConnection: close\r\n\r\n`,
  ],
  [
    'T12.7 a question mark in Host',
    `GET /admin/secret HTTP/1.1\r\nHost: ${stackHosts.shop}:443\\healthz?\r\nConnection: close\r\n\r\n`,
  ],
  [
    'T12.8 a number sign in Host',
    `GET /admin/secret HTTP/1.1\r\nHost: ${stackHosts.shop}:443#\r\nConnection: close\r\n\r\n`,
  ],
  ['T12.9 the absolute form without Host', `GET http://${stackHosts.shop}/admin/healthz HTTP/1.0\r\n\r\n`],
  ['T12.10 a question mark in the authority', `GET http://${stackHosts.shop}?a/healthz HTTP/1.0\r\n\r\n`],
  ['T13.1 a host in mixed case', `GET /admin HTTP/1.1\r\nHost: SHOP.acme.LocalHost\r\nConnection: close\r\n\r\n`],
  ['T13.2 a host with a trailing dot', `GET /admin HTTP/1.1\r\nHost: ${stackHosts.shop}.\r\nConnection: close\r\n\r\n`],
  ['T13.3 a host with a port', `GET /admin HTTP/1.1\r\nHost: ${stackHosts.shop}:8443\r\nConnection: close\r\n\r\n`],
  [
    'T11.6 a NUL in a cookie',
    `GET /admin HTTP/1.1\r\nHost: ${stackHosts.shop}\r\nCookie: __Host-cg-1=a\u0000b\r\nConnection: close\r\n\r\n`,
  ],
  [
    'T15.1 Connection names our witnesses',
    `GET /admin HTTP/1.1\r\nHost: ${stackHosts.shop}\r\nConnection: close, X-Original-URL, X-Original-Method, X-Real-IP\r\n\r\n`,
  ],
  [
    'N16 header names with underscores',
    `GET /admin HTTP/1.1\r\nHost: ${stackHosts.shop}\r\nX_Auth_Request_User: ada\r\nX_Original_URL: https://x/healthz\r\nConnection: close\r\n\r\n`,
  ],
];
for (const [sentence, text] of rawRequests) {
  test(`${sentence} is refused, and the app hears nothing`, async () => {
    const before = stack.shop.requests;
    const answer = await sendRaw(stack.port, stackHosts.shop, text);
    assert.ok([302, 400, 403, 404].includes(answer.status), `${answer.status}`);
    assert.equal(stack.shop.requests, before);
  });
}

test('T12 witnesses that are missing, empty, doubled or mixed are 403, also for a navigation (N33, N23, T12.4, T12.5, T12.6, T12.11)', async () => {
  const url = `${stack.decisions}/nginx/${stack.routes.shop}`;
  const good = { 'X-Original-URL': `https://${stackHosts.shop}/healthz`, 'X-Original-Method': 'GET' };
  const rows: readonly OutgoingHttpHeaders[] = [
    {},
    { ...good, 'X-Original-URL': '' },
    { 'X-Original-URL': good['X-Original-URL'] },
    { 'X-Original-Method': 'GET' },
    { ...good, 'X-Original-URL': [good['X-Original-URL'], `https://${stackHosts.shop}/admin`] },
    { 'X-Original-URL': good['X-Original-URL'], 'X-Forwarded-Method': 'GET' },
    { ...good, 'X-Forwarded-Uri': '/healthz?', 'X-Forwarded-Method': 'GET' },
    { ...good, 'X-Original-URL': 'ftp://x/healthz' },
    { ...good, 'X-Original-URL': '/healthz' },
    { ...good, 'X-Original-URL': `https://${stackHosts.shop}/health z` },
  ];
  for (const headers of rows) {
    const answer = await ask(url, { headers: { ...headers, accept: 'text/html' } });
    assert.equal(answer.status, 403, JSON.stringify(headers));
  }
  assert.equal((await ask(url, { headers: good })).status, 200);
  const both = { ...good, 'X-Forwarded-Uri': '/healthz', 'X-Forwarded-Method': 'GET' };
  assert.equal((await ask(url, { headers: both })).status, 200);
  const traefik = { 'X-Forwarded-Uri': '/healthz', 'X-Forwarded-Method': 'GET' };
  assert.equal((await ask(url, { headers: traefik })).status, 200);
});

test('T6.2 an identity header in another spelling refuses the request, public paths included', async () => {
  for (const name of ['X_Auth_Request_User', 'X.Auth.Request.User', 'x-Auth_Request.User', 'X~Auth~Request~Groups']) {
    assert.equal((await direct('/healthz', { [name]: 'ada' })).status, 403, name);
  }
});

test('T6.5 N20 identity headers of the client are blanked on public paths too', async () => {
  const names = ['User', 'Email', 'Groups', 'Preferred-Username', 'Groups-Partial'].map(
    (name) => `x-auth-request-${name.toLowerCase()}`,
  );
  const answer = await through('/healthz', Object.fromEntries(names.map((name) => [name, 'mallory'])));
  assert.equal(answer.status, 200);
  for (const name of names) assert.ok(!stack.shop.last?.headers[name], name);
});

test('N30 prefetches, prerenders and frames are not sent to sign in', async () => {
  const frame = { ...navigation, 'sec-fetch-dest': 'iframe' };
  for (const headers of [
    { ...navigation, 'sec-purpose': 'prefetch' },
    { ...navigation, 'sec-purpose': 'prefetch;prerender' },
    frame,
  ]) {
    assert.equal((await through('/', headers)).status, 403);
  }
});

test('N31 a form post after the session ended goes to sign in from our own site only', async () => {
  for (const [site, status] of [
    ['same-origin', 302],
    ['same-site', 302],
    ['cross-site', 403],
  ] as const) {
    const answer = await through('/order', { ...navigation, 'sec-fetch-site': site }, 'POST');
    assert.equal(answer.status, status, site);
  }
});

test('N5 N6 a preflight is an ordinary request where the policy does not let it pass', async () => {
  const preflight = { origin: 'https://other.example', 'access-control-request-method': 'POST' };
  assert.equal((await through('/api', preflight, 'OPTIONS')).status, 403);
  assert.equal((await through('/api', { origin: 'https://other.example' }, 'OPTIONS')).status, 403);
});

test('ACME challenges pass, and nothing beside them', async () => {
  assert.equal((await through('/.well-known/acme-challenge/abc_DEF-123')).status, 200);
  assert.equal((await through('/.well-known/acme-challenge/a/b')).status, 403);
  assert.equal((await through('/.well-known/acme-challenge/')).status, 403);
  assert.equal((await through('/.well-known/acme-challenge/abc', {}, 'POST')).status, 403);
});

test('P22 unknown, malformed and foreign route ids are refused', async () => {
  const headers = {
    'X-Original-URL': `https://${stackHosts.shop}/healthz`,
    'X-Original-Method': 'GET',
    accept: 'text/html',
  };
  for (const id of ['0'.repeat(32), 'x', stack.routes.shop.toUpperCase(), `${stack.routes.shop}0`]) {
    assert.equal((await ask(`${stack.decisions}/nginx/${id}`, { headers })).status, 403, id);
  }
});

test('N32 a sign-in path at the decision endpoint is 403, never a way round in circles', async () => {
  assert.equal((await direct(`/_cognito-gate/start/${stack.routes.shop}`, navigation)).status, 403);
});

test('N35 64 kB of headers and 20 kB of cookies: 403 or a decision, never 431 or 500', async () => {
  for (const size of [20_000, 60_000, 70_000, 200_000, 400_000]) {
    const answer = await direct('/healthz', { cookie: `a=${'b'.repeat(size)}` });
    assert.equal(answer.status, size < 64_000 ? 200 : 403, String(size));
  }
  const cookies = ['a', 'b', 'c'].map((name) => `${name}=${'x'.repeat(7000)}`);
  const headers = Object.fromEntries(cookies.map((cookie, index) => [`x-fill-${index}`, cookie]));
  assert.equal((await through('/healthz', headers)).status, 200);
});

test('M4 M5 the sign-in port serves sign-in paths only, and operations are not reachable through the ingress', async () => {
  for (const path of ['/', '/metrics', '/readyz', '/nginx/x', '/oauth2', '/oauth2/other']) {
    const answer = await ask(`${stack.urls.signIn}${path}`, { ca: stack.ca });
    assert.equal(answer.status, 404, path);
  }
});

test('refusals are counted by reason and logged in one valid JSON line each, whatever the client sent (M1, M2, T23.6)', async () => {
  for (let count = 0; count < 200; count += 1) await direct(`/no-such-${count}`, { 'user-agent': `agent-${count}` });
  await through('/quote"%0a{}\'<b>', { 'x-odd': '"\\' });
  const metrics = await stack.metrics();
  assert.match(
    metrics,
    /cognito_gate_decisions_total\{plane="nginx",namespace="shop",policy="shop",outcome="refuse",reason="no_session"\} \d+/,
  );
  assert.ok(metrics.split('\n').filter((line) => line.startsWith('cognito_gate_decisions_total')).length < 40);
  assert.ok(!metrics.includes('no-such'));
  for (const line of (await stack.log()).trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
});
