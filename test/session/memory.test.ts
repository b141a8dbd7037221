import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createBoundedCache } from '../../src/session/bounded-cache.ts';
import { createEndedSids } from '../../src/session/ended-sids.ts';
import { createUsedOnce } from '../../src/session/used-once.ts';

describe('ended sids', () => {
  it('are remembered until their time and forgotten after it', () => {
    let now = 1000;
    const ended = createEndedSids(() => now);
    ended.end('a', 1100);
    ended.end('a', 1050);
    assert.equal(ended.has('a'), true);
    assert.equal(ended.has('b'), false);
    now = 1100;
    assert.equal(ended.has('a'), false);
    ended.end('b', 2000);
    assert.equal(ended.size, 1);
  });
});

describe('used once', () => {
  it('T10.6 is true once, and never after its time', () => {
    let now = 1000;
    const used = createUsedOnce(() => now);
    assert.deepEqual(
      [used.use('a', 1060), used.use('a', 1060), used.use('b', 1060), used.use('c', 1000)],
      [true, false, true, false],
    );
    now = 1061;
    assert.equal(used.use('a', 1060), false);
    assert.equal(used.use('d', 1100), true);
    assert.equal(used.size, 1);
  });

  it('T22.1 refuses when it is full, and goes on when entries have expired', () => {
    let now = 1000;
    const used = createUsedOnce(() => now, 2);
    assert.deepEqual([used.use('a', 1060), used.use('b', 1070), used.use('c', 1060)], [true, true, false]);
    now = 1061;
    assert.equal(used.use('c', 1100), true);
  });

  it('T22.1 forgets the oldest where a flood of it must keep nobody out', () => {
    const used = createUsedOnce(() => 1000, 2, 'forgetOldest');
    assert.deepEqual(
      ['a', 'b', 'c', 'c', 'b', 'a'].map((id) => used.use(id, 1060)),
      [true, true, true, false, false, true],
    );
    assert.equal(used.size, 2);
  });
});

describe('bounded cache', () => {
  it('lets the least recently used go, by entries and by bytes', () => {
    const cache = createBoundedCache<number>({ entries: 3, bytes: 100 });
    cache.set('a', 1, 10);
    cache.set('b', 2, 10);
    cache.set('c', 3, 10);
    assert.equal(cache.get('a'), 1);
    cache.set('d', 4, 10);
    assert.equal(cache.get('b'), undefined);
    cache.set('e', 5, 85);
    assert.deepEqual([cache.get('a'), cache.get('c'), cache.get('d'), cache.get('e')], [undefined, undefined, 4, 5]);
    assert.deepEqual([cache.size, cache.bytes], [2, 95]);
    cache.set('huge', 6, 101);
    assert.deepEqual([cache.size, cache.bytes], [0, 0]);
    cache.set('e', 7, 1);
    cache.delete('e');
    assert.equal(cache.bytes, 0);
  });
});
