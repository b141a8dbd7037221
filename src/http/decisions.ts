import { performance } from 'node:perf_hooks';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { Decider } from './decider.ts';

/**
 * What node's parser takes. The decider refuses above 64 KiB; the parser's own limit is higher, because what
 * it refuses is a bare 431, which auth_request turns into 500 (case N35).
 */
const parserLimit = 256 * 1024;

const refusal = { 'content-length': '0', 'cache-control': 'no-store' };
const rawRefusal = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n';

/**
 * The decision port: `/nginx/<routeId>`, any method. Answers 200, 401 or 403 and nothing else; whatever fastify
 * itself would answer (404, 400, 415, 500) is 403 here, because NGINX makes 500 of everything but those three.
 */
export function createDecisionServer(deps: { decider: Decider; observe: (seconds: number) => void }): FastifyInstance {
  const app = Fastify({
    logger: false,
    http: { maxHeaderSize: parserLimit, headersTimeout: 10_000, requestTimeout: 15_000 },
    keepAliveTimeout: 75_000,
    exposeHeadRoutes: false,
    bodyLimit: 1024,
    frameworkErrors: (_error, _request, reply) => {
      reply.hijack();
      reply.raw.writeHead(403, refusal).end();
    },
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(rawRefusal);
      else socket.destroy();
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  app.setNotFoundHandler((_request, reply) => void reply.code(403).headers(refusal).send());
  app.setErrorHandler((_error, _request, reply) => void reply.code(403).headers(refusal).send());
  app.all<{ Params: { routeId: string } }>('/nginx/:routeId', (request, reply) => {
    const started = performance.now();
    const answer = deps.decider(request.params.routeId, request.raw.rawHeaders);
    const send = (ready: Awaited<typeof answer>): void => {
      deps.observe((performance.now() - started) / 1000);
      void reply.code(ready.status).headers(ready.headers).send();
    };
    if (answer instanceof Promise) void answer.then(send);
    else send(answer);
  });
  return app;
}
