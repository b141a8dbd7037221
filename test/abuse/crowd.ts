import net from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Many connections that ask for little and stay. */
export interface Crowd {
  /** How many the server still holds. */
  readonly open: number;
  /** How many never came to be. */
  readonly refused: number;
  /** Milliseconds until the last one was let go. */
  gone(): Promise<number>;
  leave(): void;
}

export interface CrowdInput {
  readonly port: number;
  readonly size: number;
  /** Sent at once. */
  readonly first: string;
  /** Sent again and again, every second. */
  readonly drip?: string;
}

/** Opens a hundred at a time: a backlog is no subject here. */
export async function gather(input: CrowdInput): Promise<Crowd> {
  const started = performance.now();
  const sockets = new Set<Socket>();
  let refused = 0;
  const join = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = net.connect(input.port, '127.0.0.1', () => {
        if (input.first !== '') socket.write(input.first, 'latin1');
        resolve();
      });
      sockets.add(socket);
      socket.resume();
      socket.once('error', () => {
        refused += 1;
        resolve();
      });
      socket.once('close', () => sockets.delete(socket));
    });
  for (let count = 0; count < input.size; count += 100) {
    await Promise.all(Array.from({ length: Math.min(100, input.size - count) }, join));
  }
  const { drip } = input;
  const timer = setInterval(() => {
    if (drip !== undefined) for (const socket of sockets) socket.write(drip, 'latin1');
  }, 1000);
  return {
    get open() {
      return sockets.size;
    },
    get refused() {
      return refused;
    },
    gone: async () => {
      while (sockets.size > 0) await sleep(50);
      clearInterval(timer);
      return performance.now() - started;
    },
    leave: () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
