import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBreaker, type PoolFault } from '../../src/session/breaker.ts';
import { createHandClock } from './fresh/hand-clock.ts';

function world() {
  const clock = createHandClock(1000);
  const changes: boolean[] = [];
  let tries = 0;
  const breaker = createBreaker({ clock, random: () => 1, changed: (_pool, paused) => void changes.push(paused) });
  const fail = (fault: PoolFault): void => breaker.enter('p', `x${(tries += 1)}`)?.failed(fault);
  return { clock, breaker, changes, fail };
}

describe('the breaker of a pool', () => {
  it('pauses from 250 ms, doubling up to 30 s, and one at a time may try after a pause', async () => {
    const { clock, breaker, fail } = world();
    for (const pause of [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      fail('passing');
      await clock.advance(pause - 1);
      assert.equal(breaker.pausedFor('p', 'ada'), 'passing', String(pause));
      await clock.advance(1);
      assert.equal(breaker.pausedFor('p', 'ada'), undefined);
    }
    assert.ok(breaker.enter('p', 'ada') !== undefined);
    assert.equal(breaker.enter('p', 'ada'), undefined);
  });

  it('whoever throttles is asked again within two seconds', async () => {
    const { clock, breaker, fail } = world();
    for (let index = 0; index < 10; index += 1) {
      fail('throttled');
      await clock.advance(2000);
      assert.equal(breaker.pausedFor('p', 'ada'), undefined);
    }
  });

  it('many that fail together are one failure', async () => {
    const { clock, breaker } = world();
    const attempts = Array.from({ length: 30 }, (_, index) => breaker.enter('p', `one ${index}`));
    for (const attempt of attempts) attempt?.failed('passing');
    await clock.advance(250);
    assert.equal(breaker.pausedFor('p', 'ada'), undefined);
  });

  it('an answer ends it at once, says so once, and other pools never notice', async () => {
    const { clock, breaker, changes, fail } = world();
    fail('passing');
    assert.deepEqual(
      [breaker.failing('p'), breaker.failing('q'), breaker.pausedFor('q', 'ada')],
      [true, false, undefined],
    );
    await clock.advance(250);
    breaker.enter('p', 'ada')?.answered();
    breaker.enter('p', 'ada')?.answered();
    assert.equal(breaker.failing('p'), false);
    assert.deepEqual(changes, [true, false]);
  });

  it('a try that never reached the pool says nothing about it, and the next one may', async () => {
    const { clock, breaker, fail } = world();
    fail('passing');
    await clock.advance(250);
    breaker.enter('p', 'ada')?.abandoned();
    assert.equal(breaker.failing('p'), true);
    assert.ok(breaker.enter('p', 'ada') !== undefined);
  });

  it('after a pause others try before who failed; whoever fails where they don’t is paused alone', async () => {
    const { clock, breaker } = world();
    breaker.enter('p', 'mallory')?.failed('passing');
    await clock.advance(250);
    assert.equal(breaker.enter('p', 'mallory'), undefined);
    breaker.enter('p', 'ada')?.answered();
    assert.deepEqual([breaker.pausedFor('p', 'mallory'), breaker.pausedFor('p', 'ada')], ['passing', undefined]);
    await clock.advance(2000);
    breaker.enter('p', 'mallory')?.failed('passing');
    assert.deepEqual([breaker.pausedFor('p', 'mallory'), breaker.pausedFor('p', 'ada')], ['passing', undefined]);
    assert.equal(breaker.failing('p'), false);
    await clock.advance(2000);
    breaker.enter('p', 'mallory')?.answered();
    breaker.enter('p', 'mallory')?.failed('passing');
    assert.equal(breaker.failing('p'), true);
  });

  it('who is throttled is not alone with it', async () => {
    const { clock, breaker } = world();
    breaker.enter('p', 'ada')?.failed('throttled');
    await clock.advance(250);
    breaker.enter('p', 'bob')?.answered();
    breaker.enter('p', 'ada')?.failed('throttled');
    assert.equal(breaker.pausedFor('p', 'bob'), 'throttled');
  });

  it('who is alone tries again a little later', async () => {
    const { clock, breaker } = world();
    breaker.enter('p', 'ada')?.failed('passing');
    await clock.advance(500);
    assert.ok(breaker.enter('p', 'ada') !== undefined);
  });

  it('what is no outage pauses too, and counts as none', () => {
    const { breaker, fail } = world();
    fail('lasting');
    assert.equal(breaker.pausedFor('p', 'ada'), 'lasting');
    assert.equal(breaker.failing('p'), false);
  });
});
