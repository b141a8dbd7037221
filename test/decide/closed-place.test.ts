import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedPlace } from '../../src/decide/closed-place.ts';
import { createTable } from '../../src/decide/table.ts';
import type { CompiledRoute } from '../../src/decide/table.ts';
import type { RoutePath } from '../../src/model/route.ts';
import type { Rule } from '../../src/model/policy.ts';
import { groups, isPublic, options, policy, prefix, route, rule } from './samples.ts';

const id = '0'.repeat(32);
const at = (path: string, type: RoutePath['type'] = 'PathPrefix', host = 'shop.example.com'): RoutePath => ({
  host,
  path,
  type,
});

function compiled(rules: readonly Rule[], paths: readonly RoutePath[] = [at('/')]): CompiledRoute {
  const state = { kind: 'enforced', policy: policy(rules), audits: [] } as const;
  const found = createTable({ routes: [route({ id, paths, state })], pools: [] }).route(id);
  if (found === undefined) throw new Error('no route');
  return found;
}

const everything = rule('all', {}, groups('admins'));

test('P20 a probe goes where a stranger is refused, and nowhere else', () => {
  assert.equal(closedPlace(compiled([everything]), options)?.path, '/');
  const front = rule('front', { paths: [{ type: 'Exact', value: '/' }] }, isPublic);
  assert.equal(closedPlace(compiled([front, everything]), options)?.path, '/cognito-gate-probe');
  assert.equal(closedPlace(compiled([rule('open', prefix('/'), isPublic)]), options), undefined);
});

test('P20 expressions and wildcards are no addresses', () => {
  const odd = [at('/(a|b).*', 'ImplementationSpecific'), at('/', 'PathPrefix', '*.example.com')];
  assert.equal(closedPlace(compiled([everything], odd), options), undefined);
  assert.equal(closedPlace(compiled([everything], [...odd, at('/a', 'Exact')]), options)?.path, '/a');
});

test('P20 a broken route is asked too: it must refuse everywhere', () => {
  const broken = createTable({ routes: [route({ id, state: { kind: 'broken', reason: 'Invalid' } })], pools: [] });
  const found = broken.route(id);
  assert.ok(found && closedPlace(found, options));
});
