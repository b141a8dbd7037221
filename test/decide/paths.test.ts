import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/decide/decide.ts';
import { readPath } from '../../src/decide/paths.ts';
import { readingsOf } from '../../src/decide/readings.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import {
  compiled,
  exact,
  groups,
  isPublic,
  options,
  person,
  prefix,
  request,
  rule,
  shop,
  signedIn,
} from './samples.ts';

const ada = person({ in: ['admins'] });
const bob = person({ in: ['staff'] });

function ask(path: string, who = [ada]): Verdict {
  return decide(request({ path }), who, shop, options);
}

function outcome(verdict: Verdict): string {
  return `${verdict.reason}${verdict.rule === undefined ? '' : ` by ${verdict.rule}`}`;
}

test('an ordinary path is read as it is written', () => {
  for (const path of ['/', '/a', '/a/', '/a/b.c/~d', '/a/@x:y=1,2;'.slice(0, -1), '/.well-known/x', '/...', '/a..b']) {
    assert.deepEqual(readPath(path), { kind: 'plain', path, needlesslyEncoded: undefined }, path);
  }
});

test('an encoded path with one meaning is decoded once', () => {
  assert.deepEqual(readPath('/caf%C3%A9/a%20b'), { kind: 'plain', path: '/café/a b', needlesslyEncoded: undefined });
  assert.equal(outcome(ask('/%61dmin/x')), 'allowed by admin');
  assert.equal(outcome(ask('/%61dmin/x', [bob])), 'not_allowed by admin');
});

const malformed: readonly (readonly [string, string])[] = [
  ['T12.1: an escape that is none', '/%zz'],
  ['T12.1: an escape that is cut', '/a%4'],
  ['T12.2: a space', '/a b'],
  ['T12.3: an escaped byte that is no UTF-8', '/%ff'],
  ['T12.3: a raw byte that is no UTF-8', '/\u00ff'],
  ['T12.3: an overlong slash', '/%c0%afadmin'],
  ['T12.4: nothing', ''],
  ['no slash at the start', 'admin'],
  ['an asterisk', '*'],
  ['a control character', '/a\u0001'],
  ['a delete character', '/a\u007f'],
  ['a character that no byte is', '/a\u2028'],
];

for (const [what, path] of malformed) {
  test(`${what} is malformed, with path rules and without`, () => {
    assert.equal(ask(path).reason, 'path_malformed');
    const plain = compiled([rule('all', {}, isPublic)]);
    assert.equal(decide(request({ path }), [ada], plain, options).reason, 'path_malformed');
  });
}

const ambiguous: readonly (readonly [string, string])[] = [
  ['T3.1', '/public/secret%23/endpoint'],
  ['T3.2', '/public/secret#/endpoint'],
  ['T16.1', '/public/../admin'],
  ['T16.1', '/admin/../public'],
  ['T16.1', '/admin/..'],
  ['T16.1', '/public/./../admin/.'],
  ['T16.2', '/public/%2e%2e/admin'],
  ['T16.2', '/public/.%2E/admin'],
  ['T16.3', '/public%2fx'],
  ['T16.3', '/public/..%2fadmin/x'],
  ['T16.3', '/public%2f%2e%2e%2fadmin/x'],
  ['T16.4', '/admin;v=1/x'],
  ['T16.4', '/public/..;/admin/x'],
  ['T16.4', '/;/admin/x'],
  ['T16.4', '/public%3bx'],
  ['T16.5', '//admin/x'],
  ['T16.5', '//shop.example.com/admin/x'],
  ['T16.5', '/public//x'],
  ['T16.6', '/admin\\x'],
  ['T16.6', '/public\\..\\admin'],
  ['T16.6', '/admin%5cx'],
  ['T16.6', '/\\evil/admin'],
  ['T16.7', '/%2561dmin/x'],
  ['T16.7', '/public/%252e%252e/admin'],
  ['T16.7', '/public/%25252e%25252e/admin'],
  ['T16.7', '/public%252f..%252fadmin'],
  ['T16.7', '/admin%253bx'],
  ['T16.8', '/public/..%5c..%5cadmin'],
  ['an encoded question mark', '/admin%3fx'],
  ['an encoded NUL', '/admin%00/x'],
  ['an encoded tab', '/ad%09min'],
  ['full-width letters', '/%EF%BD%81dmin'],
  ['a needlessly encoded public path', '/%70ublic/x'],
];

for (const [what, path] of ambiguous) {
  test(`${what}: ${JSON.stringify(path)} is refused where its readings end in different rules`, () => {
    assert.equal(ask(path).reason, 'path_ambiguous');
    assert.equal(ask(path, []).reason, 'path_ambiguous');
  });
}

test('an ambiguous path never ends in a Public rule, even where every reading does', () => {
  for (const path of ['/public/a;b', '/public/a%2fb', '/public/./x', '/public/a#b']) {
    assert.equal(ask(path, []).reason, 'path_ambiguous', path);
  }
});

test('an ambiguous path whose readings all end in one rule is decided by that rule', () => {
  assert.equal(outcome(ask('/admin/a%2fb')), 'allowed by admin');
  assert.equal(outcome(ask('/admin/a%2fb', [bob])), 'not_allowed by admin');
  assert.equal(outcome(ask('/docs/a;b//c')), 'signed_in by everyone-else');
});

test('without path rules nothing is ambiguous', () => {
  const open = compiled([rule('read', { methods: ['GET'] }, isPublic), rule('write', {}, groups('admins'))]);
  for (const path of ['/a//b', '/a/../b', '/a%2fb', '/a#b', '/a;b', '/%252e']) {
    assert.equal(decide(request({ path }), [], open, options).reason, 'public', path);
    assert.equal(decide(request({ path, method: 'PUT' }), [bob], open, options).reason, 'not_allowed', path);
  }
});

test('T4.1, P15: the query is no part of what a rule matches', () => {
  const health = decide(request({ path: '/healthz', query: 'x=/admin' }), [], shop, options);
  assert.equal(outcome(health), 'public by health');
  const other = decide(request({ path: '/api', query: 'path=/healthz' }), [], shop, options);
  assert.equal(other.reason, 'no_session');
});

test('P14: a prefix goes by segments', () => {
  assert.equal(outcome(ask('/administrator')), 'signed_in by everyone-else');
  assert.equal(outcome(ask('/admin')), 'allowed by admin');
  assert.equal(outcome(ask('/admin/')), 'allowed by admin');
  assert.equal(outcome(ask('/ADMIN')), 'signed_in by everyone-else');
});

test('a path with more readings than can be judged is refused, quickly', () => {
  assert.equal(readingsOf(`/%${'25'.repeat(600)}41`), undefined);
  assert.equal(ask(`/docs/%${'25'.repeat(400)}41`).reason, 'path_ambiguous');
  assert.equal(ask(`/docs/${'a/..%2f..;x/%252e%252e//b%5cc#d%3fe/../%2500f'.repeat(100)}`).reason, 'path_ambiguous');
  assert.equal(outcome(ask(`/docs/${'a'.repeat(7_000)}`)), 'signed_in by everyone-else');
});

test('T22.1 an 8 kB path of any of these kinds is judged about as fast as an ordinary one: all wait for it', () => {
  const kinds = [
    '//',
    '/..',
    '/./',
    '%2e%2e/',
    '%252e',
    '/%2e%2e;x%2f\\#%3f',
    'a/%25252e%2525',
    '/a;b/..//',
    '/\\',
    '%252f%252e',
    '%09/',
    '\u00c3\u00a9',
    '%25%32%35',
  ];
  for (const kind of kinds) {
    for (const length of [300, 1500, 8000]) {
      const path = `/${kind.repeat(Math.ceil(length / kind.length))}`.slice(0, length);
      const sizes = readingsOf(path)?.map((reading) => reading.length) ?? [];
      assert.ok(sizes.length <= 128 && sizes.reduce((sum, size) => sum + size, 0) <= 24_000, `${kind} ${length}`);
    }
  }
});

test('a path with half of everything in it is within the bound', () => {
  const readings = readingsOf('/a/..%2f..;x/%252e%252e//b%5cc');
  assert.ok(readings !== undefined && readings.length < 128, String(readings?.length));
});

/** One of the ways in which a path is respelled on its way to a backend. */
const respellings: readonly ((path: string) => string)[] = [
  (path) => path.replace('/admin', '//admin'),
  (path) => path.replace('/admin', '/./admin'),
  (path) => path.replace('/admin', '/x/../admin'),
  (path) => path.replace('/admin', '/public/../admin'),
  (path) => path.replace('/admin', '/public/..;a=b/admin'),
  (path) => path.replace('/admin', '/public/..\\admin'),
  (path) => path.replace('/admin', '//public/admin'),
  (path) => path.replace('/admin', '/admin;x'),
  (path) => path.replace('dmin', '%64min'),
  (path) => path.replaceAll('/', '%2f').replace('%2f', '/'),
  (path) => path.replaceAll('..', '%2e%2e'),
  (path) => path.replaceAll('..', '.%2E'),
  (path) => path.replaceAll('\\', '%5C'),
  (path) => path.replaceAll(';', '%3b'),
  (path) => path.replaceAll('%', '%25'),
  (path) => `${path}#/public`,
  (path) => `${path}%3f/public`,
  (path) => `${path}%00`,
  (path) => `${path}/../admin`,
];

test('no generated spelling of a protected path is let through for somebody who may not have it', () => {
  const spelling = fc.array(fc.nat(respellings.length - 1), { maxLength: 6 });
  fc.assert(
    fc.property(spelling, fc.constantFrom('/admin', '/admin/x', '/admin/x/y.html'), (picks, start) => {
      const path = picks.reduce<string>((text, pick) => respellings[pick]?.(text) ?? text, start);
      const stranger = ask(path, []);
      assert.equal(stranger.kind, 'refuse', path);
      const colleague = ask(path, [bob]);
      assert.equal(colleague.kind, 'refuse', `${path}: ${outcome(colleague)}`);
    }),
    { numRuns: 3_000 },
  );
});

test('whatever the path, nothing throws, and what ends in Public is under a public path as it stands', () => {
  const marks = ['/', '//', '.', '..', '%2f', '%2e', '%5c', '%25', '%23', '%3b', '%00', ';', '#', '\\', '%', 'é', ' '];
  const words = ['admin', 'public', 'healthz', '%70ublic', 'x', '%C3%A9', '%ff', '2f', '2e'];
  const piece = fc.constantFrom(...marks, ...words);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const path = `/${pieces.join('')}`;
      const verdict = ask(path, []);
      if (verdict.kind === 'allow') assert.match(path, /^\/(healthz$|public$|public\/)/);
      if (verdict.kind === 'allow') assert.doesNotMatch(path, /\/\/|[\\;#]|\/\.\.?(\/|$)|%(2f|2e|5c|25|23|3b|00)/);
    }),
    { numRuns: 3_000 },
  );
});

test('the order of decoding and resolving does not matter: every reading contains its own readings', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('/', '..', '%2f', '%2e', ';', '\\', 'a', '%25'), { maxLength: 8 }),
      (parts) => {
        const all = new Set(readingsOf(`/${parts.join('')}`));
        for (const reading of all) {
          for (const deeper of readingsOf(reading) ?? []) assert.ok(all.has(deeper), `${reading} → ${deeper}`);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a protected rule with an encoded value is found under both spellings', () => {
  const cafe = compiled([rule('cafe', prefix('/caf%C3%A9'), groups('admins')), rule('rest', {}, signedIn)]);
  for (const path of ['/caf%C3%A9/x', '/caf%c3%a9']) {
    assert.equal(decide(request({ path }), [bob], cafe, options).reason, 'not_allowed', path);
  }
  for (const path of ['/caf\u00c3\u00a9', '/cafe%CC%81']) {
    assert.equal(decide(request({ path }), [bob], cafe, options).reason, 'path_ambiguous', path);
  }
});

test('T16.4: a backend that cuts the path at the first semicolon does not get around an Exact rule', () => {
  const one = compiled([rule('admin', exact('/admin'), groups('admins')), rule('rest', {}, signedIn)]);
  assert.equal(decide(request({ path: '/admin;a/b' }), [bob], one, options).reason, 'path_ambiguous');
});

test('T16.3: a backend that leaves encoded slashes alone and resolves dots does not get around a rule', () => {
  assert.equal(ask('/x%2fy/%2e%2e/admin', [bob]).reason, 'path_ambiguous');
});
