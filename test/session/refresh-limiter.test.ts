import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRefreshLimiter } from '../../src/session/refresh-limiter.ts';
import { createHandClock } from './fresh/hand-clock.ts';

function world(perSecond: number, queued?: { background: number; waiting: number }) {
  const clock = createHandClock(1000);
  const limit = createRefreshLimiter({ perSecond, clock, ...(queued === undefined ? {} : { queued }) });
  const served: string[] = [];
  const ask = (name: string, urgency: 'background' | 'waiting' = 'background', person = name) => {
    const turn = limit.turn(urgency, person);
    void turn.come.then((come) => served.push(come ? name : `${name} refused`));
    return turn;
  };
  return { clock, limit, served, ask };
}

describe('the limit of refreshes', () => {
  it('lets through at once what there is room for, and no more in any second', async () => {
    const { clock, served, ask } = world(5);
    for (let index = 0; index < 12; index += 1) ask(String(index));
    await clock.advance(0);
    assert.equal(served.length, 5);
    await clock.advance(999);
    assert.equal(served.length, 5);
    await clock.advance(1);
    assert.equal(served.length, 10);
    await clock.advance(1000);
    assert.deepEqual(
      served,
      Array.from({ length: 12 }, (_, index) => String(index)),
    );
  });

  it('below one a second', async () => {
    const { clock, served, ask } = world(0.1);
    for (const name of ['a', 'b']) ask(name);
    await clock.advance(9999);
    assert.deepEqual(served, ['a']);
    await clock.advance(1);
    assert.deepEqual(served, ['a', 'b']);
  });

  it('those who wait go first; one that is hurried is served once', async () => {
    const { clock, served, ask, limit } = world(1);
    ask('first');
    ask('background');
    const hurried = ask('hurried');
    ask('waiting', 'waiting');
    hurried.hurry();
    hurried.hurry();
    assert.equal(limit.waiting, 3);
    await clock.advance(5000);
    assert.deepEqual(served, ['first', 'waiting', 'hurried', 'background']);
    assert.equal(limit.waiting, 0);
  });

  it('sign-ins are never held up, refreshes make room for them, and keep a quarter', async () => {
    const { clock, served, ask, limit } = world(8);
    for (let index = 0; index < 50; index += 1) limit.countSignIn();
    for (let index = 0; index < 6; index += 1) ask(String(index));
    await clock.advance(0);
    assert.equal(served.length, 2);
    await clock.advance(1000);
    assert.equal(served.length, 6);
  });

  it('one person has a share: two that are waited for in a second, and twenty in line', async () => {
    const { clock, served, ask } = world(1);
    ask('first');
    for (let index = 0; index < 30; index += 1) ask(`of one ${index}`, 'waiting', 'one');
    ask('of another', 'waiting');
    await clock.advance(0);
    assert.deepEqual(served.length, 1 + 30 - 20, 'those that are too many know at once');
    await clock.advance(3000);
    assert.deepEqual(served.slice(-3), ['of one 0', 'of one 1', 'of another']);
    await clock.advance(30_000);
    assert.equal(served.filter((name) => /^of one \d+$/.test(name)).length, 20);
    ask('of one again', 'waiting', 'one');
    await clock.advance(1000);
    assert.equal(served.at(-1), 'of one again');
  });

  it('too many that wait are refused', async () => {
    const { clock, served, ask } = world(1, { background: 1, waiting: 1 });
    for (const name of ['a', 'b', 'c']) ask(name);
    ask('d', 'waiting');
    ask('e', 'waiting');
    await clock.advance(0);
    assert.deepEqual(served.toSorted(), ['a', 'c refused', 'e refused']);
  });
});
