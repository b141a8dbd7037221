import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Identity } from '../../src/model/identity.ts';
import type { Pool } from '../../src/model/pool.ts';
import { readGroups } from '../../src/identity/groups.ts';
import { readBearer, readPerson } from '../../src/identity/person.ts';
import { poolWith, type Claims } from './fake-endpoints.ts';

interface Read {
  readonly person: Identity;
  readonly complaints: number;
}

function read(id: Claims, access: Claims = {}, pool: Partial<Pool> = {}, claims: readonly string[] = []): Read {
  let complaints = 0;
  const tokens = { id: { sub: 's', auth_time: 7, ...id }, access: { sub: 's', username: 'ada', ...access } };
  const person = readPerson(tokens, poolWith(pool), { claims: new Set(claims), onWrongShape: () => (complaints += 1) });
  return { person, complaints };
}

describe('people', () => {
  it('L10 without e-mail, groups and names are people', () => {
    const { person, complaints } = read({});
    assert.deepEqual(person, {
      kind: 'person',
      pool: poolWith().id,
      subject: 's',
      username: 'ada',
      preferredUsername: undefined,
      name: undefined,
      email: undefined,
      emailTrusted: false,
      groups: { names: new Set(), judged: undefined },
      claims: new Map(),
      authTime: 7,
    });
    assert.equal(complaints, 0);
  });

  it('L26 S23 a time of the sign-in that can’t be read is the oldest, not the time of the token', () => {
    for (const value of ['1700000000', '', null, true, [9], {}]) {
      assert.equal(read({ auth_time: value, iat: 9 }).person.authTime, 0, JSON.stringify(value));
      const access = { sub: 's', auth_time: value, iat: 9 };
      assert.equal(readBearer(access, poolWith(), new Set()).authTime, 0, JSON.stringify(value));
      const inId = read({ auth_time: undefined, iat: 9 }, { auth_time: value });
      assert.equal(inId.person.authTime, 0);
    }
    assert.equal(read({ auth_time: undefined, iat: 9 }, { auth_time: 8 }).person.authTime, 8);
    assert.equal(read({ auth_time: undefined, iat: 9 }).person.authTime, 9);
  });

  it('have the names that Cognito gives them', () => {
    const { person } = read({
      'cognito:username': 'Entra_ada',
      preferred_username: 'ada.l',
      name: 'Ada',
      email: 'a+b@example.com',
    });
    assert.deepEqual(
      [person.username, person.preferredUsername, person.name, person.email],
      ['Entra_ada', 'ada.l', 'Ada', 'a+b@example.com'],
    );
    assert.equal(read({}, { username: undefined }).person.username, 's');
  });

  it('L11 email_verified is read right as a boolean and as text', () => {
    const trusted = (value: unknown): boolean =>
      read({ email: 'a@example.com', email_verified: value }).person.emailTrusted;
    assert.deepEqual([true, 'true'].map(trusted), [true, true]);
    assert.deepEqual([false, 'false', undefined, null, 1, 'yes', '', [], {}].filter(trusted), []);
    assert.equal(read({ email_verified: true }).person.emailTrusted, false, 'no address, nothing to trust');
  });

  it('an address of a trusted provider is trusted, as long as no other provider is linked', () => {
    const trusted = (identities: unknown, providers: readonly string[] = ['Entra']): boolean =>
      read({ email: 'a@example.com', email_verified: false, identities }, {}, { trustedEmailProviders: providers })
        .person.emailTrusted;
    assert.equal(trusted([{ providerName: 'Entra', userId: 'x' }]), true);
    assert.equal(trusted('[{"providerName":"Entra"}]'), true);
    for (const no of [
      [{ providerName: 'Google' }],
      [{ providerName: 'entra' }],
      [{ providerName: 'Entra' }, { providerName: 'Google' }],
      [],
      {},
      '[',
      'Entra',
      [null],
      ['Entra'],
      undefined,
    ]) {
      assert.equal(trusted(no), false, JSON.stringify(no));
    }
    assert.equal(trusted([{ providerName: 'Entra' }], []), false);
  });

  it('groups come from the claim and token that the pool names', () => {
    const groups = { claim: 'custom:groups', token: 'ID', format: 'Comma' } as const;
    const { person } = read({ 'custom:groups': 'a, b c ,,d' }, { 'cognito:groups': ['no'] }, { groups });
    assert.deepEqual(person.groups, { names: new Set(['a', 'b c', 'd']), judged: undefined });
  });

  it('groups in another shape: none is held, none is judged, and it is said', () => {
    const { person, complaints } = read({}, { 'cognito:groups': 'admins' });
    assert.deepEqual(person.groups, { names: new Set(), judged: new Set() });
    assert.equal(complaints, 1);
  });

  it('a claim called like a property of every object is none', () => {
    const groups = { claim: 'constructor', token: 'ID', format: 'Array' } as const;
    assert.equal(read({}, {}, { groups }).complaints, 0);
    assert.deepEqual(
      [...read({}, {}, {}, ['toString', '__proto__']).person.claims],
      [
        ['toString', []],
        ['__proto__', []],
      ],
    );
  });

  it('named claims are read from either token; absent is known, unnamed is not', () => {
    const id = { 'custom:team': 'red', level: 3, flags: ['a', 2, true, null, ['deep']], extra: 'x', obj: { a: 1 } };
    const { person } = read(id, { scope: 'openid' }, {}, ['custom:team', 'level', 'flags', 'scope', 'missing', 'obj']);
    assert.deepEqual(Object.fromEntries(person.claims), {
      'custom:team': ['red'],
      level: ['3'],
      flags: ['a', '2', 'true'],
      scope: ['openid'],
      missing: [],
      obj: [],
    });
  });
});

describe('forms of groups', () => {
  const cases: readonly (readonly [Pool['groups']['format'], unknown, readonly string[] | undefined])[] = [
    ['Array', ['a', 'b,c', 'ü"'], ['a', 'b,c', 'ü"']],
    ['Array', [], []],
    ['Array', undefined, []],
    ['Array', null, []],
    ['Array', 'a', undefined],
    ['Array', ['a', 1], undefined],
    ['Array', { a: 1 }, undefined],
    ['JSON', '["a","b c"]', ['a', 'b c']],
    ['JSON', '[]', []],
    ['JSON', ' ', []],
    ['JSON', '[a, b c]', ['a', 'b c']],
    ['JSON', '["a', undefined],
    ['JSON', '["a]', undefined],
    ['JSON', '{"a":1}', undefined],
    ['JSON', 'a', undefined],
    ['JSON', ['a'], undefined],
    ['Comma', 'a,b , c', ['a', 'b', 'c']],
    ['Comma', '', []],
    ['Comma', 7, undefined],
    ['Space', ' a  b\tc ', ['a', 'b', 'c']],
    ['Space', ['a'], undefined],
  ];
  for (const [format, value, names] of cases) {
    it(`${format} ${JSON.stringify(value) ?? 'absent'}: ${names === undefined ? 'wrong shape' : JSON.stringify(names)}`, () => {
      assert.deepEqual(
        readGroups(value, format),
        names === undefined ? { kind: 'wrong_shape' } : { kind: 'known', names },
      );
    });
  }
});
