import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decide } from '../../src/decide/decide.ts';
import type { Identity } from '../../src/model/identity.ts';
import type { Access, Rule } from '../../src/model/policy.ts';
import { compiled, groups, options, partners, person, prefix, request, signedIn, staff } from './samples.ts';

const now = options.now();
const aged = (access: Access): Rule => ({ name: 'admin', match: prefix('/admin'), access, maxAuthAge: 900 });
const others: Rule = { name: 'others', match: {}, access: signedIn };

function judged(access: Access, people: readonly Identity[], path = '/admin', deny: readonly string[] = []) {
  const both = deny.length === 0 ? {} : { deny: [{ groups: deny }] };
  const policy = compiled([aged(access), others], { pools: [staff, partners], ...both });
  const { kind, reason, identity, rule } = decide(request({ path }), people, policy, options);
  return { kind, reason, who: identity?.kind === 'person' ? identity.username : undefined, rule };
}

const old = { authTime: now - 901 };

test('L26 a rule with maxAuthAge lets in who signed in late enough, to the second', () => {
  assert.equal(judged(signedIn, [person({ authTime: now - 900 })]).kind, 'allow');
  assert.equal(judged(signedIn, [person({ authTime: now + 5 })]).kind, 'allow');
  assert.deepEqual(judged(signedIn, [person(old)]), {
    kind: 'refuse',
    reason: 'sign_in_too_old',
    who: 'ada',
    rule: 'admin',
  });
});

test('L26 other rules of the policy do not ask for the age', () => {
  assert.equal(judged(signedIn, [person(old)], '/').kind, 'allow');
});

test('L26 too old is said only to whom the rule would let in: a fresher sign-in gives nobody a group', () => {
  assert.equal(judged(groups('admins'), [person({ ...old, in: ['admins'] })]).reason, 'sign_in_too_old');
  assert.equal(judged(groups('admins'), [person(old)]).reason, 'not_allowed');
  assert.equal(
    judged(groups('admins'), [person({ ...old, in: ['admins', 'out'] })], '/admin', ['out']).reason,
    'denied',
  );
});

test('L26 a person of another pool who is fresh enough is let in beside one who is not', () => {
  const people = [person(old), person({ pool: partners, username: 'eve' })];
  assert.equal(judged(signedIn, people).who, 'eve');
});

test('L26 a group that was never judged is read again before anybody is asked to sign in', () => {
  const trimmed = person({ ...old, groups: { names: new Set(), judged: new Set() } });
  assert.equal(judged(groups('admins'), [trimmed]).reason, 'groups_unknown');
});

test('nobody is nobody, whatever age the rule wants', () => {
  assert.equal(judged(signedIn, []).reason, 'no_session');
});
