import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { PlaneAnswer } from '../planes/nginx.ts';
import type { Decider } from './decider.ts';
import { connectionsOf, keepRoom, openFilesAllowed, times } from './server.ts';
import type { Times } from './server.ts';

/**
 * What node's parser takes. The decider refuses above 64 KiB; the parser's own limit is higher, because what
 * it refuses is a bare 431, which auth_request turns into 500 (case N35).
 */
const parserLimit = 256 * 1024;

const refusal = { 'content-length': '0', 'cache-control': 'no-store' };
const rawRefusal =
  'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n';
const prefix = '/nginx/';

export interface DecisionServerDeps {
  readonly decider: Decider;
  /** Seconds from the request's headers to its answer. */
  readonly observe: (seconds: number) => void;
  /** Told of an answer that could not be sent; it was refused. */
  readonly failed: (error: unknown) => void;
  readonly times?: Times;
  /** How many connections it holds. */
  readonly connections?: number;
}

/**
 * The decision port: `/nginx/<routeId>`, any method. Answers 200, 401 or 403 and nothing else; NGINX makes 500 of
 * every other status. Decisions are answered ahead of fastify's routing (docs/decisions), everything else is its 403.
 */
export function createDecisionServer(deps: DecisionServerDeps): FastifyInstance {
  const app = Fastify({
    logger: false,
    serverFactory: (handler) => createServer(deps, handler),
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(rawRefusal);
      else socket.destroy();
    },
    frameworkErrors: (_error, _request, reply) => {
      reply.hijack();
      reply.raw.writeHead(403, refusal).end();
    },
  });
  app.setNotFoundHandler((_request, reply) => void reply.code(403).headers(refusal).send());
  app.setErrorHandler((_error, _request, reply) => void reply.code(403).headers(refusal).send());
  return app;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function createServer(deps: DecisionServerDeps, others: Handler): http.Server {
  const { connectionTimeout, ...rest } = deps.times ?? times;
  const options = {
    ...rest,
    maxHeaderSize: parserLimit,
    // Node's own answers to these are 400 and 417, which NGINX would make 500 of.
    requireHostHeader: false,
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const routeId = routeIdOf(request.url ?? '');
    if (routeId === undefined) others(request, response);
    else decideAndAnswer(deps, routeId, request, response);
  };
  const server = http.createServer(options, answer).on('checkExpectation', answer);
  server.setTimeout(connectionTimeout);
  keepRoom(server, deps.connections ?? connectionsOf.decisions(openFilesAllowed()));
  return server;
}

function decideAndAnswer(
  deps: DecisionServerDeps,
  routeId: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const started = performance.now();
  // Whatever fails here, a header that node doesn't send included: uncaught, it would end the program for everybody.
  const fail = (error: unknown): void => {
    deps.failed(error);
    response.writeHead(403, refusal).end();
  };
  const send = (answer: PlaneAnswer): void => {
    deps.observe((performance.now() - started) / 1000);
    response.writeHead(answer.status, answer.headers).end();
  };
  try {
    const answer = deps.decider(routeId, request.rawHeaders);
    if (answer instanceof Promise) void answer.then(send).catch(fail);
    else send(answer);
  } catch (error) {
    fail(error);
  }
}

/** A query changes nothing (case T24.6); a further segment is no route of ours. */
function routeIdOf(url: string): string | undefined {
  if (!url.startsWith(prefix)) return undefined;
  const question = url.indexOf('?');
  const id = url.slice(prefix.length, question < 0 ? url.length : question);
  return id === '' || id.includes('/') ? undefined : id;
}
