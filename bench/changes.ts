/**
 * `make bench-changes`: 1,000 protected Ingresses with their policies on a real API server, two replicas, Traefik in
 * front; then 200 changes, one after the other. How long from `apply` until both replicas decide by it and the Ingress
 * is wired, and until a client sees it through Traefik.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateCluster } from '../test/support/gate-cluster.ts';
import { freePort } from '../test/support/ports.ts';
import { startTraefik } from '../test/support/traefik.ts';
import type { Traefik } from '../test/support/traefik.ts';
import { startBlockWatch } from './blocks.ts';
import { fill, settled } from './filling.ts';
import { median, percentile } from './figures.ts';
import { kinds } from './kinds.ts';
import { createObserver } from './observer.ts';
import type { Took } from './observer.ts';
import { placeOf } from './thousand.ts';

const count = Number(process.env['INGRESSES'] ?? 1000);
const changes = Number(process.env['CHANGES'] ?? 200);

const gate = await startGateCluster({
  values: { log: { level: 'info' } },
  hosts: ['*.bench.localhost'],
  // What Node gives itself within the chart's limit of 512 MiB; with more it collects garbage later.
  env: { NODE_OPTIONS: '--max-old-space-size=256' },
});
let front: Traefik | undefined;
let failed = false;
try {
  const before = performance.now();
  const appPort = await fill(gate, count, Math.ceil(changes / kinds.length));
  await settled(gate, count);
  const filledIn = performance.now() - before;
  // Only now, so that it doesn't take processor time away while the bench fills.
  front = await startTraefik({
    cluster: gate.cluster,
    folder: join(gate.folder, 'front'),
    httpPort: await freePort(),
    httpsPort: gate.port,
    tls: gate.tls,
  });
  const observer = await createObserver(gate);
  const blocks = startBlockWatch(gate, placeOf('shop', 0).routeId);
  await sleep(2000);
  const quiet = await blocks.read();
  const took = new Map<string, Took[]>(kinds.map(({ name }) => [name, []]));
  // Stopped early, it says what it has measured.
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  for (let index = 0; index < changes && !stop.signal.aborted; index += 1) {
    if (index % 20 === 19) console.log(`(${index + 1} changes)`);
    const kind = kinds[index % kinds.length];
    if (kind === undefined) break;
    const change = kind.prepare(Math.floor(index / kinds.length), appPort);
    took.get(kind.name)?.push(await observer.measure(change));
    await sleep(50);
  }
  const during = await blocks.read();
  await blocks.stop();
  observer.stop();
  const all = [...took.values()].flat();
  const line = (name: string, rows: readonly Took[]): string => {
    const cells = (['decided', 'ready', 'seen'] as const).flatMap((what) => {
      const values = rows.map((row) => row[what]);
      return [median(values), percentile(values, 0.99)].map((value) => String(Math.round(value)).padStart(6));
    });
    return `${name.padEnd(44)} ${cells.join(' ')}`;
  };
  const model = os.cpus()[0]?.model ?? 'unknown CPU';
  console.log(
    `\n${model}, ${os.cpus().length} cores, node ${process.version}; API server, etcd, 2 replicas, Traefik on it`,
  );
  console.log(
    `${count} Ingresses with policies, filled and settled in ${(filledIn / 1000).toFixed(0)} s; ${all.length} changes`,
  );
  console.log(`\nmilliseconds after apply                      decided     + wired   seen through`);
  console.log(`                                              everywhere               Traefik`);
  console.log(`change                                         p50    p99    p50    p99    p50    p99`);
  for (const [name, rows] of took) console.log(line(name, rows));
  console.log(line('all', all));
  const show = (values: readonly number[]): string =>
    `p50 ${median(values).toFixed(1)}, p99 ${percentile(values, 0.99).toFixed(1)}, longest ${Math.max(...values).toFixed(1)} ms`;
  console.log(`\nan answer of a decision port, quiet:          ${show(quiet)}`);
  console.log(`an answer of a decision port, during changes: ${show(during)}`);
  const memory: number[] = [];
  for (const replica of gate.replicas) {
    const text = await replica.metrics();
    memory.push(Number(/^process_resident_memory_bytes (.+)$/m.exec(text)?.[1]));
  }
  console.log(`resident memory of the replicas: ${memory.map((bytes) => `${Math.round(bytes / 1e6)} MB`).join(', ')}`);
  const p99 = percentile(
    all.map(({ ready }) => ready),
    0.99,
  );
  const met = p99 < 1000;
  console.log(
    `\ngoal: apply → decided and wired on both replicas, p99 < 1000 ms: ${Math.round(p99)}, ${met ? 'met' : 'NOT met'}`,
  );
  mkdirSync('.cache/bench', { recursive: true });
  const goals = [{ name: 'change decided and wired, p99 ms', value: p99, goal: 1000, met }];
  writeFileSync(
    '.cache/bench/changes.json',
    `${JSON.stringify({ took: Object.fromEntries(took), memory, goals }, null, 2)}\n`,
  );
} catch (error) {
  failed = true;
  console.error(error);
} finally {
  await front?.stop();
  await gate.stop();
}
process.exit(failed ? 1 : 0);
