import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBreaker, type PoolFault } from '../../src/session/breaker.ts';
import { createHandClock } from './fresh/hand-clock.ts';

function world() {
  const clock = createHandClock(1000);
  const changes: boolean[] = [];
  const breaker = createBreaker({ clock, random: () => 1, changed: (_pool, paused) => void changes.push(paused) });
  const fail = (fault: PoolFault): void => breaker.enter('p')?.failed(fault);
  return { clock, breaker, changes, fail };
}

describe('the breaker of a pool', () => {
  it('pauses from 250 ms, doubling up to 30 s, and one at a time may try after a pause', async () => {
    const { clock, breaker, fail } = world();
    for (const pause of [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      fail('passing');
      await clock.advance(pause - 1);
      assert.equal(breaker.pausedFor('p'), 'passing', String(pause));
      await clock.advance(1);
      assert.equal(breaker.pausedFor('p'), undefined);
    }
    assert.ok(breaker.enter('p') !== undefined);
    assert.equal(breaker.enter('p'), undefined);
  });

  it('whoever throttles is asked again within two seconds', async () => {
    const { clock, breaker, fail } = world();
    for (let index = 0; index < 10; index += 1) {
      fail('throttled');
      await clock.advance(2000);
      assert.equal(breaker.pausedFor('p'), undefined);
    }
  });

  it('many that fail together are one failure', async () => {
    const { clock, breaker } = world();
    const attempts = Array.from({ length: 30 }, () => breaker.enter('p'));
    for (const attempt of attempts) attempt?.failed('passing');
    await clock.advance(250);
    assert.equal(breaker.pausedFor('p'), undefined);
  });

  it('an answer ends it at once, says so once, and other pools never notice', async () => {
    const { clock, breaker, changes, fail } = world();
    fail('passing');
    assert.deepEqual([breaker.failing('p'), breaker.failing('q'), breaker.pausedFor('q')], [true, false, undefined]);
    await clock.advance(250);
    breaker.enter('p')?.answered();
    breaker.enter('p')?.answered();
    assert.equal(breaker.failing('p'), false);
    assert.deepEqual(changes, [true, false]);
  });

  it('a try that never reached the pool says nothing about it, and the next one may', async () => {
    const { clock, breaker, fail } = world();
    fail('passing');
    await clock.advance(250);
    breaker.enter('p')?.abandoned();
    assert.equal(breaker.failing('p'), true);
    assert.ok(breaker.enter('p') !== undefined);
  });

  it('what is no outage pauses too, and counts as none', () => {
    const { breaker, fail } = world();
    fail('lasting');
    assert.equal(breaker.pausedFor('p'), 'lasting');
    assert.equal(breaker.failing('p'), false);
  });
});
