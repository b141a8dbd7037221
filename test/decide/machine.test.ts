import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/decide/decide.ts';
import { compileMachine } from '../../src/decide/machine.ts';
import type { Caller, Machine } from '../../src/model/identity.ts';
import type { MachineCondition, Policy, Rule } from '../../src/model/policy.ts';
import {
  compiled,
  exact,
  isPublic,
  options,
  partners,
  person,
  prefix,
  request,
  rule,
  signedIn,
  staff,
} from './samples.ts';

function machine(scopes: readonly string[] = ['shop/write'], over: Partial<Machine> = {}): Machine {
  return { kind: 'machine', pool: staff, client: 'job', scopes: new Set(scopes), authTime: 1_700_000_000, ...over };
}

const allow = (...machines: readonly MachineCondition[]) => ({ kind: 'Allow' as const, conditions: [], machines });

function outcome(caller: Caller, rules: readonly Rule[], over: Partial<Policy> = {}, asked = {}): string {
  return decide(request(asked), [caller], compiled(rules, { pools: [staff, partners], ...over }), options).reason;
}

const cases: readonly (readonly [name: string, MachineCondition, Machine, string])[] = [
  ['B4 client and scope', { clients: ['other', 'job'], scopes: ['shop/write'] }, machine(), 'allowed'],
  ['B4 the scope alone', { scopes: ['shop/write'] }, machine(), 'allowed'],
  ['B4 the client alone', { clients: ['job'] }, machine([]), 'allowed'],
  ['B4 the scope is missing', { clients: ['job'], scopes: ['shop/write'] }, machine(['shop/read']), 'not_allowed'],
  ['B2 another client', { clients: ['other'], scopes: ['shop/write'] }, machine(), 'not_allowed'],
  ['B5 one scope of two', { scopes: ['shop/read', 'shop/write'] }, machine(), 'not_allowed'],
  ['B5 both scopes', { scopes: ['shop/read', 'shop/write'] }, machine(['shop/write', 'x', 'shop/read']), 'allowed'],
  ['another pool', { pool: partners, clients: ['job'] }, machine(), 'not_allowed'],
  ['its pool', { pool: partners, clients: ['job'] }, machine([], { pool: partners }), 'allowed'],
];
for (const [name, condition, caller, expected] of cases) {
  test(`${name}: ${expected}`, () => assert.equal(outcome(caller, [rule('api', {}, allow(condition))]), expected));
}

test('a machine passes by entries about machines and by nothing else', () => {
  assert.equal(outcome(machine(), [rule('all', {}, signedIn)]), 'not_allowed');
  const usernames = rule('all', {}, { kind: 'Allow', conditions: [{ usernames: ['job'] }, { subjects: ['job'] }] });
  assert.equal(outcome(machine(), [usernames]), 'not_allowed');
  assert.equal(outcome(machine(), [rule('health', {}, isPublic)]), 'public');
  assert.equal(
    outcome(machine([], { pool: 'c'.repeat(64) }), [rule('api', {}, allow({ clients: ['job'] }))]),
    'no_session',
  );
});

test('a person never passes by an entry about machines, and is told of machines only where nothing else would help', () => {
  const mixed = compiled([
    rule('mixed', {}, { kind: 'Allow', conditions: [{ groups: ['staff'] }], machines: [{ clients: ['job'] }] }),
  ]);
  const verdict = decide(request(), [person({ username: 'job', subject: 'job' })], mixed, options);
  assert.deepEqual(
    [verdict.reason, verdict.kind === 'refuse' && verdict.missing],
    ['not_allowed', ['the group staff']],
  );
  assert.equal(decide(request(), [person({ in: ['staff'] })], mixed, options).reason, 'allowed');
  const only = decide(request(), [person()], compiled([rule('api', {}, allow({ clients: ['job'] }))]), options);
  assert.match(String(only.kind === 'refuse' && only.missing), /a machine/);
});

test('machines are denied by entries about machines, before every rule', () => {
  const rules = [rule('health', exact('/healthz'), isPublic), rule('api', {}, allow({ clients: ['job'] }))];
  const denies = (denyMachines: readonly MachineCondition[], asked = {}): string =>
    outcome(machine(), rules, { denyMachines }, asked);
  assert.equal(denies([{ scopes: ['shop/write'] }]), 'denied');
  assert.equal(denies([{ clients: ['x'] }, { clients: ['job'] }]), 'denied');
  assert.equal(denies([{ pool: partners, clients: ['job'] }]), 'allowed');
  assert.equal(denies([{ clients: ['job'] }], { path: '/healthz' }), 'public');
  assert.equal(outcome(machine(), rules, { deny: [{ usernames: ['job'] }, { groups: ['x'] }] }), 'allowed');
  assert.equal(outcome(person(), [rule('all', {}, signedIn)], { denyMachines: [{ clients: ['job'] }] }), 'signed_in');
});

test('how long ago a person signed in is no question to a machine', () => {
  const old = { ...rule('api', {}, allow({ clients: ['job'] })), maxAuthAge: 60 };
  assert.equal(outcome(machine([], { authTime: 0 }), [old]), 'allowed');
});

test('a bearer makes WebSockets without an origin: no browser sends it by itself', () => {
  const asked = { webSocket: true };
  assert.equal(outcome(machine(), [rule('api', {}, allow({ clients: ['job'] }))], {}, asked), 'allowed');
  assert.equal(outcome(person({ bearer: true }), [rule('all', {}, signedIn)], {}, asked), 'signed_in');
  assert.equal(outcome(person(), [rule('all', {}, signedIn)], {}, asked), 'foreign_origin');
});

test('an address that a bearer’s token doesn’t tell is unknown: neither allowed by it nor out of a deny entry', () => {
  const bearer = person({ bearer: true, email: undefined, emailTrusted: false });
  const byEmail = rule('all', {}, { kind: 'Allow', conditions: [{ emails: ['ada@example.com'] }] });
  assert.equal(outcome(bearer, [byEmail]), 'groups_unknown');
  assert.equal(
    outcome(bearer, [rule('all', {}, signedIn)], { deny: [{ emailDomains: ['example.com'] }] }),
    'groups_unknown',
  );
});

test('whether a policy reads bearers and needs a way to sign in', () => {
  const ways = (rules: readonly Rule[], over: Partial<Policy> = {}) => {
    const { signIn, readsBearers } = compiled(rules, over);
    return [signIn, readsBearers];
  };
  const machines = rule('api', prefix('/api'), allow({ clients: ['job'] }));
  const people = rule('all', {}, signedIn);
  assert.deepEqual(ways([people]), [true, false]);
  assert.deepEqual(ways([people], { bearer: 'Accept' }), [true, true]);
  assert.deepEqual(ways([people], { denyMachines: [{ clients: ['job'] }] }), [true, false]);
  assert.deepEqual(ways([machines, people]), [true, true]);
  assert.deepEqual(ways([machines]), [false, true]);
  assert.deepEqual(ways([rule('health', exact('/healthz'), isPublic), machines]), [false, true]);
  assert.deepEqual(ways([rule('health', {}, isPublic)]), [true, false]);
});

test('an empty entry is a mistake, not every machine', () => {
  for (const condition of [{}, { pool: staff }, { clients: [] }, { clients: ['a'], scopes: [] }, { scopes: [] }]) {
    assert.throws(() => compileMachine(condition), /names nobody/, JSON.stringify(condition));
  }
});
