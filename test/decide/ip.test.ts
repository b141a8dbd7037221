import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRanges } from '../../src/decide/ip.ts';

const cases: readonly (readonly [string, string, boolean])[] = [
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.0/24', '::ffff:192.0.2.1', true],
  ['192.0.2.0/24', '::ffff:c000:201', true],
  ['::ffff:192.0.2.0/120', '192.0.2.1', true],
  ['::ffff:192.0.2.0/120', '192.0.3.1', false],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '192.0.2.1', false],
  ['2001:db8::/32', '2001:DB8:1::', true],
  ['fe80::/10', 'fe80::1%eth0', false],
  ['192.0.2.0/24', '192.0.2.01', false],
  ['192.0.2.0/24', '', false],
];

for (const [range, address, inside] of cases) {
  test(`"${address}" is ${inside ? '' : 'not '}in ${range}`, () => {
    assert.equal(parseRanges([range]).has(address), inside);
  });
}

test('what is no range is named', () => {
  for (const bad of [
    '192.0.2.0/33',
    '::/129',
    '192.0.2.0/',
    '192.0.2/24',
    'example.com',
    '192.0.2.0/24/8',
    'fe80::1%a',
  ]) {
    assert.throws(
      () => parseRanges([bad]),
      (error: Error) => error.message.includes(`"${bad}"`),
    );
  }
});
