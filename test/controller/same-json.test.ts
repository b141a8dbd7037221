import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sameJson } from '../../src/controller/same-json.ts';
import { sortedJson } from '../../src/controller/sorted-json.ts';

const values: readonly unknown[] = [
  undefined,
  null,
  0,
  '',
  'a',
  true,
  [],
  [1, 2],
  [2, 1],
  {},
  { a: 1, b: 2 },
  { b: 2, a: 1 },
  { a: 1, b: undefined },
  { a: 1 },
  { a: null },
  { a: [{ b: 'c' }] },
  { a: [{ b: 'c', d: undefined }] },
  { 0: 1, 1: 2 },
];

suite('the same JSON is what the same text is', () => {
  for (const a of values) {
    test(sortedJson(a) + (a === undefined ? ' (undefined)' : ''), () => {
      for (const b of values) {
        // Not there, and null, are the same as text only.
        if ((a === undefined) !== (b === undefined)) continue;
        assert.equal(sameJson(a, b), sortedJson(a) === sortedJson(b), `${sortedJson(a)} and ${sortedJson(b)}`);
      }
    });
  }
});
