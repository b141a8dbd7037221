import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebRequest, WebResponse } from '../model/web.ts';

/** Forms of ours hold a few short fields. */
const bodyLimit = 16 * 1024;
const headerLimit = 64 * 1024;

/** The sign-in port: hands each request to the sign-in handler and sends what it answers. */
export function createSignInServer(deps: {
  handler: (request: WebRequest) => Promise<WebResponse>;
  failed: (error: unknown, id: string) => void;
}): FastifyInstance {
  const app = Fastify({
    logger: false,
    http: { maxHeaderSize: headerLimit, headersTimeout: 10_000, requestTimeout: 20_000 },
    keepAliveTimeout: 75_000,
    bodyLimit,
    exposeHeadRoutes: false,
    frameworkErrors: (_error, _request, reply) => {
      reply.hijack();
      reply.raw.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.setNotFoundHandler((_request, reply) => void reply.code(404).type('text/plain').send('not found\n'));
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const status =
      error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : 500;
    void reply
      .code(status)
      .type('text/plain')
      .send(status === 500 ? 'internal error\n' : 'bad request\n');
  });
  app.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'],
    url: '/*',
    handler: async (request, reply) => {
      const id = randomBytes(5).toString('hex');
      const web = webRequest(request, id);
      if (web === undefined) return reply.code(400).type('text/plain').send('bad request\n');
      try {
        const answer = await deps.handler(web);
        void reply.code(answer.status).headers(answer.headers);
        for (const cookie of answer.cookies) void reply.header('set-cookie', cookie);
        return await reply.send(answer.body);
      } catch (error) {
        deps.failed(error, id);
        return reply.code(500).type('text/plain').send(`internal error ${id}\n`);
      }
    },
  });
  return app;
}

/** Undefined where the request has no host or two of them. */
function webRequest(request: FastifyRequest, id: string): WebRequest | undefined {
  const host = hostName(request.headers.host);
  if (host === undefined) return undefined;
  const url = request.raw.url ?? '/';
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return {
    method: request.method,
    host,
    path,
    query: new URLSearchParams(question < 0 ? '' : url.slice(question + 1)),
    header,
    form: new URLSearchParams(typeof request.body === 'string' ? request.body : ''),
    id,
  };
}

/** `Shop.Example.com.:8443` → `shop.example.com`; ports are not part of a host (flows.md "Cookies"). */
export function hostName(header: string | undefined): string | undefined {
  const match = /^([A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?)\.?(?::\d{1,5})?$/.exec(header ?? '');
  return match?.[1]?.toLowerCase();
}
