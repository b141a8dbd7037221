import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createEndedSids } from '../../src/session/ended-sids.ts';
import type { EndedSids, EndedSidsOptions } from '../../src/session/ended-sids.ts';

function world(options?: EndedSidsOptions): { now: number; ended: EndedSids; told: number } {
  const at = { now: 1000, told: 0 };
  const ended = createEndedSids(() => at.now, options);
  ended.onEnd(() => (at.told += 1));
  return Object.assign(at, { ended });
}

suite('sign-ins that were ended before their time', () => {
  test('S15: what is ended here is told to the others, and is ended there', () => {
    const [here, there] = [world(), world()];
    here.ended.end('a', 2000);
    assert.equal(here.told, 1);
    there.ended.merge(here.ended.entries());
    assert.equal(there.ended.has('a'), true);
    assert.deepEqual([...there.ended.entries()], [], 'it is not told twice');
    assert.equal(there.told, 0);
    there.now = 2000;
    assert.equal(there.ended.has('a'), false);
  });

  test('a replica that starts again under its name goes on telling what it told', () => {
    const [before, after] = [world(), world()];
    before.ended.end('a', 2000);
    before.ended.end('over', 900);
    after.ended.restore([['over', 900], ...before.ended.entries()]);
    assert.deepEqual([...after.ended.entries()], [['a', 2000]]);
    assert.equal(after.told, 1);
  });

  test('shorter once Cognito has confirmed, and never longer by that', () => {
    const w = world();
    w.ended.end('a', 9000);
    w.ended.shorten('a', 2000);
    w.ended.shorten('a', 3000);
    w.ended.shorten('b', 3000);
    assert.deepEqual([...w.ended.entries()], [['a', 2000]]);
    assert.equal(w.ended.has('b'), false);
    w.now = 2000;
    assert.equal(w.ended.has('a'), false);
  });

  test('ended twice: the later end counts, and only that is told', () => {
    const w = world();
    for (const until of [2000, 1500, 2000, 2500]) w.ended.end('a', until);
    assert.deepEqual([[...w.ended.entries()], w.told], [[['a', 2500]], 2]);
  });

  test('what is over is forgotten', () => {
    const w = world();
    w.ended.end('a', 1100);
    w.ended.merge([
      ['b', 1100],
      ['c', 3000],
    ]);
    assert.equal(w.ended.size, 3);
    w.now = 1200;
    assert.equal(w.ended.size, 1);
  });

  for (const [sentence, options] of [
    ['entries', { entries: 100 }],
    ['characters', { characters: 100 * 15 }],
  ] as const) {
    test(`bounded in ${sentence}: those with the nearest end are told no longer, counted, and stay ended here`, () => {
      let dropped = 0;
      const w = world({ ...options, onDropped: (count) => (dropped += count) });
      for (let n = 0; n < 101; n += 1) w.ended.end(String(n).padStart(3, '0'), 5000 - n);
      const told = [...w.ended.entries()].map(([sid]) => sid);
      assert.equal(told.length, 101 - dropped);
      assert.ok(dropped > 0 && dropped < 10, String(dropped));
      assert.ok(told.includes('000') && !told.includes('100'));
      assert.equal(w.ended.has('100'), true);
    });
  }

  test('what others tell is bounded too', () => {
    const w = world({ remembered: 1000 });
    w.ended.merge(Array.from({ length: 5000 }, (_, n) => [`sid-${n}`, 2000 + n] as const));
    assert.ok(w.ended.size <= 1000);
    assert.equal(w.ended.has('sid-4999'), true);
  });
});
