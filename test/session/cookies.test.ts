import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { cookieValues, clearCookie, parseCookies, setCookie } from '../../src/session/cookies.ts';

describe('cookies', () => {
  it('finds ours among others', () => {
    const jar = parseCookies(
      'a=1; __Host-cg-0011=one;__Host-cgs-0011=two; b=__Host-cg-0011=no; x__Host-cg-0011=no ; __Host-cg-0022=a=b',
    );
    assert.deepEqual(jar.names(), ['__Host-cg-0011', '__Host-cgs-0011', '__Host-cg-0022']);
    assert.deepEqual(jar.all('__Host-cg-0011'), ['one']);
    assert.deepEqual(jar.all('__Host-cg-0022'), ['a=b']);
    assert.deepEqual(jar.all('a'), []);
  });

  it('T11.4 T11.7 keeps the order of duplicates, and four of them', () => {
    const header = Array.from({ length: 10 }, (_none, index) => `__Host-cg-0011=v${index}`).join('; ');
    assert.deepEqual(parseCookies(header).all('__Host-cg-0011'), ['v0', 'v1', 'v2', 'v3']);
  });

  it('T22.1 is bounded in cookies, in values and in the header', () => {
    const many = Array.from({ length: 5000 }, (_none, index) => `__Host-cg-${index}=1`).join('; ');
    assert.equal(parseCookies(many.slice(0, 65_000)).names().length, 64);
    assert.equal(parseCookies(`__Host-cg-0011=${'a'.repeat(5000)}`).names().length, 0);
    assert.equal(parseCookies(`__Host-cg-0011=a; b=${'a'.repeat(65_536)}`).names().length, 0);
  });

  it('never throws, and no value holds a separator (property)', () => {
    const part = fc.constantFrom('__Host-cg-1', '=', ';', ' ', '"', '\u0000', 'a', '\t', ',', '__Host-cg');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        const jar = parseCookies(parts.join(''));
        for (const name of jar.names()) {
          assert.ok(name.startsWith('__Host-cg'));
          assert.ok(jar.all(name).every((value) => !value.includes(';')));
        }
      }),
    );
  });

  it('S19 T23.5 sets Secure, HttpOnly, SameSite=Lax, Path=/ and no Domain', () => {
    assert.equal(
      setCookie('__Host-cg-1', 'v', { maxAge: 60.9 }),
      '__Host-cg-1=v; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax',
    );
    assert.equal(clearCookie('__Host-cg-1'), '__Host-cg-1=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax');
  });
});

it('T11.7 T22.1 the decision path reads the same values of a name as everybody else', () => {
  const name = '__Host-cg-01234567';
  const part = fc.constantFrom(
    name,
    `${name}=`,
    `${name} = `,
    `${name}8=`,
    '__Host-cga-x=',
    'other=',
    ';',
    '; ',
    ' ',
    '=',
    'a',
    'good',
    '\t',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const header = parts.join('');
      const values = cookieValues(header, name);
      if (values.length < 4)
        assert.deepEqual(
          values.filter((value) => value !== ''),
          parseCookies(header).all(name),
        );
    }),
    { numRuns: 3000 },
  );
});
