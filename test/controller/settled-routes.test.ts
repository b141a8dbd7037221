import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSettledRoutes } from '../../src/controller/settled-routes.ts';
import type { Decided } from '../../src/controller/settled-routes.ts';
import type { Route } from '../../src/model/route.ts';

function tableOf(paths: Readonly<Record<string, string>>, pools: readonly string[] = ['staff']): Decided {
  const route = (id: string, path: string): Route => ({
    id,
    namespace: 'shop',
    name: id,
    hosts: ['shop.example.com'],
    paths: [{ host: 'shop.example.com', path, type: 'PathPrefix' }],
    state: { kind: 'broken', reason: 'PolicyNotFound' },
  });
  return {
    pools: new Map(pools.map((id) => [id, { id }])),
    route: (id) => {
      const path = paths[id];
      return path === undefined ? undefined : { route: route(id, path) };
    },
  };
}

test('nothing is known of what was never everywhere', () => {
  assert.equal(createSettledRoutes().unchanged(tableOf({ a: '/' }))('a'), false);
});

test('a table on its way to the others: only what it changes is not everywhere', () => {
  const settled = createSettledRoutes();
  settled.everywhere(tableOf({ a: '/', b: '/' }));
  const unchanged = settled.unchanged(tableOf({ a: '/', b: '/b', c: '/' }));
  assert.deepEqual(['a', 'b', 'c', 'd'].map(unchanged), [true, false, false, false]);
  settled.everywhere(tableOf({ a: '/', b: '/b', c: '/' }));
  assert.deepEqual(['a', 'b', 'c'].map(settled.unchanged(tableOf({ a: '/a', b: '/b', c: '/' }))), [false, true, true]);
});

test('another pool may be one that any route means', () => {
  const settled = createSettledRoutes();
  settled.everywhere(tableOf({ a: '/' }));
  assert.equal(settled.unchanged(tableOf({ a: '/' }, ['staff', 'guests']))('a'), false);
});
