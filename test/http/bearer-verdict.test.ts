import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerVerdict } from '../../src/http/bearer-verdict.ts';
import type { Machine } from '../../src/model/identity.ts';
import type { Policy } from '../../src/model/policy.ts';
import { compiled, options, partners, request, rule, staff } from '../decide/samples.ts';

const of = (pool: string): Machine => ({ kind: 'machine', pool, client: 'job', scopes: new Set(), authTime: 0 });

test('a client that two pools name is meant by entries about either, deny above all', () => {
  const callers = [of(staff), of(partners)];
  const outcome = (allowed: string, denied?: string): string | undefined => {
    const api = rule('api', {}, { kind: 'Allow', conditions: [], machines: [{ pool: allowed, clients: ['job'] }] });
    const denyMachines = denied === undefined ? [] : [{ pool: denied, clients: ['job'] }];
    const policy = compiled([api], { pools: [staff, partners], denyMachines });
    return bearerVerdict({ kind: 'callers', callers }, request(), policy, options)?.reason;
  };
  assert.deepEqual([outcome(staff), outcome(partners)], ['allowed', 'allowed']);
  assert.deepEqual([outcome(staff, partners), outcome(partners, staff)], ['denied', 'denied']);
});

test('B9 a person’s token that no revocation can be judged of has no say where people’s tokens have none', () => {
  const api = rule('api', {}, { kind: 'Allow', conditions: [{ groups: ['staff'] }], machines: [{ clients: ['job'] }] });
  const outcome = (over: Partial<Policy>): string | undefined =>
    bearerVerdict({ kind: 'refused', reason: 'groups_unknown' }, request(), compiled([api], over), options)?.reason;
  assert.equal(outcome({}), undefined, 'the cookie decides');
  assert.equal(outcome({ bearer: 'Accept' }), 'groups_unknown');
});
