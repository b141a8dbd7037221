import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Cluster } from './cluster/cluster.ts';
import { listenOn } from './ports.ts';

export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Answers in place of the API server when it wants to: true once it has. */
type Fault = (request: Passing, response: ServerResponse) => boolean;

/** What an API server can't be made to do on request: it stands in front of a real one, and passes on all the rest. */
export class ApiProxy {
  readonly #cluster: Cluster;
  readonly #agent: Agent;
  readonly #faults = new Set<Fault>();
  readonly #server = createServer((request, response) => this.#receive(request, response));
  #cuts = 0;
  #url = '';

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#agent = new Agent({ keepAlive: true, ca: cluster.ca });
  }

  static async start(cluster: Cluster): Promise<ApiProxy> {
    const proxy = new ApiProxy(cluster);
    proxy.#url = `http://127.0.0.1:${await listenOn(proxy.#server, 0)}`;
    // A test that fails before its end must not hang by it.
    proxy.#server.unref();
    return proxy;
  }

  get url(): string {
    return this.#url;
  }

  /** Until the function that it answers is called. */
  fault(fault: Fault): () => void {
    this.#faults.add(fault);
    return () => void this.#faults.delete(fault);
  }

  /** The next `times` events of watches arrive by half, and the connection is gone. */
  cut(times: number): void {
    this.#cuts = times;
  }

  get cutsLeft(): number {
    return this.#cuts;
  }

  /** As when the network goes: every connection, without a word. */
  reset(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.#cluster.server);
    const passing = { method: request.method ?? '', path: url.pathname, query: url.searchParams };
    if ([...this.#faults].some((fault) => fault(passing, response))) return void request.resume();
    // So that lists of a test have several pages.
    if (url.searchParams.has('limit')) url.searchParams.set('limit', '2');
    const headers = { ...request.headers, host: url.host };
    const upstream = httpsRequest(url, { method: passing.method, headers, agent: this.#agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      const isWatch = passing.query.has('watch');
      answer.on('data', (chunk: Buffer) => this.#pass(chunk, response, isWatch));
      answer.on('end', () => response.end());
      answer.on('error', () => response.destroy());
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }

  #pass(chunk: Buffer, response: ServerResponse, isWatch: boolean): void {
    if (!isWatch || this.#cuts === 0) return void response.write(chunk);
    this.#cuts -= 1;
    response.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => response.socket?.destroy());
  }
}

/** As an API server answers that has an error to tell. */
export function answerStatus(response: ServerResponse, code: number, headers: Record<string, string> = {}): boolean {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason: reasons[code],
    message: `made ${code}`,
  };
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(status));
  return true;
}

const reasons: Readonly<Record<number, string>> = { 410: 'Expired', 429: 'TooManyRequests', 500: 'InternalError' };
