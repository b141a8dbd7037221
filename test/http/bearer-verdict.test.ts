import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerVerdict } from '../../src/http/bearer-verdict.ts';
import type { Machine } from '../../src/model/identity.ts';
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
