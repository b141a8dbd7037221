import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Secret } from '../../src/model/secret.ts';
import { createUserPools } from '../../src/identity/pools.ts';
import { fakeEndpoints, poolWith } from './fake-endpoints.ts';

describe('user pools', () => {
  const { fetch } = fakeEndpoints();
  const make = () =>
    createUserPools(() => ({ fetch, now: () => Date.now() / 1000, named: () => ({ claims: new Set<string>() }) }));

  it('stay the same for the same content, so that a new table keeps the keys', () => {
    const pools = make();
    assert.equal(pools.of(poolWith()), pools.of(poolWith()));
    pools.stop();
  });

  it('are replaced when anything about the pool changes, its secret included', () => {
    const pools = make();
    const first = pools.of(poolWith());
    const second = pools.of(poolWith({ clientSecret: new Secret('another') }));
    const third = pools.of(poolWith({ clientSecret: new Secret('another'), scopes: ['openid'] }));
    assert.equal(new Set([first, second, third]).size, 3);
    assert.deepEqual(pools.all(), [third]);
    pools.stop();
  });

  it('are let go when they are no longer in the table', () => {
    const pools = make();
    pools.of(poolWith());
    pools.of(poolWith({ id: 'other' }));
    pools.retain(new Set(['other']));
    assert.deepEqual(
      pools.all().map((one) => one.pool.id),
      ['other'],
    );
    pools.stop();
    assert.equal(pools.all().length, 0);
  });
});
