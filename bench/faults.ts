/**
 * `make bench-faults`: what people notice of each fault. Two replicas behind a name with two addresses, as a headless
 * Service gives them; a real NGINX with a new connection for every check; 200 requests a second of people who are signed
 * in and of others who must not pass; no retry by the client. FAULTS=words of the names: only those.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterFaults, cognitoFaults, restartWithoutCognito, rollingRestart } from './faults/fault-list.ts';
import type { Fault } from './faults/fault-list.ts';
import { startGround } from './faults/ground.ts';
import type { Ground, GroundOptions } from './faults/ground.ts';
import { startLoad } from './faults/load.ts';
import { outcomeOf } from './faults/outcome.ts';
import type { Outcome } from './faults/outcome.ts';
import { redisFaults, withRedis } from './faults/redis.ts';
import { putIn, tableOf } from './faults/table.ts';

const page = 'docs/operating/faults.md';
const perSecond = 200;
const people = 20;
/** Everybody has been read again once. */
const beforeMs = 12_000;
/** The longest pause after failures is half a minute: each fault finds the replicas as if nothing had been. */
const afterMs = 35_000;

export interface Row {
  readonly store: 'cookie' | 'redis';
  readonly fault: Fault;
  readonly outcome: Outcome;
}

const words = process.env['FAULTS'];
const isWanted = ({ name }: Fault): boolean => words === undefined || name.toLowerCase().includes(words.toLowerCase());
const rows: Row[] = [];

async function measure(ground: Ground, fault: Fault, store: Row['store']): Promise<void> {
  const load = startLoad({ asks: ground.asks, port: ground.gate.port, ca: ground.gate.ca, perSecond });
  await sleep(beforeMs);
  await fault.run(ground);
  const ended = performance.now();
  await sleep(afterMs);
  await load.stop();
  const outcome = outcomeOf(load.answers, ended);
  rows.push({ store, fault, outcome });
  console.log(`${store.padEnd(6)} ${fault.name}: ${JSON.stringify({ ...outcome, statuses: [...outcome.statuses] })}`);
}

async function runAll(store: Row['store'], faults: readonly Fault[], options: GroundOptions): Promise<void> {
  const wanted = faults.filter(isWanted);
  if (wanted.length === 0) return;
  const ground = await startGround(options);
  try {
    for (const fault of wanted) await measure(ground, fault, store);
  } finally {
    await ground.stop();
  }
}

await runAll('cookie', [...cognitoFaults, ...clusterFaults], { people });
// Of its own: everybody's tokens are an hour old at most, as they are by default, and young.
await runAll('cookie', [restartWithoutCognito], { people, tokenSeconds: 300, refreshAfter: 60 });
await withRedis(async (values, server) => {
  const restart = rollingRestart('rolling restart with redis', 'both replicas replaced, one after the other');
  await runAll('redis', [...redisFaults(server), restart], { people, ...values });
});

const table = tableOf(rows, { perSecond, model: os.cpus()[0]?.model ?? 'unknown CPU', cores: os.cpus().length });
mkdirSync('.cache/bench', { recursive: true });
writeFileSync('.cache/bench/faults.md', table);
console.log(`\n${table}\nWritten to .cache/bench/faults.md`);
if (words === undefined) {
  writeFileSync(page, putIn(readFileSync(page, 'utf8'), table));
  console.log(`and into ${page}`);
}
process.exit(rows.some(({ outcome }) => outcome.wronglyLetThrough > 0) ? 1 : 0);
