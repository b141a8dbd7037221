import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsIn } from './log-secrets.ts';
import { Visitor } from './visitor.ts';

test('M3 the search of the suite’s logs finds a cookie, a code, a password and an e-mail, and nothing in a clean log', () => {
  const visitor = new Visitor('');
  visitor.cookies('shop.example').set('name', 'cookie-value-1234');
  visitor.trail.push('https://auth.example/oauth2/callback?code=code-value-5678&state=x');
  const user = { username: 'ada', password: 'ada-secret-pw', sub: '1', email: 'ada@example.com' };
  const met = { visitors: [visitor], users: [user], clientSecret: 'client-secret-0' };
  assert.deepEqual(secretsIn('{"msg":"refused","path":"/admin"}', met), []);
  for (const leak of [
    'cookie-value-1234',
    'code-value-5678',
    'ada-secret-pw',
    'ada@example.com',
    'client-secret-0',
    'eyJhbGciOiJSUzI1NiJ9',
    '/x?g=abc',
  ]) {
    assert.notEqual(secretsIn(`{"msg":"${leak}"}`, met).length, 0, leak);
  }
});
