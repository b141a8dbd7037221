import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';

import { Secret } from '../../src/model/secret.ts';
import { newKeyEntry, parseKeyRing } from '../../src/session/key-ring.ts';
import { noon } from './samples.ts';

const entry = (id: string, at: number): [string, Secret] => [id, new Secret(newKeyEntry(id, at, randomBytes))];
const parse = (id: string, content: string): unknown => parseKeyRing(new Map([[id, new Secret(content)]]));
const good = randomBytes(32).toString('base64');

describe('key ring', () => {
  it('the first key of a ring seals at once', () => {
    assert.equal(parseKeyRing(new Map([entry('a', noon)])).seals(noon).id, 'a');
  });

  it('S26 a newer key seals from two minutes after its creation', () => {
    const ring = parseKeyRing(new Map([entry('b', noon), entry('a', noon - 5000)]));
    assert.equal(ring.newest, 'b');
    assert.deepEqual(
      [0, 119, 120, 5000].map((after) => ring.seals(noon + after).id),
      ['a', 'a', 'b', 'b'],
    );
    assert.ok(ring.key('a') !== undefined && ring.key('b') !== undefined && ring.key('c') === undefined);
  });

  it('seals with the oldest key when the clock is behind all of them', () => {
    const ring = parseKeyRing(new Map([entry('b', noon), entry('a', noon - 50)]));
    assert.equal(ring.seals(0).id, 'a');
  });

  it('says which entry and field is wrong, and never the content', () => {
    assert.throws(() => parseKeyRing(new Map()), /no entry/u);
    assert.throws(() => parse('Not-An-Id', '{}'), /"Not-An-Id", name/u);
    assert.throws(() => parse('a', '['), /"a", content/u);
    assert.throws(() => parse('a', 'null'), /"a", content/u);
    assert.throws(
      () => parse('a', JSON.stringify({ key: 'short-secret', createdAt: '2026-01-01T00:00:00Z' })),
      /"a", key/u,
    );
    assert.throws(
      () => parse('a', JSON.stringify({ key: good.slice(4) + 'AAAAA', createdAt: '2026-01-01T00:00:00Z' })),
      /"a", key/u,
    );
    assert.throws(() => parse('a', JSON.stringify({ key: good, createdAt: 'yesterday' })), /"a", createdAt/u);
    assert.throws(
      () => parse('a', JSON.stringify({ key: 'my-secret', createdAt: 1 })),
      (error: Error) => !error.message.includes('my-secret'),
    );
  });
});
