/**
 * Writes test/session/frozen/VERSION.json: everything that the program of this tree seals. Run it once for each release,
 * before anything changes: `node scripts/freeze-samples.ts 1.2.0`. The suite opens all of them ever after
 * (test/session/frozen.test.ts), so that an update signs nobody out.
 */
import { writeFile } from 'node:fs/promises';
import { freeze } from '../test/session/frozen/frozen-file.ts';

const version = process.argv[2] ?? '';
if (!/^\d+\.\d+\.\d+$/.test(version)) {
  process.stderr.write('usage: node scripts/freeze-samples.ts VERSION, for instance 1.2.0\n');
  process.exit(2);
}
const file = new URL(`../test/session/frozen/${version}.json`, import.meta.url);
// Never over one that is there: what a version sealed doesn't change any more.
await writeFile(file, `${JSON.stringify(freeze(version), null, 2)}\n`, { flag: 'wx' });
