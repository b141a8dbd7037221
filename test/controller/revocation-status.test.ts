import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/model/finding.ts';
import type { RevocationReport } from '../../src/model/plan.ts';
import { revocationStatus } from '../../src/controller/revocation-status.ts';
import type { RevocationInput, RevocationStatus } from '../../src/controller/revocation-status.ts';
import { finding, now, object } from './samples.ts';

const ref = { kind: 'SessionRevocation', namespace: 'gate', name: 'laptop' };
const report: RevocationReport = {
  ref,
  revocation: { pools: ['a'], who: { kind: 'username', value: 'ada' }, before: 1_795_626_000 },
  ends: 'username ada',
  before: 1_795_626_000,
  keptUntil: 1_798_218_000,
};
const about = (change: Partial<Finding>): Finding => finding({ object: ref, ...change });
const objectOf = (status?: RevocationStatus) =>
  object('SessionRevocation', { namespace: 'gate', name: 'laptop' }, { spec: {}, ...(status && { status }) });

function made(change: Partial<RevocationInput> = {}): RevocationStatus {
  const input = { report, object: objectOf(), findings: [], everywhere: true, replicas: 2, now, ...change };
  return revocationStatus(input);
}

const line = ({ conditions }: RevocationStatus): string =>
  conditions.map((one) => `${one.type}=${one.status}/${one.reason}: ${one.message}`).join(' ');
const good = made();
const ended = { ...report, revocation: undefined, ends: undefined, before: undefined };

const rows: readonly (readonly [string, Partial<RevocationInput>, string])[] = [
  ['in force everywhere', {}, 'InForce=True/InForce: 2 replicas refuse what it ends'],
  ['one replica', { replicas: 1 }, 'InForce=True/InForce: 1 replica refuses what it ends'],
  ['on its way', { everywhere: false }, 'InForce=False/Pending: not every replica has read it yet'],
  [
    'a newer table is on its way to the others: it stays in force, as it is in theirs',
    { everywhere: false, replicas: 3, object: objectOf(good) },
    'InForce=True/InForce: 2 replicas refuse what it ends',
  ],
  [
    'broken, and says that nothing ends (P27)',
    {
      report: ended,
      findings: [about({ reason: 'RefNotPermitted', field: 'spec.everyPool', message: 'is only for others' })],
    },
    'InForce=False/RefNotPermitted: it ends nothing: spec.everyPool: is only for others',
  ],
  [
    'broken by now',
    {
      object: objectOf(good),
      report: ended,
      findings: [about({ reason: 'PoolNotFound', field: 'spec.pool', message: 'gone' })],
    },
    'InForce=False/PoolNotFound: it ends nothing: spec.pool: gone',
  ],
  [
    'in force, with a warning',
    { findings: [about({ severity: 'warning', reason: 'KeptTooShort', field: 'spec.keepFor', message: 'raise it' })] },
    'InForce=True/InForce: 2 replicas refuse what it ends, but: spec.keepFor: raise it',
  ],
];

for (const [sentence, change, expected] of rows) test(sentence, () => assert.equal(line(made(change)), expected));

test('its status says whose sign-ins end, which, and how long it is kept', () => {
  const { ends, before, keptUntil } = good;
  assert.deepEqual([ends, before, keptUntil], ['username ada', '2026-11-25T17:00:00Z', '2026-12-25T17:00:00Z']);
  assert.deepEqual(made({ object: objectOf(good), now: '2027-01-01T00:00:00Z', replicas: 5 }), good);
});
