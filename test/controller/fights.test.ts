import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otherManager } from '../../src/controller/field-owner.ts';
import { createFights } from '../../src/controller/fights.ts';
import { object } from './samples.ts';

test('three rewrites in a minute are put up with, the fourth is a fight: then once a minute', () => {
  const fights = createFights();
  assert.equal(fights.wrote('a', 'x', 0), false);
  for (const at of [1, 2, 3]) {
    assert.equal(fights.wrote('a', 'x', at), true);
    assert.equal(fights.contested('a', at), false);
  }
  assert.ok(fights.brink('a', 4));
  fights.wrote('a', 'x', 4);
  assert.ok(fights.contested('a', 4));
  assert.equal(fights.wait('a', 14), 50);
  assert.equal(fights.wait('a', 64), 0);
  assert.equal(fights.wait('b', 14), 0);
  fights.wrote('a', 'x', 64);
  assert.equal(fights.wait('a', 65), 59);
  assert.equal(fights.peace(), 185);
  assert.ok(fights.contested('a', 184));
  assert.equal(fights.contested('a', 185), false);
  assert.equal(fights.brink('a', 185), false);
});

test('a write that wants something else is no rewrite, and old rewrites are forgotten', () => {
  const fights = createFights();
  for (const [at, wanted] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) fights.wrote('k', wanted, at);
  assert.equal(fights.contested('k', 6), false);
  for (const at of [30, 60, 90, 120, 150, 180]) fights.wrote('k', 'f', at);
  assert.equal(fights.contested('k', 181), false);
  fights.keepOnly(new Set());
  assert.equal(fights.wrote('k', 'f', 182), false);
});

test('the rival is who owns the auth-url, else who wrote last', () => {
  const owns = (name: string) => ({
    'f:metadata': { 'f:annotations': { [`f:nginx.ingress.kubernetes.io/${name}`]: {} } },
  });
  const entry = (manager: string, time: string, fieldsV1: unknown = {}, subresource?: string) => ({
    manager,
    operation: 'Update',
    time,
    fieldsV1,
    ...(subresource !== undefined && { subresource }),
  });
  const others = [
    entry('helm', '2026-01-01T00:00:00Z'),
    entry('kubectl', '2026-01-03T00:00:00Z'),
    entry('nginx', '2026-01-09T00:00:00Z', {}, 'status'),
  ];
  const ours = entry('cognito-gate/x', '2026-02-01T00:00:00Z', owns('auth-url'));
  const of = (...managedFields: readonly object[]): string | undefined =>
    otherManager(object('Ingress', { managedFields }), 'cognito-gate/x');
  assert.equal(of(...others, ours), 'kubectl');
  assert.equal(of(...others, ours, entry('argocd', '2025-01-01T00:00:00Z', owns('auth-url'))), 'argocd');
  assert.equal(of(ours), undefined);
});
