/**
 * A thread of its own: asks each decision port every few milliseconds, and tells how long the longest answer took since
 * it was last asked. What a replica does beside decisions shows here.
 */
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { witness } from './witness.ts';

const { ports, routeId } = workerData as { readonly ports: readonly number[]; readonly routeId: string };
const everyMs = 4;
let took: number[] = [];

async function ask(port: number, agent: Agent): Promise<void> {
  const begun = performance.now();
  await new Promise<void>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, agent, path: `/nginx/${routeId}`, headers: witness('probe', '/') });
    call.once('response', (answer) => answer.resume().once('end', resolve));
    call.once('error', reject);
    call.end();
  });
  took.push(performance.now() - begun);
}

async function follow(port: number): Promise<never> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (;;) {
    await ask(port, agent);
    await sleep(everyMs);
  }
}

parentPort?.on('message', () => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(took);
  took = [];
});
await Promise.all(ports.map(follow));
