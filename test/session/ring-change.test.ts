import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../../src/model/secret.ts';
import { newKeyEntry, parseKeyRing } from '../../src/session/key-ring.ts';
import { ringChange } from '../../src/session/ring-change.ts';
import { noon } from './samples.ts';

const hour = 3600;
const times = { every: 24 * hour, keep: 12 * hour };

/** A ring of keys by id → hours ago. */
function ring(ages: Readonly<Record<string, number>>): Map<string, Secret> {
  const entry = (id: string, hours: number) => new Secret(newKeyEntry(id, noon - hours * hour, randomBytes));
  return new Map(Object.entries(ages).map(([id, hours]) => [id, entry(id, hours)]));
}

function change(entries: ReadonlyMap<string, Secret>, now = noon, wanted = times) {
  return ringChange(entries, wanted, { now, random: randomBytes });
}

describe('rotation of the key ring', () => {
  it('a ring whose newest key is young is left alone', () => {
    assert.equal(change(ring({ a: 100, b: 11 })), undefined);
  });

  it('a key is added when the newest is as old as it says, under an id that no key ever had', () => {
    const entries = ring({ a: 24 });
    const { add, remove } = change(entries) ?? {};
    assert.ok(add !== undefined);
    assert.equal(add[0], 'k20270115t080000');
    assert.deepEqual(remove, []);
    const next = parseKeyRing(entries.set(add[0], new Secret(add[1])));
    assert.deepEqual([next.newest, next.seals(noon).id, next.seals(noon + 120).id], [add[0], 'a', add[0]]);
  });

  it('a key goes once it has not sealed for as long as it is kept', () => {
    assert.deepEqual(change(ring({ a: 60, b: 12, c: 11 })), undefined);
    assert.deepEqual(change(ring({ a: 60, b: 12.1, c: 11 })), { add: undefined, remove: ['a'] });
    assert.deepEqual(change(ring({ a: 80, b: 60, c: 40, d: 13 }))?.remove, ['a', 'b', 'c']);
  });

  it('the newest stays, however old', () => {
    assert.deepEqual(change(ring({ a: 100_000 }), noon, { every: Infinity, keep: 0 }), undefined);
  });

  it('a ring that can’t be read is not touched', () => {
    const entries = ring({ a: 100 }).set('b', new Secret('half a fi'));
    assert.throws(() => change(entries), /key ring, entry "b", content/);
  });

  it('S9 whatever the ring and the times: no key goes that may seal, or sealed within what is kept (property)', () => {
    const ages = fc.array(fc.double({ min: -1, max: 100, noNaN: true }), { minLength: 1, maxLength: 8 });
    const spans = fc.record({ every: fc.integer({ min: hour, max: 90 * hour }), keep: fc.nat({ max: 90 * hour }) });
    fc.assert(
      fc.property(ages, spans, (hours, wanted) => {
        const entries = ring(Object.fromEntries(hours.map((age, index) => [`k${index}`, age])));
        const removed = change(entries, noon, wanted)?.remove ?? [];
        const before = parseKeyRing(entries);
        assert.ok(!removed.includes(before.newest));
        for (let ago = 0; ago <= wanted.keep; ago += Math.max(60, wanted.keep / 50)) {
          assert.ok(!removed.includes(before.seals(noon - ago).id) || noon - ago < oldestStart(before));
        }
      }),
    );
  });
});

/** Before the second key's time the oldest seals whenever it is asked. */
function oldestStart({ keys }: ReturnType<typeof parseKeyRing>): number {
  return keys[1]?.sealFrom ?? -Infinity;
}
