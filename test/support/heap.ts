import { once } from 'node:events';
import { freePort } from './ports.ts';

/** What the program holds after everything that can go has gone. */
export interface Heap {
  /** Bytes: objects of JavaScript and the buffers behind them. */
  used(): Promise<number>;
  close(): void;
}

/** Starts something with node's inspector on in its child processes, so that its heap can be looked into. */
export async function withHeap<T>(start: () => Promise<T>): Promise<{ readonly started: T; readonly heap: Heap }> {
  const port = await freePort();
  const before = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = `--inspect=127.0.0.1:${port} --inspect-publish-uid=http`;
  try {
    const started = await start();
    return { started, heap: await attach(port) };
  } finally {
    if (before === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = before;
  }
}

/** Lines that node itself writes when somebody attaches. */
export const inspectorLine = /^(?:Debugger |For help, see|Starting inspector)/;

async function attach(port: number): Promise<Heap> {
  const list = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(list[0]?.webSocketDebuggerUrl ?? '');
  await once(socket, 'open');
  const waiting = new Map<number, (result: unknown) => void>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  const call = (method: string): Promise<unknown> =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      socket.send(JSON.stringify({ id: last, method }));
    });
  await call('HeapProfiler.enable');
  return {
    used: async () => {
      await call('HeapProfiler.collectGarbage');
      const usage = (await call('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize?: number };
      return usage.usedSize + (usage.backingStorageSize ?? 0);
    },
    close: () => socket.close(),
  };
}
