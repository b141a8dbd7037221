import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../src/decide/compile.ts';
import { expressionOf } from '../../src/decide/expression.ts';
import { decide, needsIdentity } from '../../src/decide/decide.ts';
import type { Identity } from '../../src/model/identity.ts';
import type { PersonCondition } from '../../src/model/policy.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import {
  compiled,
  exact,
  groups,
  isPublic,
  options,
  partners,
  person,
  policy,
  prefix,
  request,
  rule,
  shop,
  signedIn,
  staff,
} from './samples.ts';

function judgeBy(conditions: readonly PersonCondition[], who: Identity): Verdict {
  const one = compiled([rule('r', {}, { kind: 'Allow', conditions })], { pools: [staff, partners] });
  return decide(request(), [who], one, options);
}

function denyBy(deny: PersonCondition, who: Identity): Verdict {
  return decide(request(), [who], compiled([rule('r', {}, signedIn)], { deny: [deny] }), options);
}

const conditions: readonly {
  readonly says: string;
  readonly condition: PersonCondition;
  readonly who: Parameters<typeof person>[0];
  readonly reason: string;
}[] = [
  { says: 'a member of one of the groups', condition: { groups: ['a', 'b'] }, who: { in: ['b'] }, reason: 'allowed' },
  { says: 'a member of none', condition: { groups: ['a'] }, who: { in: ['A'] }, reason: 'not_allowed' },
  { says: 'a member of all', condition: { allGroups: ['a', 'b'] }, who: { in: ['a', 'b'] }, reason: 'allowed' },
  { says: 'a member of one of all', condition: { allGroups: ['a', 'b'] }, who: { in: ['a'] }, reason: 'not_allowed' },
  { says: 'a user name', condition: { usernames: ['ada'] }, who: {}, reason: 'allowed' },
  { says: 'a user name in another case', condition: { usernames: ['Ada'] }, who: {}, reason: 'not_allowed' },
  { says: 'a subject', condition: { subjects: ['sub-ada'] }, who: {}, reason: 'allowed' },
  { says: 'another subject', condition: { subjects: ['ada'] }, who: {}, reason: 'not_allowed' },
  { says: 'the pool', condition: { pool: staff }, who: {}, reason: 'allowed' },
  { says: 'another pool', condition: { pool: partners }, who: {}, reason: 'not_allowed' },
  { says: 'P13: an address in another case', condition: { emails: ['Ada@Example.com'] }, who: {}, reason: 'allowed' },
  { says: 'P13: a domain in another case', condition: { emailDomains: ['EXAMPLE.com'] }, who: {}, reason: 'allowed' },
  {
    says: 'L24: an unverified address',
    condition: { emails: ['ada@example.com'] },
    who: { emailTrusted: false },
    reason: 'not_allowed',
  },
  {
    says: 'L24: an unverified domain',
    condition: { emailDomains: ['example.com'] },
    who: { emailTrusted: false },
    reason: 'not_allowed',
  },
  {
    says: 'a person without an address',
    condition: { emailDomains: ['example.com'] },
    who: { email: undefined },
    reason: 'not_allowed',
  },
  {
    says: 'a claim value',
    condition: { claims: [{ name: 'dept', values: ['it', 'hr'] }] },
    who: { claims: new Map([['dept', ['hr']]]) },
    reason: 'allowed',
  },
  {
    says: 'a claim without the value',
    condition: { claims: [{ name: 'dept', values: ['it'] }] },
    who: { claims: new Map([['dept', []]]) },
    reason: 'not_allowed',
  },
  {
    says: 'a claim that was never read',
    condition: { claims: [{ name: 'dept', values: ['it'] }] },
    who: {},
    reason: 'groups_unknown',
  },
  {
    says: 'S22: a group that was never judged',
    condition: { groups: ['new'] },
    who: { groups: { names: new Set(['a']), judged: new Set(['a', 'b']) } },
    reason: 'groups_unknown',
  },
  {
    says: 'a group that was judged and is not there',
    condition: { groups: ['b'] },
    who: { groups: { names: new Set(['a']), judged: new Set(['a', 'b']) } },
    reason: 'not_allowed',
  },
  {
    says: 'all groups, one of them never judged',
    condition: { allGroups: ['a', 'new'] },
    who: { groups: { names: new Set(['a']), judged: new Set(['a']) } },
    reason: 'groups_unknown',
  },
  {
    says: 'two fields of which one holds',
    condition: { groups: ['a'], emailDomains: ['other.com'] },
    who: { in: ['a'] },
    reason: 'not_allowed',
  },
];

for (const { says, condition, who, reason } of conditions) {
  test(`${says}: ${reason}`, () => {
    assert.equal(judgeBy([condition], person(who)).reason, reason);
  });
}

const domains: readonly (readonly [string, string, string])[] = [
  ['T5.1', 'a@evil.com@company.com', 'company.com'],
  ['T5.2', 'a@evil.com@company.com', '.company.com'],
  ['T5.3', 'a@evil.com@company.com', '*.company.com'],
  ['T5.4', 'x@allowed.com@evil', 'allowed.com'],
  ['T5', 'x@sub.company.com', 'company.com'],
  ['T5', 'x@evilcompany.com', 'company.com'],
  ['T5', 'company.com', 'company.com'],
  ['T5', '@company.com', 'company.com'],
];

for (const [id, email, domain] of domains) {
  test(`${id}: ${email} is not of ${domain}`, () => {
    assert.equal(judgeBy([{ emailDomains: [domain] }], person({ email })).reason, 'not_allowed');
  });
}

test('a refusal says in plain words what is missing', () => {
  const verdict = judgeBy(
    [
      { groups: ['admins'] },
      { allGroups: ['a', 'b'] },
      { groups: ['x', 'y', 'z'], emailDomains: ['example.com'] },
      { emailDomains: ['corp.example'] },
      { usernames: ['carol'] },
    ],
    person(),
  );
  assert.deepEqual(verdict.kind === 'refuse' && verdict.missing, [
    'the group admins',
    'all of the groups a, b',
    'one of the groups x, y or z',
    'an e-mail address of corp.example that is verified',
    'an account that the rule names',
  ]);
});

test('P16, P12: deny beats allow, and not being denied lets nobody in', () => {
  const both = compiled([rule('r', {}, groups('staff'))], { deny: [{ groups: ['suspended'] }] });
  assert.equal(decide(request(), [person({ in: ['staff', 'suspended'] })], both, options).reason, 'denied');
  assert.equal(decide(request(), [person()], both, options).reason, 'not_allowed');
  assert.equal(decide(request(), [], both, options).reason, 'no_session');
});

test('S22: deny on a group that was never judged refuses as unknown', () => {
  const who = person({ groups: { names: new Set(['staff']), judged: new Set(['staff']) } });
  assert.equal(denyBy({ groups: ['suspended'] }, who).reason, 'groups_unknown');
  assert.equal(denyBy({ groups: ['staff'] }, who).reason, 'denied');
});

test('deny by address also holds for an address that is not verified', () => {
  assert.equal(denyBy({ emails: ['ada@example.com'] }, person({ emailTrusted: false })).reason, 'denied');
});

test('P30: a Public rule looks at nobody', () => {
  const open = compiled([rule('r', {}, isPublic)], { deny: [{ groups: ['suspended'] }] });
  const verdict = decide(request(), [person({ in: ['suspended'] })], open, options);
  assert.deepEqual(verdict, { kind: 'allow', reason: 'public', rule: 'r', identity: undefined });
  assert.equal(needsIdentity(request(), open, options), false);
});

test('with several pools the first person that the rule allows counts, in the order of the pools', () => {
  const ours = person({ username: 'ours' });
  const theirs = person({ username: 'theirs', pool: partners, in: ['x'] });
  const two = compiled([rule('x', exact('/x'), groups('x')), rule('all', {}, signedIn)], {
    pools: [staff, partners],
    deny: [{ groups: ['bad'] }],
  });
  const who = ({ identity }: Verdict): string | undefined =>
    identity?.kind === 'person' ? identity.username : undefined;
  assert.equal(who(decide(request(), [theirs, ours], two, options)), 'ours');
  assert.equal(who(decide(request({ path: '/x' }), [theirs, ours], two, options)), 'theirs');
  const bad = person({ pool: partners, in: ['bad'] });
  assert.equal(decide(request(), [ours, bad], two, options).reason, 'denied');
});

test('a person of a pool that the policy does not name is nobody', () => {
  assert.equal(decide(request(), [person({ pool: partners })], shop, options).reason, 'no_session');
});

test('N4: the method counts, and a rule for other methods is passed over', () => {
  const verdict = decide(request({ path: '/healthz', method: 'POST' }), [], shop, options);
  assert.deepEqual([verdict.reason, verdict.rule], ['no_session', 'everyone-else']);
  assert.equal(decide(request({ path: '/healthz', method: 'get' }), [], shop, options).reason, 'no_session');
});

test('no rule, no way', () => {
  const one = compiled([rule('x', exact('/x'), signedIn)]);
  assert.equal(decide(request({ path: '/y' }), [person()], one, options).reason, 'no_rule');
});

test('T20: source ranges look at the address that the plane knows', () => {
  const hook = compiled([
    rule('hook', { ...exact('/hook'), sourceRanges: ['192.0.2.0/24', '2001:db8::/32'] }, isPublic),
    rule('all', {}, signedIn),
  ]);
  const from = (clientAddress: string | undefined): string =>
    decide(request({ path: '/hook', clientAddress }), [], hook, options).reason;
  assert.equal(from('192.0.2.9'), 'public');
  assert.equal(from('::ffff:192.0.2.9'), 'public');
  assert.equal(from('::FFFF:c000:0209'), 'public');
  assert.equal(from('2001:db8::1'), 'public');
  assert.equal(from('192.0.3.9'), 'no_session');
  assert.equal(from('nonsense'), 'no_session');
  assert.equal(from('192.0.2.9, 1.2.3.4'), 'no_session');
  assert.equal(from(undefined), 'source_unknown');
  assert.equal(decide(request({ path: '/other', clientAddress: undefined }), [], hook, options).reason, 'no_session');
});

test('N5, N6: a preflight passes where the policy says so, and nothing else by it', () => {
  const pass = compiled([rule('all', {}, signedIn)], { corsPreflight: 'Pass' });
  const ask = (preflight: boolean, one = pass): string =>
    decide(request({ method: 'OPTIONS', preflight, origin: 'https://x.example' }), [], one, options).reason;
  assert.equal(ask(true), 'preflight');
  assert.equal(ask(false), 'no_session');
  assert.equal(ask(true, shop), 'no_session');
  assert.equal(needsIdentity(request({ method: 'OPTIONS', preflight: true }), pass, options), false);
});

test('an ACME challenge passes, by GET, for one segment, unless that is turned off', () => {
  const ask = (path: string, method = 'GET', acme = true): string =>
    decide(request({ path, method }), [], shop, { ...options, acme }).reason;
  assert.equal(ask('/.well-known/acme-challenge/abc_-1'), 'acme');
  assert.equal(ask('/.well-known/acme-challenge/abc', 'POST'), 'no_session');
  assert.equal(ask('/.well-known/acme-challenge/abc', 'GET', false), 'no_session');
  for (const path of ['/.well-known/acme-challenge/', '/.well-known/acme-challenge/a/b']) {
    assert.equal(ask(path), 'no_session', path);
  }
  assert.equal(ask('/.well-known/acme-challenge/../../admin'), 'path_ambiguous');
});

test('N32, T16.8: a path under our own prefix, in any reading, was not routed to us', () => {
  for (const path of [
    '/_cognito-gate',
    '/_cognito-gate/start/x',
    '/_cognito-gate/%2e%2e/admin',
    '/_cognito-gate/..%2fadmin',
    '/x/../_cognito-gate/start',
    '/_cognito%2Dgate/start',
    '//_cognito-gate/start',
  ]) {
    assert.equal(decide(request({ path }), [person()], shop, options).reason, 'sign_in_not_routed', path);
  }
  assert.equal(decide(request({ path: '/_cognito-gates' }), [person()], shop, options).reason, 'signed_in');
});

test('N29: a WebSocket that a session would allow needs an origin of ours', () => {
  const origins = compiled([rule('pub', exact('/open'), isPublic), rule('all', {}, signedIn)], {
    allowedOrigins: ['https://app.example.com'],
  });
  const from = (origin: string | undefined, path = '/ws'): string =>
    decide(request({ path, webSocket: true, origin }), [person()], origins, options).reason;
  for (const origin of ['https://shop.example.com', 'https://SHOP.example.com:8443', 'https://app.example.com']) {
    assert.equal(from(origin), 'signed_in', origin);
  }
  for (const origin of [
    undefined,
    'null',
    '',
    'https://evil.example.com',
    'https://app.example.com:8443',
    'https://shop.example.com.evil.test',
    'https://shop.example.com@evil.test',
    'https://shop.example.com, https://evil.test',
  ]) {
    assert.equal(from(origin), 'foreign_origin', String(origin));
  }
  assert.equal(from('https://evil.example.com', '/open'), 'public');
  const anonymous = decide(request({ webSocket: true, origin: 'https://evil.test' }), [], origins, options);
  assert.equal(anonymous.reason, 'no_session');
});

test('a regular expression is matched against the whole path, in linear time', () => {
  const one = compiled([
    rule('num', { paths: [{ type: 'RegularExpression', value: '/items/[0-9]+|/x' }] }, isPublic),
    rule('slow', { paths: [{ type: 'RegularExpression', value: '/(a+)+b' }] }, signedIn),
  ]);
  const ask = (path: string): string => decide(request({ path }), [], one, options).reason;
  assert.equal(ask('/items/12'), 'public');
  assert.equal(ask('/x'), 'public');
  for (const path of ['/items/12/edit', '/xy', '/items/', '/a/items/12']) assert.equal(ask(path), 'no_rule', path);
  assert.equal(ask(`/${'a'.repeat(4_000)}`), 'no_rule');
});

test('an expression that RE2 does not know, or that is too large, is told apart', () => {
  assert.ok('compiled' in expressionOf('/items/[0-9]+'));
  for (const bad of ['(', '/(?=x)', '/(a)\\1', '/((a{100}){100}){100}', '/(((a?){10}){10}){10}b', '/(?<!x)y']) {
    assert.ok('wrong' in expressionOf(bad), bad);
  }
});

test('what can only be a mistake does not compile', () => {
  const bad = [
    rule('r', { paths: [] }, signedIn),
    rule('r', { methods: [] }, signedIn),
    rule('r', { sourceRanges: [] }, signedIn),
    rule('r', { sourceRanges: ['192.0.2.0/33'] }, signedIn),
    rule('r', { sourceRanges: ['example.com'] }, signedIn),
    rule('r', { paths: [{ type: 'RegularExpression', value: '(' }] }, signedIn),
    rule('r', {}, { kind: 'Allow', conditions: [] }),
    rule('r', {}, { kind: 'Allow', conditions: [{}] }),
    rule('r', {}, { kind: 'Allow', conditions: [{ groups: [] }] }),
    rule('r', {}, { kind: 'Allow', conditions: [{ claims: [] }] }),
  ];
  for (const one of bad) assert.throws(() => compilePolicy(policy([one])), JSON.stringify(one));
  assert.throws(() => compilePolicy(policy([rule('r', {}, signedIn)], { deny: [{}] })));
});

test('needsIdentity says whether the outcome hangs on who asks', () => {
  assert.equal(needsIdentity(request({ path: '/admin' }), shop, options), true);
  assert.equal(needsIdentity(request({ path: '/healthz' }), shop, options), false);
  assert.equal(needsIdentity(request({ path: '/public/..;/admin' }), shop, options), false);
  assert.equal(needsIdentity(request({ path: '/_cognito-gate/x' }), shop, options), false);
  const empty = compiled([rule('p', prefix('/p'), signedIn)]);
  assert.equal(needsIdentity(request({ path: '/q' }), empty, options), false);
});
