import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { collectGenuine, fuzzStack } from '../fuzz/genuine.ts';
import type { Genuine } from '../fuzz/genuine.ts';
import { withHeap } from '../support/heap.ts';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack, StackOptions } from '../support/stack.ts';
import type { ClockInput, ClockReading } from './decision-clock.ts';

/** The whole product, with somebody who asks for decisions all the time. */
export interface Watched {
  readonly stack: Stack;
  readonly genuine: Genuine;
  /** Decisions since the last reading. */
  decisions(): Promise<ClockReading>;
  /** Bytes after a collection. */
  heap(): Promise<number>;
  /** Bytes that the process has from the system. */
  resident(): Promise<number>;
  stop(): Promise<void>;
}

export async function startWatched(options: StackOptions = {}): Promise<Watched> {
  // An attack writes a line for each refusal otherwise, and the disk is measured.
  const quiet = { ...fuzzStack, config: { log: { level: 'warn' } }, ...options };
  const { started: stack, heap } = await withHeap(() => startStack(quiet));
  const genuine = await collectGenuine(stack);
  const [name, session] = genuine.session;
  const workerData: ClockInput = {
    port: Number(new URL(stack.decisions).port),
    path: `/nginx/${genuine.routes.shop}`,
    url: `https://${stackHosts.shop}/admin`,
    cookie: `${name}=${session}`,
  };
  const clock = new Worker(new URL('decision-clock.ts', import.meta.url), { workerData, execArgv: [] });
  return {
    stack,
    genuine,
    decisions: async () => {
      clock.postMessage('read', []);
      return ((await once(clock, 'message')) as [ClockReading])[0];
    },
    heap: () => heap.used(),
    resident: async () => Number(/^process_resident_memory_bytes (\S+)/m.exec(await stack.metrics())?.[1] ?? 0),
    stop: async () => {
      await clock.terminate();
      heap.close();
      await stack.stop();
    },
  };
}
