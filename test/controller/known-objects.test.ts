import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApplied } from '../../src/controller/applied.ts';
import { createKnownObjects } from '../../src/controller/known-objects.ts';
import { object } from './samples.ts';

const at = (resourceVersion: string, uid = 'uid-1') => object('Ingress', { resourceVersion, uid });

test('what was written counts until the watch has caught up', () => {
  const known = createKnownObjects(() => 0);
  assert.equal(known.newest('k', at('9'))?.metadata.resourceVersion, '9');
  known.wrote('k', at('12'), true);
  assert.equal(known.newest('k', at('9'))?.metadata.resourceVersion, '12');
  assert.equal(known.newest('k', at('11'))?.metadata.resourceVersion, '12');
  assert.equal(known.newest('k', at('100'))?.metadata.resourceVersion, '100');
  assert.equal(known.newest('k', at('100'))?.metadata.resourceVersion, '100');
});

test('one that the watch showed and does not any more was deleted; one that was just made is there', () => {
  const known = createKnownObjects(() => 0);
  known.wrote('made', at('12'), false);
  assert.equal(known.newest('made', undefined)?.metadata.resourceVersion, '12');
  known.wrote('changed', at('12'), true);
  assert.equal(known.newest('changed', undefined), undefined);
});

test('one that was removed is gone, until another takes its place', () => {
  const known = createKnownObjects(() => 0);
  known.removed('k', at('12'));
  assert.equal(known.newest('k', at('12')), undefined);
  assert.equal(known.newest('k', at('14', 'uid-2'))?.metadata.uid, 'uid-2');
  assert.equal(known.newest('k', at('12'))?.metadata.uid, 'uid-1');
});

test('a watch that stays behind for a minute is believed again, and what nobody asks for is forgotten', () => {
  let now = 0;
  const known = createKnownObjects(() => now);
  known.wrote('k', at('12'), true);
  known.wrote('other', at('12'), false);
  now = 61;
  known.sweep();
  assert.deepEqual([...known.keys()], []);
  known.wrote('k', at('12'), true);
  now = 122;
  assert.equal(known.newest('k', at('9'))?.metadata.resourceVersion, '9');
});

test('what the API server made of a write is not asked for again, until it or the wish changes', () => {
  const applied = createApplied();
  applied.note('k', 'wanted', 'pruned');
  assert.ok(applied.stands('k', 'wanted', 'pruned'));
  assert.equal(applied.stands('k', 'wanted', 'other'), false);
  assert.equal(applied.stands('k', 'more', 'pruned'), false);
  applied.keepOnly(new Set());
  assert.equal(applied.stands('k', 'wanted', 'pruned'), false);
});
