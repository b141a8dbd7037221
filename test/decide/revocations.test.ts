import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileRevocations } from '../../src/decide/revocations.ts';
import { createTable } from '../../src/decide/table.ts';
import type { Caller, Machine } from '../../src/model/identity.ts';
import type { Revocation, Revoked } from '../../src/model/revocation.ts';
import { partners, person, pool, staff } from './samples.ts';

const noon = 1_700_000_000;
const of = (who: Revoked, over: Partial<Revocation> = {}): Revocation => ({
  pools: [staff],
  who,
  before: noon,
  ...over,
});
const everyone: Revoked = { kind: 'everyone' };
const admins: Revoked = { kind: 'group', value: 'admins' };
const trimmed = (names: readonly string[], judged: readonly string[]): Caller =>
  person({ groups: { names: new Set(names), judged: new Set(judged) } });
const machine: Machine = { kind: 'machine', pool: staff, client: 'ci', scopes: new Set(), authTime: noon };
const bearer = person({ email: undefined, bearer: true });

const rows: readonly (readonly [string, readonly Revocation[], Caller, string])[] = [
  ['nothing', [], person(), 'no'],
  ['a subject', [of({ kind: 'subject', value: 'sub-ada' })], person(), 'yes'],
  ['another subject', [of({ kind: 'subject', value: 'sub-bob' })], person(), 'no'],
  ['a username', [of({ kind: 'username', value: 'ada' })], person(), 'yes'],
  ['a username in another case is another', [of({ kind: 'username', value: 'Ada' })], person(), 'no'],
  ['an address in another case', [of({ kind: 'email', value: 'ADA@Example.com' })], person(), 'yes'],
  [
    'an address that nobody has verified',
    [of({ kind: 'email', value: 'ada@example.com' })],
    person({ emailTrusted: false }),
    'yes',
  ],
  ['an address, of a bearer who doesn’t tell it', [of({ kind: 'email', value: 'x@example.com' })], bearer, 'unknown'],
  [
    'an address, of a bearer who signed in later',
    [of({ kind: 'email', value: 'x@example.com' }, { before: 1 })],
    bearer,
    'no',
  ],
  ['a subject, of a bearer', [of({ kind: 'subject', value: 'sub-ada' })], bearer, 'yes'],
  ['another subject, of a bearer', [of({ kind: 'subject', value: 'sub-bob' })], bearer, 'no'],
  ['a group', [of(admins)], person({ in: ['ops', 'admins'] }), 'yes'],
  ['a group of others', [of(admins)], person({ in: ['ops'] }), 'no'],
  ['S22: a group that was never judged', [of(admins)], trimmed(['ops'], ['ops', 'staff']), 'unknown'],
  ['a group that was judged', [of(admins)], trimmed(['ops'], ['ops', 'admins']), 'no'],
  ['a group that is known beside others', [of(admins)], trimmed(['admins'], ['ops']), 'yes'],
  ['everyone', [of(everyone)], person(), 'yes'],
  ['S23: a sign-in of that very second', [of(everyone)], person({ authTime: noon }), 'yes'],
  ['S23: a sign-in of the next second', [of(everyone)], person({ authTime: noon + 1 }), 'no'],
  ['a newer sign-in, group unjudged', [of(admins)], { ...trimmed([], []), authTime: noon + 1 }, 'no'],
  [
    'of two for one name the newer',
    [of(everyone, { before: noon - 9 }), of({ kind: 'username', value: 'ada' }, { before: noon - 99 }), of(admins)],
    person({ in: ['admins'] }),
    'yes',
  ],
  ['S15: another pool', [of(everyone, { pools: [partners] })], person(), 'no'],
  ['every pool', [of(everyone, { pools: 'every' })], person({ pool: 'c'.repeat(64) }), 'yes'],
  ['its own pool says nothing, every pool does', [of(admins), of(everyone, { pools: 'every' })], person(), 'yes'],
  [
    'unknown stays unknown',
    [of(admins), of({ kind: 'username', value: 'bob' }, { pools: 'every' })],
    trimmed([], []),
    'unknown',
  ],
  ['a machine among everyone', [of(everyone)], machine, 'yes'],
  ['a machine by its client', [of({ kind: 'subject', value: 'ci' })], machine, 'yes'],
  ['a machine is in no group', [of(admins)], machine, 'no'],
];

suite('what SessionRevocations end', () => {
  for (const [sentence, revocations, caller, answer] of rows)
    test(sentence, () => assert.equal(compileRevocations(revocations)(caller), answer));

  test('a table with another revocation is another table', () => {
    const hash = (...revocations: Revocation[]): string =>
      createTable({ routes: [], pools: [pool()], revocations }).hash;
    assert.equal(hash(), createTable({ routes: [], pools: [pool()] }).hash);
    assert.notEqual(hash(of(admins)), hash());
    assert.notEqual(hash(of(admins)), hash(of(admins, { before: noon + 1 })));
    assert.equal(hash(of(admins)), hash(of(admins)));
  });

  test('10,000 cost a few look-ups: as many as there are of the caller’s own names', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => of({ kind: 'subject', value: `sub-${index}` }));
    const { revoked, revocations } = createTable({ routes: [], pools: [], revocations: many });
    assert.equal(revocations, 10_000);
    assert.equal(revoked(person({ subject: 'sub-9999' })), 'yes');
    assert.equal(revoked(person()), 'no');
  });
});
