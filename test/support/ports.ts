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

const portsOfProcess = 50;
let handedOut = 0;

/**
 * A port that nobody listens on just now and that no other test file is given: each process has a range of its own,
 * below the ports that the system hands out. Otherwise two files that run at once may meet each other's program.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < portsOfProcess; tries += 1) {
    const port = 10_000 + (process.pid % 400) * portsOfProcess + (handedOut % portsOfProcess);
    handedOut += 1;
    const server = createServer();
    const listening = await listenOn(server, port).catch(() => undefined);
    if (listening === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error(`none of the ${portsOfProcess} ports of this process is free`);
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
