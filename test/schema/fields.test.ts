import assert from 'node:assert/strict';
import test from 'node:test';
import { accessPolicy } from '../../src/schema/access-policy.ts';
import { durationSeconds, endpointUrl, groupName, sourceRange } from '../../src/schema/fields.ts';
import { parseGroups, parsePublicPaths } from '../../src/schema/inline.ts';
import { fieldPath, problemsOf } from '../../src/schema/problems.ts';

test('durations are counted in seconds', () => {
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['15m', 900],
    ['12h', 43_200],
    ['1h30m', 5400],
    ['0s', 0],
    ['', undefined],
    ['15', undefined],
    ['1d', undefined],
    ['-1m', undefined],
    ['1m1h', undefined],
    [' 1m', undefined],
  ];
  for (const [text, seconds] of rows) assert.equal(durationSeconds(text), seconds, text);
});

test('source ranges are addresses with a length', () => {
  for (const good of ['10.0.0.0/8', '203.0.113.7/32', '::/0', '2001:db8::/32'])
    assert.ok(sourceRange.safeParse(good).success, good);
  for (const bad of [
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    '::1/129',
    'fe80::1%eth0/64',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    'x/8',
  ]) {
    assert.ok(!sourceRange.safeParse(bad).success, bad);
  }
});

test('P27 endpoints are https, or http on this machine', () => {
  for (const good of ['https://a.example/x', 'http://127.0.0.1:9/x', 'http://localhost:9', 'http://op.localhost:9/x']) {
    assert.ok(endpointUrl.safeParse(good).success, good);
  }
  for (const bad of [
    'http://169.254.169.254/',
    'https://u:p@a/',
    'https://a/?x=1',
    'https://a/#x',
    'file:///etc/passwd',
    'x',
  ]) {
    assert.ok(!endpointUrl.safeParse(bad).success, bad);
  }
});

test('groups are what Cognito allows', () => {
  for (const good of ['admins', 'a,b', 'café', 'a"b;c:d', '日本']) assert.ok(groupName.safeParse(good).success, good);
  for (const bad of ['', 'a b', 'a\n', ' a', 'x'.repeat(129)]) assert.ok(!groupName.safeParse(bad).success, bad);
});

test('T24.1 T24.2 an inline list of groups never gets shorter by a mistake', () => {
  assert.deepEqual(parseGroups('admins, ops'), { ok: ['admins', 'ops'] });
  for (const bad of ['', ',', 'a,,b', 'a,', ' ', 'a b', Array.from({ length: 129 }, (_, i) => `g${i}`).join(',')]) {
    assert.ok('wrong' in parseGroups(bad), bad);
  }
});

test('inline public paths are exact, or prefixes with a trailing /*', () => {
  assert.deepEqual(parsePublicPaths('/healthz, /assets/*,/*'), {
    ok: [
      { type: 'Exact', value: '/healthz' },
      { type: 'PathPrefix', value: '/assets' },
      { type: 'PathPrefix', value: '/' },
    ],
  });
  for (const bad of ['', 'x', '/a,', '/a*', '/*/b', '/a?b', '/a/../b', '/a//b', '/%61', '/a/**', '*']) {
    assert.ok('wrong' in parsePublicPaths(bad), bad);
  }
});

test('field paths are dotted, with brackets for indices and names with dots', () => {
  assert.equal(fieldPath(['spec', 'rules', 0, 'allow']), 'spec.rules[0].allow');
  assert.equal(fieldPath(['metadata', 'annotations', 'a.b/c']), 'metadata.annotations[a.b/c]');
  assert.ok(fieldPath(['x'.repeat(1000)]).length < 80);
});

test('messages never quote a value', () => {
  const secret = 'hunter2-hunter2';
  const rule = {
    name: secret + ' ',
    access: secret,
    match: { methods: [secret], paths: [{ type: secret, value: secret }] },
  };
  const object = {
    apiVersion: secret,
    kind: 'AccessPolicy',
    metadata: {},
    spec: { mode: secret, rules: [rule], deny: [{ emails: [secret] }], allowedOrigins: [secret] },
  };
  const result = accessPolicy.safeParse(object);
  assert.ok(!result.success);
  const problems = problemsOf(result.error, accessPolicy);
  assert.ok(problems.length >= 8);
  assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
});
