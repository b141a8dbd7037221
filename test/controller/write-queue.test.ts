import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { suite, test } from 'node:test';
import { KubeApiError } from '../../src/kubernetes/client.ts';
import { createWriteQueue } from '../../src/controller/write-queue.ts';
import type { Job, WriteQueue } from '../../src/controller/write-queue.ts';

class Bench {
  now = 0;
  allowed = true;
  readonly started: string[] = [];
  readonly outcomes: string[] = [];
  readonly ends = new Map<string, (error?: unknown) => void>();
  readonly queue: WriteQueue = createWriteQueue({
    limit: 2,
    now: () => this.now,
    allowed: () => this.allowed,
    onSettled: ({ key }, outcome) => void this.outcomes.push(`${key} ${outcome}`),
    onQuiet: () => void this.outcomes.push('quiet'),
  });

  job(key: string, signature = ''): Job {
    return {
      key,
      kind: 'Ingress',
      signature,
      run: async () => {
        this.started.push(key);
        await new Promise<void>((resolve, reject) => {
          this.ends.set(key, (error) => (error === undefined ? resolve() : reject(error)));
        });
      },
    };
  }

  async end(key: string, error?: unknown): Promise<void> {
    this.ends.get(key)?.(error);
    await turn();
  }
}

const failed = (status: number, retryAfterSeconds?: number): KubeApiError =>
  new KubeApiError({ status, reason: 'X', retryAfterSeconds }, `status ${String(status)}`);

test('no more than the limit at once, one at a time of a key, in order', async () => {
  const bench = new Bench();
  bench.queue.submit(['a', 'b', 'c'].map((key) => bench.job(key)));
  assert.deepEqual(bench.started, ['a', 'b']);
  bench.queue.submit(['a', 'c'].map((key) => bench.job(key)));
  await bench.end('a');
  assert.deepEqual(bench.started, ['a', 'b', 'c'], 'what was wanted of a before its answer came is not tried');
  await bench.end('b');
  await bench.end('c');
  assert.deepEqual(bench.outcomes, ['a done', 'b done', 'c done', 'quiet']);
});

test('nothing starts where it is not allowed', async () => {
  const bench = new Bench();
  bench.queue.submit(['a', 'b', 'c'].map((key) => bench.job(key)));
  bench.allowed = false;
  await bench.end('a');
  assert.deepEqual(bench.started, ['a', 'b']);
});

const unknownRole = new KubeApiError(
  { status: 403, reason: 'Forbidden' },
  'accesspolicies.cognito-gate.dev "a" is forbidden: User "b" cannot patch resource "accesspolicies/status"',
);

suite('what fails waits by itself', () => {
  const rows: readonly (readonly [string, unknown, number, boolean])[] = [
    ['429 with Retry-After', failed(429, 7), 7, false],
    ['500', failed(500), 0.5, false],
    ['no network', failed(0), 0.5, false],
    ['an error of ours', new TypeError('x'), 0.5, false],
    ['a conflict', failed(409), 5, true],
    ['gone', failed(404), 5, true],
    ['refused', failed(403), 60, true],
    ['an API server that has just started and knows of no Role', unknownRole, 0.5, false],
    ['invalid', failed(422), 60, true],
  ];
  for (const [name, error, seconds, released] of rows) {
    test(name, async () => {
      const bench = new Bench();
      const submit = (signature: string): void => bench.queue.submit([bench.job('a', signature), bench.job('b')]);
      submit('1');
      await bench.end('a', error);
      await bench.end('b');
      submit('1');
      assert.deepEqual(bench.started, ['a', 'b', 'b'], 'b is not held up');
      assert.equal(bench.queue.due(), seconds);
      submit('2');
      assert.equal(bench.started.filter((key) => key === 'a').length, released ? 2 : 1);
      bench.now = seconds;
      submit('1');
      assert.equal(bench.started.filter((key) => key === 'a').length, 2);
    });
  }
});

test('it backs off further each time, and not for ever', async () => {
  const bench = new Bench();
  const waits: number[] = [];
  for (let tries = 0; tries < 12; tries += 1) {
    bench.queue.submit([bench.job('a')]);
    await bench.end('a', failed(503));
    bench.queue.submit([bench.job('a')]);
    const due = bench.queue.due() ?? 0;
    waits.push(due - bench.now);
    bench.now = due;
  }
  assert.deepEqual(waits.slice(0, 4), [0.5, 1, 2, 4]);
  assert.equal(waits.at(-1), 30);
});

test('the words of a refusal are kept while it stands, and of a webhook that is away', async () => {
  const bench = new Bench();
  bench.queue.submit([bench.job('a'), bench.job('b')]);
  await bench.end('a', failed(403));
  const away = new KubeApiError({ status: 500, reason: 'InternalError' }, 'failed calling webhook "validate.nginx"');
  await bench.end('b', away);
  assert.deepEqual(
    [...bench.queue.refusals()],
    [
      ['a', 'status 403'],
      ['b', away.message],
    ],
  );
  bench.queue.submit([bench.job('b')]);
  assert.deepEqual([...bench.queue.refusals().keys()], ['b'], 'what is not wanted any more is no refusal');
});

test('an apply that leaves a field to its owner is told in the words of the API server', async () => {
  const bench = new Bench();
  bench.queue.submit([bench.job('a')]);
  const owned = new KubeApiError(
    { status: 409, reason: 'Conflict' },
    'Apply failed with 1 conflict: conflict with "helm"',
  );
  await bench.end('a', owned);
  assert.deepEqual([...bench.queue.refusals()], [['a', owned.message]]);
});
