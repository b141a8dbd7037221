/** T14.1: nothing of ours counts, locks or ends by a name that somebody may spell in several ways. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileRevocations } from '../../src/decide/revocations.ts';
import { refusalReasons } from '../../src/model/verdict.ts';
import { sidOf } from '../../src/sign-in/browser-id.ts';
import { metricList } from '../../src/telemetry/metrics.ts';
import { person, staff } from '../decide/samples.ts';

const spellings = ['ada@example.com', 'ADA@example.com', 'Ada@Example.COM'];

suite('T14.1 one person is one, whatever spelling of the name was typed or told', () => {
  const people = spellings.map((email) => person({ email, username: email, preferredUsername: email }));

  test('T14.1 a sign-in is known by browser, pool and the subject that Cognito gives', () => {
    const browser = { id: 'b', several: [], cookie: undefined };
    const sids = people.map(({ subject }) => sidOf(browser, staff, subject, 0));
    assert.equal(new Set(sids).size, 1);
    assert.notEqual(sidOf(browser, staff, 'sub-bob', 0), sids[0]);
  });

  test('T14.1 a revocation of an address holds for every spelling of it, and so does one of the subject', () => {
    for (const written of spellings) {
      const revoked = compileRevocations([
        { pools: [staff], who: { kind: 'email', value: written }, before: 1_800_000_000 },
      ]);
      for (const one of people) assert.equal(revoked(one), 'yes', `${written} ${one.email}`);
    }
    const bySubject = compileRevocations([
      { pools: [staff], who: { kind: 'subject', value: 'sub-ada' }, before: 1_800_000_000 },
    ]);
    for (const one of people) assert.equal(bySubject(one), 'yes');
  });

  test('T14.1 no metric is counted by a person, and no reason of a refusal is a lockout', () => {
    const names = new Set<string>(metricList.flatMap(({ labels }) => [...labels]));
    for (const label of ['user', 'username', 'email', 'subject', 'sub']) assert.ok(!names.has(label), label);
    // Passwords are typed at Cognito alone, which counts attempts; a lockout of ours would have to be keyed by subject.
    const reasons = Object.keys(refusalReasons).filter((reason) => /lock|ban|throttl|attempts/.test(reason));
    assert.deepEqual(reasons, []);
  });
});
