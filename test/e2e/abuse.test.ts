/** A small share of `make abuse`: whatever clients do, decisions stay right, memory stays bounded, and files are left. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { attacks } from '../abuse/attacks.ts';
import { gather } from '../abuse/crowd.ts';
import type { Crowd } from '../abuse/crowd.ts';
import { startWatched } from '../abuse/watched.ts';
import type { Watched } from '../abuse/watched.ts';
import { account } from '../support/steps.ts';

const mebibyte = 1_048_576;
/** The time that slow clients are given is a subject of test/http/limits.test.ts, with shorter times. */
const patient = attacks.filter(({ name }) => !name.startsWith('slow ') && !name.startsWith('forms '));
const scale = { seconds: 0.7, connections: 32, slow: 0, idle: 1000 };

/** What was decided since the last time: on a machine that has much to do it may take a moment until anything was. */
async function decided(watched: Watched, atLeast: number): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (let count = 0; count < atLeast;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const reading = await watched.decisions();
    count += reading.count;
    wrong.push(...reading.wrong);
  }
  return wrong;
}

suite('floods, one after the other', () => {
  let watched: Watched;
  before(async () => {
    watched = await startWatched();
  });
  after(() => watched.stop());

  for (const attack of patient) {
    test(`${attack.name}: every decision meanwhile is right`, async () => {
      await watched.decisions();
      const said = await attack.run(watched, scale);
      assert.deepEqual(await decided(watched, 1), [], said);
    });
  }

  test('memory after all of that is what it was, but for caches with a bound', async () => {
    const used = await watched.heap();
    assert.ok(used < 120 * mebibyte, `${Math.round(used / mebibyte)} MiB`);
    const page = await watched.stack.visitor().signIn(`${watched.stack.urls.shop}/admin`, account('ada'));
    assert.equal(page.status, 200);
  });
});

test('with few open files and more connections than that to all three ports, decisions on new connections go on', async () => {
  const args = ['--nofile=512:512', process.execPath, 'src/main.ts'];
  const watched = await startWatched({ program: { command: 'prlimit', args } });
  const crowds: Crowd[] = [];
  try {
    const { stack } = watched;
    const operations = Number(new URL(stack.operations).port);
    for (const port of [stack.signInPort, operations, Number(new URL(stack.decisions).port)]) {
      crowds.push(await gather({ port, size: 600, first: '' }));
    }
    // While the decision port itself is filled, the clock's kept connection may be the one that has waited longest.
    await decided(watched, 10);
    assert.deepEqual(await decided(watched, 50), []);
    assert.match(await (await fetch(`${stack.operations}/readyz`)).text(), /ready/);
    assert.ok(!(await stack.log()).includes('EMFILE'));
  } finally {
    for (const crowd of crowds) crowd.leave();
    await watched.stop();
  }
});
