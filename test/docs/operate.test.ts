import { test } from 'node:test';
import { playPage } from './play.ts';
import { scenes } from './scenes.ts';

for (const [name, scene] of Object.entries(scenes.operate)) {
  test(`${name} works as it stands there`, { timeout: 240_000 }, async () => await playPage(name, scene));
}
