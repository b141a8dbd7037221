import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { identityHeaders, wiring } from '../../src/planes/nginx.ts';

const id = '0123456789abcdef'.repeat(2);
const install = {
  decisionsAddress: 'cognito-gate.gate.svc.cluster.local:8080',
  publicPort: 443,
  prefix: '/_cognito-gate',
};
const name = (short: string): string => `nginx.ingress.kubernetes.io/${short}`;

test('the wiring is four annotations', () => {
  assert.deepEqual(wiring(id, install), {
    [name('auth-url')]: `http://cognito-gate.gate.svc.cluster.local:8080/nginx/${id}`,
    [name('auth-signin')]: `https://$host/_cognito-gate/start/${id}?rd=$escaped_request_uri`,
    [name('auth-response-headers')]: identityHeaders.join(','),
    [name('auth-method')]: 'GET',
  });
});

test('B10: where only machines come, nothing in the wiring leads to a sign-in', () => {
  const names = Object.keys(wiring(id, install, { signIn: false }));
  assert.deepEqual(
    names,
    ['auth-url', 'auth-response-headers', 'auth-method'].map((name) => `nginx.ingress.kubernetes.io/${name}`),
  );
});

test('a port other than 443 is in the sign-in address', () => {
  const values = wiring(id, { ...install, publicPort: 8443, decisionsAddress: 'http://127.0.0.1:9000/' });
  assert.equal(values[name('auth-signin')], `https://$host:8443/_cognito-gate/start/${id}?rd=$escaped_request_uri`);
  assert.equal(values[name('auth-url')], `http://127.0.0.1:9000/nginx/${id}`);
});

test("T18.1, T18.2, N10, N11: whatever is put in, the values pass ingress-nginx's validator or nothing is written", () => {
  const grammar = new Map([
    [name('auth-url'), /^[-._~a-zA-Z0-9/:,?&=$]+$/],
    [name('auth-signin'), /^[-._~a-zA-Z0-9/:,?&=$]+$/],
    [name('auth-response-headers'), /^[A-Za-z0-9-_,]+$/],
    [name('auth-method'), /^GET$/],
  ]);
  const hostile = fc.oneof(fc.string(), fc.constantFrom('";', 'x\n', '{', 'a b', '%41', '/_cognito-gate', 'svc:80'));
  fc.assert(
    fc.property(hostile, hostile, fc.nat(65_535), (decisionsAddress, prefix, publicPort) => {
      let values: Record<string, string>;
      try {
        values = wiring(id, { decisionsAddress, prefix, publicPort });
      } catch {
        return;
      }
      for (const [key, value] of Object.entries(values)) assert.match(value, grammar.get(key) ?? /^$/, key);
    }),
    { numRuns: 1_000 },
  );
});

test('T18.1: only a route id names a route', () => {
  for (const bad of ['shop', '', `${id}"`, id.toUpperCase(), `${id}0`, '../x']) {
    assert.throws(() => wiring(bad, install), /route id/, bad);
  }
});
