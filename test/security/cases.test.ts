/** docs/security/cases.md: every case has a test or a reason, and the page names the tests that there are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { securityCases, securityFiles } from '../../scripts/generated/security-cases.ts';
import { idsIn, namedTests } from '../../scripts/generated/test-names.ts';

const root = join(import.meta.dirname, '../..');
const cases = securityCases();

test('every security case has a test that carries its id, or a reason why it cannot apply', () => {
  const bare = cases.filter(({ tests, reason }) => tests.length === 0 && reason === undefined);
  assert.deepEqual(
    bare.map(({ id, text }) => `${id} ${text}`),
    [],
  );
});

test('no reason stands where a test holds the case', () => {
  const both = cases.filter(({ tests, reason }) => tests.length > 0 && reason !== undefined);
  assert.deepEqual(
    both.map(({ id, tests }) => `${id} ${tests[0]?.file}`),
    [],
  );
});

test('the list is whole: no id twice, none left out of a row of numbers', () => {
  const ids = cases.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const highest = { N: 35, S: 26, L: 26, B: 14, P: 30, M: 6 };
  for (const [letter, last] of Object.entries(highest)) {
    const wanted = Array.from({ length: last }, (_none, index) => `${letter}${index + 1}`);
    assert.deepEqual(
      wanted.filter((id) => !ids.includes(id)),
      [],
    );
  }
  for (let chapter = 1; chapter <= 24; chapter += 1) {
    assert.ok(ids.includes(`T${chapter}.1`), `T${chapter}.1`);
  }
});

test('no test names a case of a chapter and number that the list does not have', () => {
  const known = new Set(cases.map(({ id }) => id));
  const chapters = new Set(cases.map(({ id }) => id.split('.')[0]));
  const unknown = namedTests(root)
    .flatMap(({ file, ids }) => ids.map((id) => ({ file, id })))
    .filter(({ id }) => /^(?:T\d+\.\d+|[NSLBPM]\d+)$/.test(id) && !known.has(id) && chapters.has(id.split('.')[0]));
  assert.deepEqual(unknown, []);
});

test('ids are found as whole words, in ranges too', () => {
  assert.deepEqual(idsIn('T1.1–T1.3 and S2, (N34)'), ['T1.1', 'T1.2', 'T1.3', 'S2', 'N34']);
  assert.deepEqual(idsIn('XS2 S2x T1.1.1 us-S3'), []);
});

for (const [path, text] of securityFiles()) {
  test(`${path} is what the tests say now: make generate`, () => {
    assert.equal(readFileSync(join(root, path), 'utf8'), text);
  });
}
