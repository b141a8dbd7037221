import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createOutboundFetch } from '../../src/http/outbound.ts';
import { createAuthority } from '../support/certificates.ts';

let folder = '';
let ca = '';
let server: https.Server;
let proxy: http.Server;
let url = '';
const tunnels: string[] = [];
const portOf = (one: net.Server): number => (one.address() as AddressInfo).port;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cg-outbound-'));
  const authority = await createAuthority(folder);
  const { cert, key } = await authority.issue('server', ['127.0.0.1', 'localhost']);
  ca = await readFile(authority.cert, 'utf8');
  server = https.createServer({ cert: await readFile(cert), key: await readFile(key) }, (_request, response) =>
    response.end('hello'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${portOf(server)}/`;
  proxy = http.createServer();
  proxy.on('connect', (request, client) => {
    tunnels.push(request.url ?? '');
    const upstream = net.connect(portOf(server), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  server.closeAllConnections();
  server.close();
  proxy.closeAllConnections();
  proxy.close();
  await rm(folder, { recursive: true, force: true });
});

test('an extra CA is trusted, and without it the call fails', async () => {
  const trusting = createOutboundFetch({ extraCa: ca, env: {} });
  assert.equal(await (await trusting(url)).text(), 'hello');
  const strict = createOutboundFetch({ extraCa: undefined, env: {} });
  await assert.rejects(strict(url));
});

test('HTTPS_PROXY is used, NO_PROXY takes hosts out of it', async () => {
  const address = `http://127.0.0.1:${portOf(proxy)}`;
  const through = createOutboundFetch({ extraCa: ca, env: { HTTPS_PROXY: address } });
  assert.equal(await (await through(url)).text(), 'hello');
  assert.deepEqual(tunnels, [new URL(url).host]);
  const around = createOutboundFetch({ extraCa: ca, env: { https_proxy: address, no_proxy: '127.0.0.1' } });
  assert.equal(await (await around(url)).text(), 'hello');
  assert.equal(tunnels.length, 1);
});

test('many calls at once share a bounded number of connections to one host', async () => {
  let open = 0;
  let most = 0;
  const slow = http.createServer((_request, response) => setTimeout(() => response.end('late'), 100));
  slow.on('connection', (socket) => {
    open += 1;
    most = Math.max(most, open);
    socket.once('close', () => (open -= 1));
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const fetch = createOutboundFetch({ extraCa: undefined, env: {} });
  const answers = await Promise.all(
    Array.from({ length: 300 }, async () => await (await fetch(`http://127.0.0.1:${portOf(slow)}/`)).text()),
  );
  assert.ok(answers.every((text) => text === 'late'));
  assert.ok(most <= 128, String(most));
  slow.closeAllConnections();
  slow.close();
});
