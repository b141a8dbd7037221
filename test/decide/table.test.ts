import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTable } from '../../src/decide/table.ts';
import { Secret } from '../../src/model/secret.ts';
import { groups, policy, pool, route, rule, signedIn } from './samples.ts';

const id = (digit: string): string => digit.repeat(32);

const exactHost = route({ id: id('1') });
const wildcard = route({
  id: id('2'),
  hosts: ['*.example.com'],
  paths: [{ host: '*.example.com', path: '/', type: 'PathPrefix' }],
});
const deep = route({
  id: id('3'),
  paths: [
    { host: 'shop.example.com', path: '/api', type: 'PathPrefix' },
    { host: 'shop.example.com', path: '/api/ping', type: 'Exact' },
  ],
});
const broken = route({ id: id('4'), hosts: ['bad.example.com'], state: { kind: 'broken', reason: 'Invalid' } });

const table = createTable({ routes: [exactHost, wildcard, deep, broken], pools: [pool()] });

test('a route is found by its id, and an id that is not there is not', () => {
  assert.equal(table.route(id('1'))?.route, exactHost);
  assert.equal(table.route(id('9')), undefined);
  assert.equal(table.size, 4);
  assert.equal([...table.allRoutes()].length, 4);
});

test('a broken route stays and has no policy; one that does not compile is broken too', () => {
  assert.equal(table.route(id('4'))?.policy, undefined);
  const bad = policy([rule('r', { paths: [{ type: 'RegularExpression', value: '(' }] }, signedIn)]);
  const other = createTable({ routes: [route({ state: { kind: 'enforced', policy: bad, audits: [] } })], pools: [] });
  assert.equal(other.route(id('0'))?.policy, undefined);
});

test('T13: every spelling of a host finds the same routes', () => {
  for (const host of ['shop.example.com', 'SHOP.Example.com', 'shop.example.com.', 'shop.example.com:8443']) {
    assert.deepEqual(
      table.routesOn(host).map((one) => one.route.id),
      [id('1'), id('3')],
      host,
    );
  }
  assert.deepEqual(table.routesOn('shöp.example.org'), []);
});

test('a wildcard owns one label, and no host that another route names', () => {
  assert.equal(table.ownsHost(wildcard, 'other.example.com'), true);
  assert.equal(table.ownsHost(wildcard, 'shop.example.com'), false);
  assert.equal(table.ownsHost(wildcard, 'bad.example.com'), false);
  assert.equal(table.ownsHost(wildcard, 'a.b.example.com'), false);
  assert.equal(table.ownsHost(wildcard, 'example.com'), false);
  assert.equal(table.ownsHost(wildcard, '*.example.com'), false);
  assert.equal(table.ownsHost(exactHost, 'shop.example.com'), true);
  assert.equal(table.ownsHost(exactHost, 'other.example.com'), false);
});

test('the longest path of an Ingress wins, by segments', () => {
  const at = (path: string, host = 'shop.example.com'): string | undefined => table.routeAt(host, path)?.route.id;
  assert.equal(at('/'), id('1'));
  assert.equal(at('/apis'), id('1'));
  assert.equal(at('/api'), id('3'));
  assert.equal(at('/api/x'), id('3'));
  assert.equal(at('/%61pi/x'), id('3'));
  assert.equal(at('/anything', 'other.example.com'), id('2'));
  assert.equal(at('/x', 'nowhere.test'), undefined);
  assert.equal(at('/x/../api'), undefined);
  assert.equal(at('/x//y'), id('1'));
  assert.equal(at('/%zz'), undefined);
});

test('the named groups and claims are those of every policy in force', () => {
  const one = policy([rule('r', {}, groups('a', 'b'))], { deny: [{ allGroups: ['d'] }] });
  const audit = policy([
    rule('r', {}, { kind: 'Allow', conditions: [{ groups: ['e'], claims: [{ name: 'dept', values: ['x'] }] }] }),
  ]);
  const { namedGroups, namedClaims } = createTable({
    routes: [route({ state: { kind: 'enforced', policy: one, audits: [audit] } })],
    pools: [],
  });
  assert.deepEqual([...namedGroups].toSorted(), ['a', 'b', 'd', 'e']);
  assert.deepEqual([...namedClaims], ['dept']);
});

test('the hash hangs on content alone, a changed secret included', () => {
  const hash = (secret: string, routes = [exactHost, deep]): string =>
    createTable({ routes, pools: [pool({ clientSecret: new Secret(secret) })] }).hash;
  assert.match(hash('a'), /^[0-9a-f]{64}$/);
  assert.equal(hash('a'), hash('a', [deep, exactHost]));
  assert.notEqual(hash('a'), hash('b'));
  assert.notEqual(hash('a'), hash('a', [exactHost]));
  assert.notEqual(hash('a'), hash('a', [exactHost, { ...deep, name: 'x' }]));
});

test('P27 a wildcard does not own a host that an Ingress of another namespace names, protected or not', () => {
  const [host, mine, theirs] = ['x.example.com', { namespace: wildcard.namespace }, { namespace: 'thief' }];
  const owns = (named: readonly { namespace: string }[], asked = host): boolean => {
    const namedElsewhere = named.map((one) => ({ ...one, host }));
    return createTable({ routes: [wildcard], pools: [], namedElsewhere }).ownsHost(wildcard, asked);
  };
  assert.ok(owns([]));
  assert.ok(owns([mine]));
  assert.ok(!owns([theirs]));
  assert.ok(!owns([mine, theirs]));
  assert.ok(owns([theirs], 'y.example.com'));
  const hashes = [[], [{ ...theirs, host }]].map(
    (namedElsewhere) => createTable({ routes: [wildcard], pools: [], namedElsewhere }).hash,
  );
  assert.notEqual(hashes[0], hashes[1]);
});
