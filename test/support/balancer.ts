import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { listenOn } from './ports.ts';

export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * What a Service does for its Pods, without a cluster network: each connection goes to the next target that accepts
 * it. Targets are ports on loopback.
 */
export async function startBalancer(
  port: number,
  targets: readonly number[] | (() => readonly number[]),
): Promise<Balancer> {
  let turn = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    keep(client);
    turn += 1;
    const now = typeof targets === 'function' ? targets() : targets;
    join(
      client,
      now.map((_, index) => now[(turn + index) % now.length] ?? 0),
      keep,
    );
  });
  return {
    port: await listenOn(server, port),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function join(client: Socket, [port, ...others]: readonly number[], keep: (socket: Socket) => void): void {
  if (port === undefined) {
    client.destroy();
    return;
  }
  const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const next = (): void => join(client, others, keep);
  upstream.once('error', next);
  upstream.once('connect', () => {
    upstream.off('error', next);
    keep(upstream);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  });
}
