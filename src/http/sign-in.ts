import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { connectionsOf, keepRoom, openFilesAllowed, times } from './server.ts';
import type { Times } from './server.ts';
import { createTurns } from './turns.ts';

/** Forms of ours hold a few short fields. */
const bodyLimit = 16 * 1024;
const headerLimit = 64 * 1024;

/** Requests that wait for their turn; some tenths of a second of work. */
const waitingLimit = 1000;

export interface SignInServerDeps {
  readonly handler: (request: WebRequest) => Promise<WebResponse>;
  readonly failed: (error: unknown, id: string) => void;
  readonly times?: Times;
  /** How many connections it holds. */
  readonly connections?: number;
}

/** The sign-in port: hands each request to the sign-in handler and sends what it answers, decisions going first. */
export function createSignInServer(deps: SignInServerDeps): FastifyInstance {
  const { headersTimeout, connectionsCheckingInterval, ...rest } = deps.times ?? times;
  const turns = createTurns(waitingLimit);
  const app = Fastify({
    logger: false,
    http: { maxHeaderSize: headerLimit, headersTimeout, connectionsCheckingInterval },
    // Not among those of `http`, which fastify overwrites with its own: none.
    ...rest,
    bodyLimit,
    exposeHeadRoutes: false,
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else socket.end(rawRefusals[error.code ?? ''] ?? rawRefusal('400 Bad Request'));
    },
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
      const answered = turns.take(() => answer(deps, request, reply));
      if (answered !== undefined) return await answered;
      return reply.code(503).header('retry-after', '1').type('text/plain').send('too many at once, try again\n');
    },
  });
  keepRoom(app.server, deps.connections ?? connectionsOf.signIn(openFilesAllowed()));
  return app;
}

/** The connection ends with these, and says so: who keeps connections must not send the next request on it. */
const rawRefusal = (status: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: 0\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n`;

const rawRefusals: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: rawRefusal('408 Request Timeout'),
  HPE_HEADER_OVERFLOW: rawRefusal('431 Request Header Fields Too Large'),
};

async function answer(deps: SignInServerDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const id = randomBytes(5).toString('hex');
  const web = webRequest(request, id);
  if (web === undefined) return reply.code(400).type('text/plain').send('bad request\n');
  try {
    const { status, headers, cookies, body } = await deps.handler(web);
    void reply.code(status).headers(headers);
    for (const cookie of cookies) void reply.header('set-cookie', cookie);
    return await reply.send(body);
  } catch (error) {
    deps.failed(error, id);
    return reply.code(500).type('text/plain').send(`internal error ${id}\n`);
  }
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
