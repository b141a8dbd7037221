import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOperationsServer } from '../../src/http/operations.ts';

test('T2.4 probes live on their own port; readiness says why not', async () => {
  let why: string | undefined = 'no table is loaded';
  const app = createOperationsServer({ ready: () => why, metrics: async () => 'a 1\n' });
  assert.equal((await app.inject('/healthz')).statusCode, 200);
  const before = await app.inject('/readyz');
  assert.equal(before.statusCode, 503);
  assert.match(before.body, /no table is loaded/);
  why = undefined;
  assert.equal((await app.inject('/readyz')).statusCode, 200);
  assert.equal((await app.inject('/metrics')).body, 'a 1\n');
  assert.equal((await app.inject('/nginx/0')).statusCode, 404);
  await app.close();
});
