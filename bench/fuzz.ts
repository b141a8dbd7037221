/**
 * make fuzz: FUZZ inputs (100,000) from FUZZ_FROM (0) on, made of FUZZ_SEED (new each day). FUZZ_INPUT=FILE sends what a
 * failure left again. Ends with 1 where a rule of test/fuzz/oracle.ts was broken, or memory, metrics or log were.
 */
import { codesRedeemed, reasonsReached, seriesCount, wrongInLog } from '../test/fuzz/aftermath.ts';
import { allowedHosts, inputOf, openPorts, run } from '../test/fuzz/campaign.ts';
import { readFailure, writeFailure } from '../test/fuzz/failure-file.ts';
import { collectGenuine, fuzzStack } from '../test/fuzz/genuine.ts';
import type { Genuine } from '../test/fuzz/genuine.ts';
import { judge } from '../test/fuzz/oracle.ts';
import { withHeap } from '../test/support/heap.ts';
import type { Heap } from '../test/support/heap.ts';
import { startStack } from '../test/support/stack.ts';
import type { Stack } from '../test/support/stack.ts';

const folder = '.cache/fuzz';
const failuresKept = 20;
const patience = 10_000;
const mebibyte = 1_048_576;
/** Caches fill in the first part; from then on the heap stays, but for noise. */
const growthAllowed = 12 * mebibyte;

const number = (name: string, otherwise: number): number => {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} has to be a whole number`);
  return value;
};
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const counted = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([key, count]) => `  ${String(count).padStart(8)}  ${key}`)
    .join('\n');

async function campaign(stack: Stack, heap: Heap, genuine: Genuine): Promise<readonly string[]> {
  const [count, from, seed] = [
    number('FUZZ', 100_000),
    number('FUZZ_FROM', 0),
    number('FUZZ_SEED', Math.floor(Date.now() / 86_400_000)),
  ];
  const to = from + count;
  say(`fuzz: seed ${seed}, inputs ${from} to ${to - 1} (again: FUZZ_SEED=${seed} FUZZ_FROM=${from} FUZZ=${count})`);
  const wrong: string[] = [];
  const heaps: number[] = [];
  const series: number[] = [];
  const totals = new Map<string, number>();
  const before = await codesRedeemed(stack);
  const step = Math.ceil(count / 10);
  const started = performance.now();
  for (let at = from; at < to; at += step) {
    const end = Math.min(to, at + step);
    let slowest = 0;
    const failed = (failure: Parameters<typeof writeFailure>[2]): void => {
      wrong.push(`input ${failure.index} (${failure.input.kind}): ${failure.why}`);
      if (wrong.length <= failuresKept) {
        void writeFailure(folder, seed, failure).then((file) =>
          say(`fuzz: FAILED ${wrong.at(-1) ?? ''}: FUZZ_INPUT=${file}`),
        );
      }
    };
    // The last tenth finds Cognito gone: what is sealed is good all the same.
    const cognitoIsDown = end === to && at > from;
    if (cognitoIsDown)
      Object.assign(stack.cognito.faults, { token: { reset: true }, jwks: { reset: true }, revoke: { reset: true } });
    const counts = await run(stack, genuine, {
      cognitoIsDown,
      seed,
      from: at,
      to: end,
      lanes: 12,
      patience,
      failed,
      done: (_index, worst) => (slowest = Math.max(slowest, worst)),
    });
    for (const [key, value] of counts) totals.set(key, (totals.get(key) ?? 0) + value);
    heaps.push(await heap.used());
    series.push(await seriesCount(stack));
    const rate = Math.round(((end - from) / (performance.now() - started)) * 1000);
    const size = ((heaps.at(-1) ?? 0) / mebibyte).toFixed(1);
    say(
      `fuzz: ${end - from} done, ${rate}/s, heap ${size} MiB, slowest answer ${Math.round(slowest)} ms; goes on from FUZZ_FROM=${end}`,
    );
  }
  say(`answers:\n${counted(totals)}\ndecisions by reason:\n${counted(await reasonsReached(stack))}`);
  const half = Math.floor(heaps.length / 2);
  const growth = Math.max(...heaps.slice(half)) - Math.max(...heaps.slice(0, half || 1));
  say(
    `heap after collection: ${heaps.map((bytes) => Math.round(bytes / mebibyte)).join(' ')} MiB; series: ${series.join(' ')}`,
  );
  if (growth > growthAllowed) wrong.push(`the heap grew by ${Math.round(growth / mebibyte)} MiB in the second half`);
  if (Math.max(...series) > 600) wrong.push(`${Math.max(...series)} series of metrics`);
  if ((await codesRedeemed(stack)) !== before) wrong.push('a code was redeemed (L2 to L4)');
  return [...wrong, ...(await wrongInLog(stack, genuine))];
}

/** The bytes as they were, and the input of the same number, which carries what is real now. */
async function again(stack: Stack, genuine: Genuine, file: string): Promise<readonly string[]> {
  const { seed, index, input } = await readFailure(file);
  const wrong: string[] = [];
  for (const [name, one] of [
    ['as it was', input],
    ['made anew', inputOf(seed, index, genuine)],
  ] as const) {
    const ports = openPorts(stack, patience);
    const outcome = await ports[one.port].ask(one.bytes, { head: one.head, last: one.raw });
    const why = judge(one, outcome, { hosts: allowedHosts, cognitoIsDown: false });
    say(
      `fuzz: ${name}: ${why ?? 'in order'}\n${one.bytes.toString('latin1').slice(0, 4000)}\n→ ${JSON.stringify(outcome)}`,
    );
    if (why !== undefined) wrong.push(`${name}: ${why}`);
    for (const port of Object.values(ports)) port.close();
  }
  return wrong;
}

const { started: stack, heap } = await withHeap(() => startStack(fuzzStack));
const genuine = await collectGenuine(stack);
const file = process.env['FUZZ_INPUT'];
const wrong = [...(await (file === undefined ? campaign(stack, heap, genuine) : again(stack, genuine, file)))];
heap.close();
const leaks = await stack.stop().then(
  () => [],
  (error: unknown) => [String(error)],
);
wrong.push(...leaks);
for (const line of wrong.slice(0, failuresKept)) say(`fuzz: FAILED ${line}`);
say(wrong.length === 0 ? 'fuzz: every rule held' : `fuzz: ${wrong.length} broken rules`);
process.exit(wrong.length === 0 ? 0 : 1);
