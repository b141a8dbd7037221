import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Connection } from '../../src/kubernetes/connection.ts';
import { listenOn } from './ports.ts';

export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
  readonly [field: string]: unknown;
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
}

/** Answers instead of the API when it wants to: true once it has. */
type Fault = (request: Received, response: ServerResponse) => boolean;

/**
 * One collection of the Kubernetes API over plain HTTP, for what a real one can't be made to do on request. It keeps
 * objects by name, counts versions, refuses a stale replacement, serves lists in pages and watches from a version.
 */
export class FakeApi {
  readonly requests: Received[] = [];
  readonly #faults: Fault[] = [];
  readonly #objects = new Map<string, FakeObject>();
  readonly #events: { readonly version: number; readonly line: string }[] = [];
  readonly #watches = new Set<ServerResponse>();
  readonly #server = http.createServer((request, response) => void this.#receive(request, response));
  #connections = 0;
  #version = 10;
  #pageSize = Infinity;
  #isSilent = false;
  #url = '';

  async start(): Promise<this> {
    this.#server.on('connection', () => (this.#connections += 1));
    this.#url = `http://127.0.0.1:${await listenOn(this.#server, 0)}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  connection(): Connection {
    return { server: new URL(this.#url), tls: () => ({}), headers: async () => ({ authorization: 'Bearer test' }) };
  }

  get connections(): number {
    return this.#connections;
  }

  get watching(): number {
    return this.#watches.size;
  }

  lists(): readonly Received[] {
    return this.requests.filter(({ method, query }) => method === 'GET' && query.has('limit'));
  }

  watches(): readonly Received[] {
    return this.requests.filter(({ query }) => query.has('watch'));
  }

  put(object: FakeObject): void {
    const type = this.#objects.has(object.metadata.name) ? 'MODIFIED' : 'ADDED';
    this.#store(type, object);
  }

  remove(name: string): void {
    const object = this.#objects.get(name);
    if (object !== undefined) this.#store('DELETED', object);
  }

  /** Away without an event: as a list finds it after the stream was lost. */
  removeSilently(name: string): void {
    this.#objects.delete(name);
    this.#version += 1;
  }

  object(name: string): FakeObject | undefined {
    return this.#objects.get(name);
  }

  pages(size: number): void {
    this.#pageSize = size;
  }

  /** The next requests that it takes are its own. */
  fault(fault: Fault): () => void {
    this.#faults.push(fault);
    return () => void this.#faults.splice(this.#faults.indexOf(fault), 1);
  }

  /** The next `times` requests of this sort are answered with this status. */
  refuse(sort: 'list' | 'watch' | 'any', status: number, times = 1, headers: Record<string, string> = {}): () => void {
    let left = times;
    return this.fault(({ query }, response) => {
      const is = query.has('watch') ? 'watch' : query.has('limit') ? 'list' : 'other';
      if (left === 0 || (sort !== 'any' && sort !== is)) return false;
      left -= 1;
      answer(
        response,
        status,
        { kind: 'Status', code: status, reason: `Reason${status}`, message: `made ${status}` },
        headers,
      );
      return true;
    });
  }

  /** Takes connections and requests, and answers none: an API server that hangs. */
  hang(isSilent: boolean): void {
    this.#isSilent = isSilent;
  }

  send(bytes: string | Buffer): void {
    for (const watch of this.#watches) watch.write(bytes);
  }

  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  resetWatches(): void {
    for (const watch of this.#watches) watch.socket?.resetAndDestroy();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://api');
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    const received = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
    this.requests.push(received);
    if (this.#isSilent || this.#faults.some((fault) => fault(received, response))) return;
    if (received.query.has('watch')) this.#watch(received.query, response);
    else if (received.query.has('limit')) this.#list(received.query, response);
    else this.#one(received, response);
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const start = Number(query.get('continue') ?? 0);
    const all = [...this.#objects.values()];
    const next = start + this.#pageSize;
    const metadata = { resourceVersion: String(this.#version), ...(next < all.length && { continue: String(next) }) };
    answer(response, 200, { kind: 'ThingList', apiVersion: 'v1', metadata, items: all.slice(start, next) });
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
    const from = Number(query.get('resourceVersion'));
    for (const { version, line } of this.#events) if (version > from) response.write(line);
  }

  #one({ method, path, body }: Received, response: ServerResponse): void {
    const name = path.split('/').pop() ?? '';
    const sent = body as FakeObject;
    const there = this.#objects.get(method === 'POST' ? sent.metadata.name : name);
    if (method === 'POST') {
      if (there !== undefined) return refuse(response, 409, 'AlreadyExists');
      return answer(response, 201, this.#store('ADDED', sent));
    }
    if (there === undefined) return refuse(response, 404, 'NotFound');
    if (method === 'PUT') {
      const stale = sent.metadata.resourceVersion !== there.metadata.resourceVersion;
      return stale ? refuse(response, 409, 'Conflict') : answer(response, 200, this.#store('MODIFIED', sent));
    }
    if (method === 'DELETE') this.remove(name);
    answer(response, 200, there);
  }

  #store(type: 'ADDED' | 'MODIFIED' | 'DELETED', { metadata, ...rest }: FakeObject): FakeObject {
    this.#version += 1;
    const uid = metadata.uid ?? this.#objects.get(metadata.name)?.metadata.uid ?? `uid-${this.#version}`;
    const object = { ...rest, metadata: { ...metadata, uid, resourceVersion: String(this.#version) } };
    if (type === 'DELETED') this.#objects.delete(metadata.name);
    else this.#objects.set(metadata.name, object);
    const line = eventLine(type, object);
    this.#events.push({ version: this.#version, line });
    this.send(line);
    return object;
  }
}

export function eventLine(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function answer(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  answer(response, code, { kind: 'Status', code, reason, message: `made ${reason}` });
}
