import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Starts to listen on loopback and says on which port; 0 asks for a free one. */
export async function listenOn(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Fails with the port's number and the variable that moves it when somebody listens there already. */
export async function assertPortFree(port: number, purpose: string, variable: string): Promise<void> {
  const server = createServer();
  try {
    await listenOn(server, port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const why = code === 'EADDRINUSE' ? 'is in use already' : `cannot be listened on (${code})`;
    throw new Error(`Port ${port} (${purpose}) ${why}; set ${variable} to another one`, { cause: error });
  }
  await new Promise((resolve) => server.close(resolve));
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Waits until something accepts connections on the port, or `gaveUp` says why it never will. */
export async function waitForPort(port: number, gaveUp: () => string | undefined, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await answers(port))) {
    const reason = gaveUp();
    if (reason !== undefined) throw new Error(reason);
    if (Date.now() > end) throw new Error(`Nothing answers on port ${port} after ${timeoutMs} ms`);
    await sleep(20);
  }
}
