/**
 * The two servers that the decision endpoint is measured beside: the least that node can do with the same
 * answer, and the same answer as a plain fastify route. Run as a child: `node bench/peers.ts bare|fastify PORT`.
 */
import http from 'node:http';
import Fastify from 'fastify';

/** The headers of our own 200 for the benchmark's person, handed over so that the bytes are equal. */
const headers: Record<string, string> = JSON.parse(process.env['BENCH_HEADERS'] ?? '{}') as Record<string, string>;
const [kind, portText] = process.argv.slice(2);
const port = Number(portText);

if (kind === 'bare') {
  http
    .createServer((_request, response) => {
      response.writeHead(200, headers);
      response.end();
    })
    .listen({ port, host: '127.0.0.1', backlog: 4096 });
} else {
  const app = Fastify({ logger: false });
  app.all('/nginx/:routeId', (_request, reply) => void reply.code(200).headers(headers).send());
  await app.listen({ port, host: '127.0.0.1', backlog: 4096 });
}
