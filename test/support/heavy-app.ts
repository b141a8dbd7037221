import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { listenOn } from './ports.ts';

export interface HeavyApp {
  readonly port: number;
  /** The next part of a streamed response is sent only now. */
  next(): void;
  close(): Promise<void>;
}

async function received(request: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return `${bytes} ${hash.digest('hex')}`;
}

/** An app that says what of an upload came, and whose `/stream` sends three parts, each when it is told to. */
export async function startHeavyApp(): Promise<HeavyApp> {
  let told = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url !== '/stream') {
        response.end(await received(request));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/plain' });
      for (const part of ['one', 'two', 'three']) {
        response.write(`${part}\n`);
        await told.promise;
        told = Promise.withResolvers();
      }
      response.end();
    })();
  });
  return {
    port: await listenOn(server, 0),
    next: () => told.resolve(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
