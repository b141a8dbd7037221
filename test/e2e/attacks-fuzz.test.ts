/**
 * Seeded noise at the real ports and through the real NGINX. Whatever comes: never 2xx on what is protected, never 5xx,
 * never a session.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { cookies, headers, headerText, isReal, mangled, path } from '../support/noise.ts';
import type { Real } from '../support/noise.ts';
import { sendRaw } from '../support/raw.ts';
import { ask } from '../support/request.ts';
import type { Answer } from '../support/request.ts';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, atCallback, atComplete, goUntil, sessionOn } from '../support/steps.ts';
import { navigation } from '../support/visitor.ts';
import { Watch } from '../support/watch.ts';

const seed = 20_261_125;
let stack: Stack;
let watch: Watch;
/** To be mangled. */
let real: Real;
const cookie = cookies(() => real);

before(async () => {
  stack = await startStack();
  watch = new Watch(stack);
  const visitor = watch.visitor();
  await visitor.signIn(`${stack.urls.shop}/`, account('ada'));
  const [name, session] = sessionOn(visitor, stackHosts.shop);
  const grant = await goUntil(watch.visitor(), `${stack.urls.shop}/`, 'bob', atComplete);
  const other = watch.visitor();
  const state = (await goUntil(other, `${stack.urls.shop}/`, 'bob', atCallback)).searchParams.get('state') ?? '';
  const request =
    other.trail.map((href) => new URL(href).searchParams.get('request')).find((value) => value !== null) ?? '';
  real = {
    name,
    session,
    grant: `${grant.pathname.split('/complete/')[1] ?? ''}${grant.searchParams.get('g') ?? ''}`,
    state,
    request,
  };
});
after(() => stack.stop());

const closed = (answer: Answer): boolean => answer.status === 401 || answer.status === 403;

test('T11 T12 T16 N33 the decision port: two thousand requests, each 401 or 403, with an empty body', async () => {
  const methods = fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'get', 'G ET', '', 'PROPFIND');
  await fc.assert(
    fc.asyncProperty(path, cookie, headers, methods, async (target, jar, more, method) => {
      fc.pre(!isReal(headerText(jar), real.session));
      const witnesses = {
        'X-Original-URL': headerText(`https://${stackHosts.shop}/admin${target}`),
        'X-Original-Method': method,
      };
      const { Expect: _expect, ...rest } = more;
      const answer = await ask(`${stack.decisions}/nginx/${stack.routes.shop}`, {
        headers: { ...rest, ...witnesses, cookie: headerText(jar) },
      });
      assert.ok(closed(answer), `${answer.status}`);
      assert.equal(answer.body, '');
      assert.equal(answer.headers['content-length'], '0');
      assert.deepEqual(answer.cookies, []);
    }),
    { seed, numRuns: 2000 },
  );
});

test('any bytes at the decision port end in 401, 403 or a closed connection', async () => {
  const { port } = new URL(stack.decisions);
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(
      'GET / HTTP/1.1',
      `GET /nginx/${'a'.repeat(32)} HTTP/9.9`,
      'PRI * HTTP/2.0',
      'CONNECT x:1 HTTP/1.1',
      'FOO /nginx/x HTTP/1.1',
      `GET /nginx/%zz HTTP/1.1`,
      'GET /nginx/%2e%2e/x HTTP/1.1',
      'GET http://x/nginx/y HTTP/1.1',
      'POST /nginx/x HTTP/1.1',
      'OPTIONS * HTTP/1.1',
    ),
  );
  const fields = fc.array(
    fc.constantFrom(
      'Host: x',
      'Content-Length: 5',
      'Content-Length: -1',
      'Content-Length: 99999999',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: x, chunked',
      'Expect: 100-continue',
      'Expect: anything',
      'Upgrade: h2c',
      'Connection: Upgrade',
      'X-Original-URL: https://x/',
      ': x',
      'A B: c',
      'Content-Type: application/json',
      `X: ${'y'.repeat(5000)}`,
      'X:\u0001',
    ),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(line, fields, async (first, more) => {
      const statuses = await statusesOf(
        Number(port),
        `${first}\r\n${more.join('\r\n')}\r\nConnection: close\r\n\r\n{}\r\n`,
      );
      assert.ok(
        statuses.every((status) => ['401', '403', '100'].includes(status)),
        JSON.stringify([first.slice(0, 60), more, statuses]),
      );
    }),
    { seed, numRuns: 600 },
  );
});

function statusesOf(port: number, text: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    const done = (): void => resolve([...answer.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => status ?? ''));
    socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
    socket.on('close', done).on('error', () => undefined);
    socket.setTimeout(150, () => socket.destroy());
  });
}

test('T11 T12 through NGINX: raw request lines and cookies never reach the app, and are never 5xx', async () => {
  const before = stack.shop.requests;
  await fc.assert(
    fc.asyncProperty(path, cookie, async (target, jar) => {
      fc.pre(!isReal(headerText(jar), real.session));
      const line = target.replaceAll(/[\0\r\n]/g, '');
      const text = `GET /admin${line} HTTP/1.1\r\nHost: ${stackHosts.shop}\r\nCookie: ${headerText(jar)}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`;
      const answer = await sendRaw(stack.port, stackHosts.shop, text);
      assert.ok([302, 400, 403, 404].includes(answer.status), `${answer.status} ${line}`);
    }),
    { seed, numRuns: 700 },
  );
  assert.equal(stack.shop.requests, before);
});

test('T8 T9 T10.6 M6 the sign-in port: two thousand addresses of ours with mangled parts: never 5xx, never a session, never another host', async () => {
  const text = fc.oneof(
    mangled(() => real.request),
    mangled(() => real.grant),
    mangled(() => real.state),
    mangled(() => real.session),
    path,
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom('', '//evil.example', '/', '<script>', 'login_required'),
  );
  const parameter = fc.tuple(
    fc.constantFrom(
      'rd',
      'request',
      'state',
      'code',
      'error',
      'error_description',
      'g',
      'path',
      'pool',
      'switch',
      'check',
      'unread',
      'route',
      'incomplete',
      'iss',
    ),
    text,
  );
  const query = fc.oneof(
    fc
      .array(parameter, { maxLength: 4 })
      .map((list) => list.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&')),
    fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((raw) => raw.replaceAll(/[\0-\x20\x7f#]/g, '%')),
  );
  const place = fc.oneof(
    fc
      .constantFrom('/oauth2/authorize', '/oauth2/callback', '/oauth2/sign-out', '/oauth2/signed-out')
      .map((where) => [stackHosts.signIn, where] as const),
    fc
      .constantFrom('/', '', '/userinfo', '/sign-out', '/complete/x')
      .map((where) => [stackHosts.shop, `/_cognito-gate${where}`] as const),
    mangled(() => real.grant).map(
      (grant) =>
        [stackHosts.shop, `/_cognito-gate/complete/${encodeURIComponent(grant.toWellFormed()).slice(0, 900)}`] as const,
    ),
    fc.constant(0).map(() => [stackHosts.shop, `/_cognito-gate/start/${stack.routes.shop}`] as const),
  );
  const hosts = new Set<string>(Object.values(stackHosts));
  const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST');
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(place, query),
      cookie,
      method,
      fc.boolean(),
      async ([[host, where], search], jar, verb, browser) => {
        fc.pre(!isReal(headerText(jar), real.session));
        const answer = await ask(`http://127.0.0.1:${stack.signInPort}/`, {
          target: `${where}?${search}`,
          method: verb,
          headers: {
            host: `${host}:${stack.port}`,
            cookie: headerText(jar),
            ...(browser ? navigation : {}),
            ...(verb === 'POST'
              ? { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
              : {}),
          },
          body: verb === 'POST' ? search : '',
        });
        assert.ok(answer.status < 500, `${answer.status} ${where}`);
        assert.ok(!answer.cookies.some((line) => /^__Host-cgs?-[^=]*=[^;]/.test(line)), where);
        const { location } = answer.headers;
        if (location !== undefined) assert.ok(hosts.has(new URL(location).hostname), `${where} → ${location}`);
        assert.ok(!/<script|<img|javascript:/i.test(answer.body), where);
        if (where.endsWith('userinfo')) assert.notEqual(answer.status, 200);
      },
    ),
    { seed, numRuns: 2000 },
  );
  assert.equal(stack.cognito.stats.token <= 3, true, 'no code of theirs was redeemed');
});

test('M1 M2 after all of that: valid JSON lines, bounded metrics, bounded memory, an honest person still gets in', async () => {
  for (const line of (await stack.log()).trim().split('\n')) JSON.parse(line);
  const metrics = await stack.metrics();
  assert.ok(metrics.split('\n').length < 400, `${metrics.split('\n').length} lines`);
  assert.ok(!/evil|<script/.test(metrics));
  const resident = Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1] ?? 0);
  assert.ok(resident < 500_000_000, String(resident));
  const page = await watch.visitor().signIn(`${stack.urls.shop}/admin`, account('ada'));
  assert.equal(page.status, 200);
});

test('M3 none of the secrets that these visitors met is in the log', async () => {
  assert.deepEqual(await watch.leaks(), []);
});
