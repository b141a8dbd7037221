import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { appPage } from './app-page.ts';
import { listenOn } from './ports.ts';
import type { Duplex } from 'node:stream';

/** What the app saw of one request. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface App {
  readonly port: number;
  /** Requests that reached it, WebSocket handshakes included. */
  readonly requests: number;
  readonly upgrades: number;
  readonly last: Received | undefined;
  close(): Promise<void>;
}

/** The fixed part of the handshake's answer (RFC 6455, section 1.3). */
const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function read(request: IncomingMessage): Received {
  return { method: request.method ?? '', path: request.url ?? '', headers: request.headers };
}

function answer(response: ServerResponse, name: string, received: Received): void {
  const html = String(received.headers['accept'] ?? '').includes('text/html');
  const type = html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  const body = html ? appPage(name, received) : `${JSON.stringify({ app: name, ...received }, undefined, 2)}\n`;
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

/** The sample app: answers 200 with what it received, to whoever gets through. */
export async function startApp(name: string, port = 0): Promise<App> {
  const seen: { requests: number; upgrades: number; last: Received | undefined } = {
    requests: 0,
    upgrades: 0,
    last: undefined,
  };
  // As much as NGINX passes: what is refused here would look like a refusal of ours.
  const server = createServer({ maxHeaderSize: 256 * 1024 }, (request, response) => {
    seen.requests += 1;
    seen.last = read(request);
    request.resume();
    answer(response, name, seen.last);
  });
  // A server forgets about a connection once it is upgraded.
  const sockets = new Set<Duplex>();
  server.on('upgrade', (request, socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    seen.requests += 1;
    seen.upgrades += 1;
    seen.last = read(request);
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1')
      .update(key + webSocketGuid)
      .digest('base64');
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
    ];
    socket.on('error', () => socket.destroy());
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
  const used = await listenOn(server, port);
  return {
    port: used,
    get requests() {
      return seen.requests;
    },
    get upgrades() {
      return seen.upgrades;
    },
    get last() {
      return seen.last;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
