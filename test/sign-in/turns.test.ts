import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createTurns } from '../../src/sign-in/turns.ts';
import { Browser } from './browser.ts';
import { createWorld, shopHost } from './world.ts';

describe('turns', () => {
  it('as many as may be at once, the others in their order, no more than may wait', async () => {
    const turns = createTurns({ atOnce: 2, waiting: 2 });
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const work = (number: number) => (): Promise<number> => {
      begun.push(number);
      return new Promise((resolve) => ends.push(() => resolve(number)));
    };
    const runs = [1, 2, 3, 4, 5].map((number) => turns.run(work(number)));
    assert.equal(await runs[4], 'busy');
    assert.deepEqual(begun, [1, 2]);
    ends[1]?.();
    assert.equal(await runs[1], 2);
    const late = turns.run(work(6));
    for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
      end();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await Promise.all([...runs.slice(0, 4), late]), [1, 2, 3, 4, 6]);
    assert.deepEqual(begun, [1, 2, 3, 4, 6]);
  });

  it('a turn that fails is given back', async () => {
    const turns = createTurns({ atOnce: 1, waiting: 0 });
    await assert.rejects(turns.run(() => Promise.reject(new Error('no'))));
    assert.equal(await turns.run(async () => 'yes'), 'yes');
  });
});

describe('callbacks while Cognito is slow', () => {
  it('beyond what may wait: 503 with Retry-After, nothing used up; the same address serves later', async () => {
    const world = createWorld();
    world.cognito.person = { username: 'ada', groups: [] };
    const browsers = Array.from({ length: 160 }, () => new Browser(world));
    const waiting = await Promise.all(
      browsers.map(async (browser) => {
        const { url } = await browser.go(`https://${shopHost}/`, {
          until: ({ pathname }) => pathname === '/oauth2/callback',
        });
        return { browser, url };
      }),
    );
    const held = Promise.withResolvers<void>();
    world.cognito.held = held.promise;
    const answers = waiting.map(({ browser, url }) => browser.ask(url));
    const last = await answers.at(-1);
    assert.deepEqual([last?.status, last?.headers['retry-after'], last?.cookies], [503, '5', []]);
    assert.equal(world.cognito.redeems, 50);
    assert.ok(world.lines.some((line) => line.event === 'busy'));
    held.resolve();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    assert.deepEqual(
      [statuses.filter((one) => one === 302).length, statuses.filter((one) => one === 503).length],
      [150, 10],
    );
    const late = waiting.at(-1);
    assert.ok(late);
    assert.equal((await late.browser.go(late.url)).body, 'app: ada');
  });
});
