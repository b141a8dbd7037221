import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSignInServer, hostName } from '../../src/http/sign-in.ts';
import type { WebRequest } from '../../src/model/web.ts';

const hosts: readonly (readonly [string, string | undefined, string | undefined])[] = [
  ['T13.1 mixed case is the lower-case host', 'Shop.EXAMPLE.com', 'shop.example.com'],
  ['T13.2 a trailing dot is dropped', 'shop.example.com.', 'shop.example.com'],
  ['T13.3 ports are not part of a host', 'shop.example.com:8443', 'shop.example.com'],
  ['T12.7 a question mark in Host is no host', 'shop.example.com:443\\healthz?', undefined],
  ['T12.8 a number sign in Host is no host', 'shop.example.com:443#', undefined],
  ['user info in Host is no host', 'shop.example.com:80@evil.test', undefined],
  ['no Host header', undefined, undefined],
  ['an empty Host header', '', undefined],
];
for (const [sentence, header, host] of hosts) test(sentence, () => assert.equal(hostName(header), host));

test('a request is handed over raw, with its form, and every cookie of the answer is sent', async () => {
  const seen: WebRequest[] = [];
  const app = createSignInServer({
    failed: () => undefined,
    handler: async (request) => {
      seen.push(request);
      return { status: 200, headers: { 'content-type': 'text/html' }, cookies: ['a=1', 'b=2'], body: 'hello' };
    },
  });
  const answer = await app.inject({
    method: 'POST',
    url: '/_cognito-gate/sign-out?x=%2F',
    headers: { host: 'Shop.Example.com:8443', 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'rd=%2Fa+b',
  });
  assert.equal(answer.body, 'hello');
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  const [request] = seen;
  assert.equal(request?.host, 'shop.example.com');
  assert.equal(request?.path, '/_cognito-gate/sign-out');
  assert.equal(request?.query.get('x'), '/');
  assert.equal(request?.form.get('rd'), '/a b');
  await app.close();
});

test('a handler that throws is a plain page with an id, and the error is told once', async () => {
  const told: string[] = [];
  const app = createSignInServer({
    failed: (_error, id) => void told.push(id),
    handler: () => Promise.reject(new Error('secret detail')),
  });
  const answer = await app.inject({ url: '/', headers: { host: 'a.example' } });
  assert.equal(answer.statusCode, 500);
  assert.equal(told.length, 1);
  assert.ok(answer.body.includes(told[0] ?? 'missing'));
  assert.ok(!answer.body.includes('secret'));
  await app.close();
});

test('a body of another type or above the limit is refused without a stack', async () => {
  const app = createSignInServer({
    failed: () => undefined,
    handler: async () => ({ status: 200, headers: {}, cookies: [], body: '' }),
  });
  const json = await app.inject({
    method: 'POST',
    url: '/',
    headers: { host: 'a.example', 'content-type': 'application/json' },
    payload: '{}',
  });
  assert.equal(json.statusCode, 415);
  const large = await app.inject({
    method: 'POST',
    url: '/',
    headers: { host: 'a.example', 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'a'.repeat(20_000),
  });
  assert.equal(large.statusCode, 413);
  await app.close();
});
