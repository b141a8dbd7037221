import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageNames, readPage } from './markdown.ts';
import { playPage } from './play.ts';
import { scenes } from './scenes.ts';

for (const [name, scene] of Object.entries(scenes.install)) {
  test(`${name} works as it stands there`, { timeout: 240_000 }, async () => await playPage(name, scene));
}

test('no page has marked blocks that nobody runs', () => {
  const marked = pageNames().filter((name) => readPage(name).blocks.some(({ mark }) => mark === 'run'));
  const played = Object.values(scenes).flatMap((some) => Object.keys(some));
  assert.deepEqual(marked.toSorted(), played.toSorted());
});
