import assert from 'node:assert/strict';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { createDecisionServer } from '../../src/http/decisions.ts';
import { connectionsOf } from '../../src/http/server.ts';
import type { Server, Times } from '../../src/http/server.ts';
import { createSignInServer } from '../../src/http/sign-in.ts';
import { createTurns } from '../../src/http/turns.ts';

const short: Times = {
  headersTimeout: 150,
  requestTimeout: 300,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 50,
  connectionTimeout: 400,
};
const started: Server[] = [];
after(() => Promise.all(started.map((server) => server.close())));

async function listen(server: Server): Promise<number> {
  started.push(server);
  await server.listen({ host: '127.0.0.1', port: 0 });
  return (server.server.address() as AddressInfo).port;
}

const failed = (error: unknown): void => assert.fail(String(error));
const page = { status: 200, headers: {}, cookies: [], body: 'page' };
const signIn = (connections = 100): Promise<number> =>
  listen(createSignInServer({ handler: async () => page, failed, times: short, connections }));
const decisions = (connections = 100): Promise<number> =>
  listen(
    createDecisionServer({
      decider: () => ({ status: 403, headers: { 'Content-Length': '0', 'Cache-Control': 'no-store' } }),
      observe: () => undefined,
      failed,
      times: short,
      connections,
    }),
  );

/** Everything that came until the server closed. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return text;
}

const slow: readonly (readonly [string, string])[] = [
  ['nothing at all', ''],
  ['half a request line', 'GET /nginx/x HT'],
  ['headers that never end', 'GET /nginx/x HTTP/1.1\r\nHost: a\r\nX: y'],
];
for (const [what, text] of slow) {
  test(`a client that sends ${what} is let go at both ports`, async () => {
    for (const port of [await signIn(), await decisions()]) {
      const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
      await untilClosed(socket);
    }
  });
}

test('a form whose body never comes is let go', async () => {
  const head =
    'POST /oauth2/sign-out HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/x-www-form-urlencoded\r\n';
  const socket = net.connect(await signIn(), '127.0.0.1', () => socket.write(`${head}Content-Length: 100\r\n\r\na=b`));
  assert.match(await untilClosed(socket), /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
});

test('what the parser of the sign-in port refuses ends the connection, and the answer says so', async () => {
  for (const [text, status] of [
    ['hello\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`, 431],
  ] as const) {
    const socket = net.connect(await signIn(), '127.0.0.1', () => socket.write(text));
    assert.match(await untilClosed(socket), new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*\\r\\nConnection: close\\r\\n`));
  }
});

test('a full port lets the connection go that has waited longest without a request', async () => {
  for (const port of [await signIn(2), await decisions(2)]) {
    const ask = async (socket: Socket): Promise<void> => {
      socket.write('GET /nginx/x HTTP/1.1\r\nHost: a.example\r\n\r\n');
      await once(socket, 'data');
    };
    const first = net.connect(port, '127.0.0.1');
    await ask(first);
    const second = net.connect(port, '127.0.0.1');
    await ask(second);
    await ask(first);
    const third = net.connect(port, '127.0.0.1');
    await Promise.all([untilClosed(second), ask(third)]);
    await ask(first);
    first.destroy();
    third.destroy();
  }
});

test('all ports together hold fewer connections than the process may have files', () => {
  for (const files of [256, 1024, 20_000, 1_048_576]) {
    const all = Object.values(connectionsOf).map((of) => of(files));
    assert.ok(all.every((most) => most > 0) && all.reduce((sum, most) => sum + most, 0) < files * 0.9, String(files));
  }
});

test('whatever waits for a turn lets what comes in between go first', async () => {
  const turns = createTurns(100);
  const order: string[] = [];
  const work = Array.from({ length: 5 }, (_, at) => turns.take(async () => void order.push(`sign-in ${at}`)));
  const decision = (left: number): void => {
    order.push('decision');
    if (left > 0) setImmediate(decision, left - 1);
  };
  setImmediate(decision, 3);
  for (const one of work) await one;
  assert.ok(order.indexOf('decision') < 2, order.join());
  assert.ok(
    order.filter((entry, at) => entry === 'decision' && at < order.indexOf('sign-in 4')).length >= 3,
    order.join(),
  );
});

test('more than may wait is turned away, and later work is taken again', async () => {
  const turns = createTurns(2);
  const done: number[] = [];
  const taken = [1, 2, 3].map((at) => turns.take(async () => void done.push(at)));
  assert.equal(taken[2], undefined);
  for (const one of taken) await one;
  for (let at = 4; at < 20; at += 1) await turns.take(async () => void done.push(at));
  assert.equal(done.length, 18);
  await assert.rejects(turns.take(() => Promise.reject(new Error('its own'))) ?? Promise.resolve(), /its own/);
});

test('a crowd at the sign-in port is turned away with a time to come back, and nobody is left without an answer', async () => {
  const app = createSignInServer({ handler: async () => page, failed });
  await app.ready();
  const answers = await Promise.all(
    Array.from({ length: 1500 }, () => app.inject({ url: '/', headers: { host: 'a.example' } })),
  );
  const turned = answers.filter(({ statusCode }) => statusCode === 503);
  assert.ok(turned.length > 0 && turned.length <= 500, String(turned.length));
  assert.equal(turned[0]?.headers['retry-after'], '1');
  assert.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1500 - turned.length);
  await app.close();
});

test('a client that asks and never reads is let go at both ports', async () => {
  const asking = 'GET /nginx/x HTTP/1.1\r\nHost: a.example\r\n\r\n'.repeat(50_000);
  for (const listening of [signIn, decisions]) {
    const socket = net.connect(await listening(), '127.0.0.1', () => socket.write(asking));
    socket.on('error', () => undefined);
    socket.pause();
    await once(socket, 'connect');
    const server = started.at(-1)?.server;
    // A client that doesn't read doesn't hear of its end either.
    while ((await connectionsTo(server)) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    socket.destroy();
  }
});

function connectionsTo(server: net.Server | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    if (server === undefined) reject(new Error('nothing was started'));
    else server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
