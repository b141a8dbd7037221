import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/model/finding.ts';
import type { PoolState, ProbeAnswer } from '../../src/model/pool-state.ts';
import { poolStatus } from '../../src/controller/pool-status.ts';
import type { PoolInput } from '../../src/controller/pool-status.ts';
import { finding, now, object } from './samples.ts';

const ok: ProbeAnswer = { ok: true, reason: 'Answered', message: 'it answered' };
const no = (reason: string): ProbeAnswer => ({ ok: false, reason, message: `${reason}: mend it` });
const state: PoolState = {
  askedAt: 1,
  issuer: 'https://issuer.example.com',
  discovery: ok,
  keys: ok,
  authorize: ok,
  logout: ok,
  loginPages: 'Managed',
};

const ref = { kind: 'CognitoPool', namespace: 'gate', name: 'staff' };
const about = (change: Partial<Finding>): Finding => finding({ object: ref, ...change });

function made(change: Partial<PoolInput> = {}) {
  return poolStatus({
    report: { ref, id: 'a'.repeat(64) },
    object: object('CognitoPool', { namespace: 'gate', name: 'staff' }, { spec: { scopes: ['openid', 'email'] } }),
    findings: [],
    state,
    rotating: false,
    signInHost: 'auth.example.com',
    publicPort: 443,
    now,
    ...change,
  });
}

const line = ({ conditions }: ReturnType<typeof made>): string =>
  conditions.map((one) => `${one.type}=${one.status}/${one.reason}`).join(' ');

const broken = { report: { ref, id: undefined } };
const rows: readonly (readonly [string, Partial<PoolInput>, string])[] = [
  [
    'well',
    {},
    'Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs Reachable=True/Answered Registered=True/Answered',
  ],
  [
    'not asked yet',
    { state: undefined },
    'Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs Reachable=Unknown/NotAsked Registered=Unknown/NotAsked',
  ],
  [
    'of another domain',
    { state: { ...state, authorize: no('WrongDomain') } },
    'Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs Reachable=True/Answered Registered=False/WrongDomain',
  ],
  [
    'without keys',
    { state: { ...state, keys: no('Unreachable') } },
    'Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs Reachable=False/Unreachable Registered=True/Answered',
  ],
  [
    'not found by discovery',
    {
      state: {
        ...state,
        discovery: no('Unreachable'),
        keys: no('Unknown'),
        authorize: no('Unknown'),
        logout: no('Unknown'),
      },
    },
    'Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs Reachable=False/Unreachable Registered=Unknown/Unreachable',
  ],
  [
    'P10: without its Secret',
    { ...broken, findings: [about({ reason: 'SecretNotFound' })] },
    'Accepted=True/Accepted ResolvedRefs=False/SecretNotFound Reachable=Unknown/SecretNotFound Registered=Unknown/SecretNotFound',
  ],
  [
    'P10: unreadable',
    { ...broken, findings: [about({ reason: 'PoolInvalid' })] },
    'Accepted=False/PoolInvalid ResolvedRefs=True/ResolvedRefs Reachable=Unknown/PoolInvalid Registered=Unknown/PoolInvalid',
  ],
  [
    'unreadable, and nobody says why',
    broken,
    'Accepted=False/Invalid ResolvedRefs=True/ResolvedRefs Reachable=Unknown/Invalid Registered=Unknown/Invalid',
  ],
];

for (const [name, change, expected] of rows) {
  test(`conditions of a pool that is ${name}`, () => assert.equal(line(made(change)), expected));
}

test('what to register is complete, with another port than 443 in the URLs', () => {
  assert.deepEqual(made({ publicPort: 8443 }).register, {
    callbackUrls: ['https://auth.example.com:8443/oauth2/callback'],
    signOutUrls: ['https://auth.example.com:8443/oauth2/signed-out'],
    grant: 'code',
    scopes: ['openid', 'email'],
  });
});

test('what Cognito answered stays until it is asked again, unless the pool changed', () => {
  const before = made();
  const restarted = made({ state: undefined, object: object('CognitoPool', {}, { status: before }) });
  assert.equal(line(restarted), line(before));
  assert.deepEqual([restarted.issuer, restarted.loginPages], [state.issuer, 'Managed']);
  const changed = made({ state: undefined, object: object('CognitoPool', { generation: 4 }, { status: before }) });
  assert.ok(line(changed).includes('Reachable=Unknown/NotAsked'));
  assert.equal(changed.issuer, undefined);
});

test('S24: refresh tokens that are rotated are told while it is so, with what to do', () => {
  const [condition] = made({ rotating: true }).conditions.filter(({ type }) => type === 'RotationNeedsRedis');
  assert.equal(`${condition?.status} ${condition?.reason}`, 'True RefreshTokenRotated');
  assert.match(condition?.message ?? '', /use the Redis store, or turn rotation off/);
  const before = object(
    'CognitoPool',
    { namespace: 'gate', name: 'staff' },
    { spec: {}, status: made({ rotating: true }) },
  );
  assert.ok(!line(made({ object: before })).includes('RotationNeedsRedis'));
});
