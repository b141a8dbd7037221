import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { GateCluster } from '../test/support/gate-cluster.ts';

/** Follows the decision ports from a thread of its own (block-probe.ts). */
export function startBlockWatch(
  { replicas }: GateCluster,
  routeId: string,
): { read(): Promise<readonly number[]>; stop(): Promise<void> } {
  const ports = replicas.map((replica) => replica.ports.decisions);
  const worker = new Worker(new URL('./block-probe.ts', import.meta.url), { workerData: { ports, routeId } });
  return {
    /** Milliseconds of every answer since it was last read. */
    read: async () => {
      const answer = once(worker, 'message');
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage('read');
      const [took] = (await answer) as [readonly number[]];
      return took;
    },
    stop: async () => void (await worker.terminate()),
  };
}
