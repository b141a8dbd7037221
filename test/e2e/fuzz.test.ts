/** A small share of `make fuzz`: noise at the real ports and through the real NGINX, by the same rules. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { run } from '../fuzz/campaign.ts';
import type { Failure } from '../fuzz/campaign.ts';
import { apiObjects, collectGenuine } from '../fuzz/genuine.ts';
import type { Genuine } from '../fuzz/genuine.ts';
import { startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';

let stack: Stack;
let genuine: Genuine;
before(async () => {
  stack = await startStack({ objects: apiObjects });
  genuine = await collectGenuine(stack);
});
after(() => stack.stop());

test('three thousand inputs', async () => {
  const failures: Failure[] = [];
  const started = performance.now();
  const counts = await run(stack, genuine, {
    seed: 20_261_125,
    from: 0,
    to: Number(process.env['N'] ?? 3000),
    lanes: 12,
    patience: 5000,
    failed: (failure) => void failures.push(failure),
    done: () => undefined,
  });
  console.log(Object.fromEntries([...counts].toSorted()), performance.now() - started);
  for (const { index, why, input, outcome } of failures.slice(0, 10))
    console.log(
      index,
      why,
      input.kind,
      input.bytes.toString('latin1').slice(0, 600),
      JSON.stringify(outcome).slice(0, 300),
    );
  assert.equal(failures.length, 0);
});
