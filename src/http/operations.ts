import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { connectionsOf, keepRoom, openFilesAllowed, times } from './server.ts';

/** The operations port: liveness, readiness and metrics; never routed through an ingress (case M5). */
export function createOperationsServer(deps: {
  ready: () => string | undefined;
  metrics: () => Promise<string>;
}): FastifyInstance {
  const { headersTimeout, connectionsCheckingInterval, ...rest } = times;
  const http = { headersTimeout, connectionsCheckingInterval };
  const app = Fastify({ logger: false, http, ...rest });
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const why = deps.ready();
    return reply
      .code(why === undefined ? 200 : 503)
      .type('text/plain')
      .send(why === undefined ? 'ready\n' : `not ready: ${why}\n`);
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.metrics()),
  );
  keepRoom(app.server, connectionsOf.operations(openFilesAllowed()));
  return app;
}
