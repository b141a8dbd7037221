import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { createDecisionServer } from '../../src/http/decisions.ts';

const told: unknown[] = [];
const app = createDecisionServer({
  failed: (error) => void told.push(error),
  observe: () => undefined,
  decider: (routeId) => {
    const headers = { 'Content-Length': '0', 'Cache-Control': 'no-store' };
    // What no decider makes: a header that node refuses to send.
    const impossible = { status: 200 as const, headers: { ...headers, 'X-Auth-Request-User': 'a\nb' } };
    if (routeId === 'broken') throw new Error('no decider does that');
    if (routeId === 'broken-later') return Promise.reject(new Error('no decider does that'));
    if (routeId === 'impossible') return impossible;
    if (routeId === 'impossible-later') return Promise.resolve(impossible);
    return { status: routeId === 'open' ? 200 : 403, headers };
  },
});
let port = 0;
before(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
after(() => app.close());

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

function ask(path: string, options: http.RequestOptions = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
  });
}

test('N1 N9 an allowed request is exactly 200, empty, not to be stored, without ETag and Set-Cookie', async () => {
  const answer = await ask('/nginx/open', { headers: { 'if-none-match': '*' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-length'], '0');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['etag'], undefined);
  assert.equal(answer.headers['set-cookie'], undefined);
  assert.equal(answer.body, '');
});

const refused: readonly (readonly [string, string, http.RequestOptions?, string?])[] = [
  ['P22 a path that is not ours is 403, not 404', '/'],
  ['P22 a route below a route', '/nginx/open/more'],
  ['another plane', '/traefik/open'],
  ['a path that does not decode is 403, not 400', '/nginx/%zz'],
  ['a path that is invalid UTF-8', '/nginx/%ff'],
  ['M5 operations are not on this port', '/metrics'],
  [
    'N35 headers above the limit of the parser are 403, not 431',
    '/nginx/x',
    { headers: { cookie: 'a'.repeat(300 * 1024) } },
  ],
];
for (const [sentence, path, options, body] of refused) {
  test(sentence, async () => assert.equal((await ask(path, options, body)).status, 403));
}

test('a parameter on the decision URL changes nothing (T24.6)', async () => {
  assert.equal((await ask('/nginx/open?allowed_groups=x')).status, 200);
  assert.equal((await ask('/nginx/shut?allowed_groups=x')).status, 403);
});

test('every method is answered alike, with a body of any type', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await ask(
      '/nginx/open',
      { method, headers: { 'content-type': 'application/x-odd', 'content-length': '4' } },
      'body',
    );
    assert.equal(answer.status, 200, method);
  }
});

test('N35 64 kB of cookies come through to the decision', async () => {
  assert.equal((await ask('/nginx/open', { headers: { cookie: 'a'.repeat(64 * 1024) } })).status, 200);
});

const broken: readonly (readonly [string, string])[] = [
  ['an unknown method', 'FROB /nginx/open HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a NUL in a header (T11.6)', 'GET /nginx/open HTTP/1.1\r\nHost: a\r\nCookie: a=\u0000b\r\n\r\n'],
  ['no HTTP at all', 'hello\r\n\r\n'],
];
for (const [sentence, text] of broken) {
  test(`what the parser refuses is 403: ${sentence}`, async () => assert.match(await raw(text), /^HTTP\/1\.1 403 /));
}

test('T11.8 an answer that cannot be sent is 403, and the next one is served', async () => {
  for (const what of ['impossible', 'impossible-later', 'broken', 'broken-later']) {
    assert.equal((await ask(`/nginx/${what}`)).status, 403, what);
  }
  assert.equal((await ask('/nginx/open')).status, 200);
  assert.equal(told.length, 4, 'each is told');
});

test('T12 what node itself would answer with 400 or 417 is 403 or a decision, which NGINX can read', async () => {
  const end = 'Connection: close\r\n\r\n';
  assert.match(await raw(`GET /nginx/closed HTTP/1.1\r\n${end}`), /^HTTP\/1\.1 403 /);
  assert.match(await raw(`GET /nginx/closed HTTP/1.1\r\nHost: x\r\nExpect: anything\r\n${end}`), /^HTTP\/1\.1 403 /);
  assert.match(await raw(`GET /other HTTP/1.1\r\nHost: x\r\nExpect: anything\r\n${end}`), /^HTTP\/1\.1 403 /);
});
