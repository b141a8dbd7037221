import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite, test } from 'node:test';
import { coalesce } from '../../src/sources/coalesce.ts';

suite('many hints become one act', () => {
  test('after the quiet', async () => {
    let acts = 0;
    const soon = coalesce(() => (acts += 1), { quiet: 5, longest: 1000 });
    soon.hint();
    soon.hint();
    assert.equal(acts, 0);
    await sleep(50);
    assert.equal(acts, 1);
    soon.hint();
    await sleep(50);
    assert.equal(acts, 2);
  });

  test('hints that never end do not hold it up for ever', async () => {
    let acts = 0;
    const soon = coalesce(() => (acts += 1), { quiet: 1000, longest: 20 });
    for (let index = 0; index < 20; index += 1) {
      soon.hint();
      await sleep(5);
    }
    assert.ok(acts >= 1);
    soon.close();
  });

  test('flushed: at once, where there was a hint, and not again', async () => {
    let acts = 0;
    const soon = coalesce(() => (acts += 1), { quiet: 5, longest: 10 });
    soon.flush();
    assert.equal(acts, 0);
    soon.hint();
    soon.flush();
    assert.equal(acts, 1);
    await sleep(30);
    assert.equal(acts, 1);
    soon.hint();
    soon.close();
    soon.flush();
    assert.equal(acts, 1);
  });

  test('none after it was closed', async () => {
    let acts = 0;
    const soon = coalesce(() => (acts += 1), { quiet: 1, longest: 2 });
    soon.hint();
    soon.close();
    soon.hint();
    await sleep(20);
    assert.equal(acts, 0);
  });
});
