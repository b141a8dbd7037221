import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { errorFromStatus, KubeApiError } from './api-error.ts';
import type { Connection } from './connection.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** Ways to the API server over connections that are kept. */
export interface Transport {
  /** The whole answer, as JSON. Ends within `timeoutMs`, whatever happens. */
  json(call: Call): Promise<unknown>;
  /** The head of an answer that stays open; given up once nothing came for `idleMs`. */
  stream(call: Call, idleMs: number): Promise<IncomingMessage>;
  close(): void;
}

/** Less than the 90 s after which the API server closes an idle connection (net/http IdleTimeout of k8s.io/apiserver). */
const idleSocketMs = 60_000;

export function createTransport(connection: Connection, timeoutMs = 30_000): Transport {
  const { server } = connection;
  const secure = server.protocol === 'https:';
  const agent = new (secure ? https : http).Agent({ keepAlive: true, keepAliveMsecs: 30_000, timeout: idleSocketMs });

  async function open(call: Call, idleMs: number | undefined): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const headers = { ...(await headersFor(connection, call)), ...lengthOf(body) };
    const options = {
      method: call.method,
      headers,
      agent,
      ...(secure && tlsFor(connection)),
      ...(call.signal && { signal: call.signal }),
    };
    return await new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(urlOf(server, call), options, (response) => {
        if (idleMs !== undefined) response.setTimeout(idleMs, () => response.destroy(silent(call, idleMs)));
        resolve(response);
      });
      request.on('error', reject);
      if (idleMs !== undefined) request.setTimeout(idleMs, () => request.destroy(silent(call, idleMs)));
      request.end(body);
    });
  }

  return {
    async json(call) {
      const limit = AbortSignal.timeout(timeoutMs);
      const signal = call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]);
      try {
        const response = await open({ ...call, signal }, undefined);
        return parsed(await textOf(response), response, call);
      } catch (error) {
        if (limit.aborted && call.signal?.aborted !== true) throw silent(call, timeoutMs);
        throw networkError(error, call);
      }
    },
    async stream(call, idleMs) {
      try {
        const response = await open(call, idleMs);
        return isGood(response) ? response : (parsed(await textOf(response), response, call), response);
      } catch (error) {
        throw networkError(error, call);
      }
    },
    close: () => agent.destroy(),
  };
}

async function headersFor(connection: Connection, call: Call): Promise<Record<string, string>> {
  return {
    accept: 'application/json',
    'user-agent': 'cognito-gate',
    ...(call.body !== undefined && { 'content-type': call.contentType ?? 'application/json' }),
    ...(await connection.headers()),
  };
}

/** Node sends the body of a DELETE without saying that there is one. */
function lengthOf(body: Buffer | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(body.length) };
}

/** Handed over with each request: the agent keeps connections by these, so that a replaced CA gets connections of its own. */
function tlsFor(connection: Connection): https.RequestOptions {
  return { ...connection.tls() };
}

/** The server may be reached below a path (Rancher, `kubectl proxy --api-prefix`). */
function urlOf(server: URL, { path, query }: Call): URL {
  const url = new URL(server);
  url.pathname = server.pathname.replace(/\/$/, '') + path;
  url.search = new URLSearchParams(query).toString();
  return url;
}

export function callName({ method, path }: Call): string {
  return `${method} ${path}`;
}

function isGood(response: IncomingMessage): boolean {
  const status = response.statusCode ?? 0;
  return status >= 200 && status < 300;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return text;
}

/** A refusal may come from something between us and the API server, so only that of a good answer must be JSON. */
function parsed(text: string, response: IncomingMessage, call: Call): unknown {
  const status = response.statusCode ?? 0;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    if (isGood(response))
      throw new KubeApiError({ status: 0, reason: 'Malformed' }, `${callName(call)}: the answer is no JSON`, {
        cause: error,
      });
  }
  if (!isGood(response)) throw errorFromStatus(body, status, callName(call), response.headers['retry-after']);
  return body;
}

function silent(call: Call, ms: number): KubeApiError {
  return new KubeApiError({ status: 0, reason: 'Timeout' }, `${callName(call)}: nothing came for ${ms / 1000} s`);
}

/** Whatever else went wrong on the way: refused, reset, no such host, a certificate, a token file that can't be read. */
export function networkError(error: unknown, call: Call): KubeApiError {
  if (error instanceof KubeApiError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const reason = cause.name === 'AbortError' ? 'Aborted' : 'Network';
  return new KubeApiError({ status: 0, reason }, `${callName(call)}: ${cause.message}`, { cause });
}
