import assert from 'node:assert/strict';
import test from 'node:test';
import { RE2JS } from 're2js';
import { programBound } from '../../src/decide/expression-bound.ts';
import { expressionOf } from '../../src/decide/expression.ts';
import { startsWithTest } from '../../src/decide/starts-with.ts';

const good = [
  '',
  '/items/[0-9]+',
  '/(api|v[12])(/|$)(.*)',
  '/a{3}b{2,4}c{2,}',
  '/([^]/{}()]|\\]|[[:alpha:](]){5}',
  '/\\p{Greek}{3}\\x{10FFFF}\\Q(\\E{2}',
  '/((a{1,5}|b){2,6}c?)*d+?',
  '/x{,3}{a}{1',
  '/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
];

test('about how large a program will be is known from the text', () => {
  for (const pattern of good) {
    const size = RE2JS.compile(pattern).programSize();
    const bound = programBound(pattern);
    assert.ok(bound * 2 >= size && bound <= size * 3 + 10, `${pattern}: ${bound} for ${size}`);
    assert.ok('compiled' in expressionOf(pattern), pattern);
  }
});

/** Compiling one of these takes up to five seconds. */
const wide = '[ -힣]';
const slow = [
  `/${wide.repeat(60)}`,
  `/${'(?i:[\\x{80}-\\x{1FFFF}])'.repeat(20)}`,

  '/(.{0,900})'.repeat(46),
  `/${'x{1000}'.repeat(580)}`,
  `/${'(.{0,900})'.repeat(400)}`,
  '/((((.|x){30}){30})[^a]){9}',
];

test('a tenant’s expression that would take seconds to compile is refused without trying', () => {
  for (const pattern of slow) {
    assert.ok(programBound(pattern) > 6_000, pattern.slice(0, 40));
    assert.ok('wrong' in expressionOf(pattern));
    assert.equal(startsWithTest(pattern), undefined);
  }
});

test('what is no expression of RE2 says why, each time', () => {
  for (const bad of ['(', '(?!a)', 'a{1001}', '\\1']) {
    for (const found of [expressionOf(bad), expressionOf(bad)]) assert.ok('wrong' in found && found.wrong !== '', bad);
  }
});

test('the same expression is compiled once, with and without case', () => {
  assert.equal(expressionOf('/once'), expressionOf('/once'));
  assert.notEqual(expressionOf('/once'), expressionOf('/once', RE2JS.CASE_INSENSITIVE));
  assert.equal(startsWithTest('/once')?.('/ONCE/more'), true);
});
