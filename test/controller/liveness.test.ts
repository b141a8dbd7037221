import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createLiveness } from '../../src/controller/liveness.ts';

const lease = (name: string, resourceVersion: string) => ({ metadata: { name, uid: name, resourceVersion } });

suite('who is alive', () => {
  let at = 0;
  const liveness = createLiveness({ silence: 9500, now: () => at });

  test('nobody before anything was seen', () => assert.equal(liveness.isAlive('a'), false));

  test('whose Lease was seen, until it was silent for too long', () => {
    liveness.observe([lease('a', '1'), lease('b', '2')]);
    at = 9500;
    liveness.observe([lease('a', '3'), lease('b', '2')]);
    at = 9501;
    assert.equal(liveness.isAlive('a'), true);
    assert.equal(liveness.isAlive('b'), false);
    assert.equal(liveness.silentFor('b'), 9501);
  });

  test('nobody whose Lease is gone', () => {
    liveness.observe([lease('b', '2')]);
    assert.equal(liveness.isAlive('a'), false);
  });

  test('who comes back', () => {
    liveness.observe([lease('b', '9')]);
    assert.equal(liveness.isAlive('b'), true);
  });
});
