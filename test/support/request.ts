import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Complete Set-Cookie values. */
  readonly cookies: readonly string[];
  readonly body: string;
}

export interface AskInput {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** PEM text of the CA to trust. */
  readonly ca?: string;
  /** The raw request target, where a URL parser would change it. */
  readonly target?: string;
}

/** Headers of a WebSocket handshake. */
export const webSocketHeaders = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
} as const;

/**
 * One request on a connection of its own; no redirect is followed. Names under `.localhost` are loopback (RFC 6761),
 * which browsers know and not every resolver does.
 */
export async function ask(address: string, input: AskInput = {}): Promise<Answer> {
  const url = new URL(address);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const options = {
    host: '127.0.0.1',
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
    servername: url.hostname,
    path: input.target ?? `${url.pathname}${url.search}`,
    method: input.method ?? 'GET',
    headers: { host: url.host, ...input.headers },
    agent: false,
    ...(input.ca === undefined ? {} : { ca: input.ca }),
  };
  return await new Promise((resolve, reject) => {
    const request = send(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { headers } = response;
        const body = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers, cookies: headers['set-cookie'] ?? [], body });
      });
    });
    request.on('error', reject);
    request.on('upgrade', ({ statusCode, headers }, socket) => {
      socket.destroy();
      resolve({ status: statusCode ?? 0, headers, cookies: [], body: '' });
    });
    request.end(input.body);
  });
}
