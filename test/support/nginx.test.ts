import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { createAuthority } from './certificates.ts';
import { startNginx } from './nginx.ts';
import type { Nginx } from './nginx.ts';
import { freePort, listenOn } from './ports.ts';
import { ask, webSocketHeaders } from './request.ts';
import type { Answer, AskInput } from './request.ts';

const routeId = '0123456789abcdef0123456789abcdef';
const host = 'shop.acme.localhost';

let folder: string;
let ca: string;
let app: App;
let nginx: Nginx;
let gate: Server;
let connections = 0;
let asked: IncomingMessage[] = [];
let verdict: { status: number; headers: Record<string, string> };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cg-nginx-'));
  const authority = await createAuthority(join(folder, 'ca'));
  ca = await readFile(authority.cert, 'utf8');
  app = await startApp('shop');
  gate = createServer((request, response) => {
    asked.push(request);
    response.writeHead(verdict.status, verdict.headers).end();
  });
  gate.on('connection', () => (connections += 1));
  const address = `127.0.0.1:${await listenOn(gate, 0)}`;
  nginx = await startNginx({
    folder: join(folder, 'nginx'),
    port: await freePort(),
    tls: await authority.issue('nginx', [host, 'auth.gate.localhost']),
    decisions: address,
    signIn: address,
    signInHost: 'auth.gate.localhost',
    routes: [{ host, routeId, upstreamPort: app.port }],
  });
});
after(async () => {
  await nginx.stop();
  await app.close();
  gate.closeAllConnections();
  gate.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  verdict = { status: 200, headers: {} };
});

const get = async (path: string, input: AskInput = {}, on = host): Promise<Answer> =>
  await ask(`https://${on}:${nginx.port}/`, { ca, target: path, ...input });

test('the question has the trusted witnesses, as a GET without a body, and the client’s own headers', async () => {
  await get('/a%2Fb?c=d', {
    method: 'POST',
    body: 'x=1',
    headers: { 'x-original-url': 'https://evil/', cookie: 'a=b', 'x-mine': '1' },
  });
  const [question] = asked;
  assert.equal(question?.url, `/nginx/${routeId}`);
  assert.equal(question.method, 'GET');
  assert.equal(question.headers['x-original-url'], `https://${host}:${nginx.port}/a%2Fb?c=d`);
  assert.equal(question.headers['x-original-method'], 'POST');
  assert.equal(question.headers['x-real-ip'], '127.0.0.1');
  assert.equal(question.headers['x-auth-request-redirect'], '/a%2Fb?c=d');
  assert.equal(question.headers['x-sent-from'], 'nginx-ingress-controller');
  assert.equal(question.headers['x-mine'], '1');
  assert.equal(question.headers.cookie, 'a=b');
  assert.equal(question.headers['content-length'], undefined);
});

test('each question comes on a new connection', async () => {
  const before = connections;
  await get('/');
  await get('/');
  assert.equal(connections, before + 2);
});

test('a 200 lets the request through with our headers and never the client’s', async () => {
  verdict = { status: 200, headers: { 'X-Auth-Request-User': 'ada' } };
  const headers = {
    'x-auth-request-user': 'eve',
    'x-auth-request-groups': 'admins',
    'x-auth-request-groups-partial': 'true',
  };
  const answer = await get('/', { headers });
  assert.equal(answer.status, 200);
  assert.equal(app.last?.headers['x-auth-request-user'], 'ada');
  assert.equal(app.last.headers['x-auth-request-groups'], undefined);
  assert.equal(app.last.headers['x-auth-request-groups-partial'], undefined);
});

test('a 401 leads to start with the path escaped; 403 is a bare page; anything else is an error', async () => {
  verdict.status = 401;
  const answer = await get('/a?b=c&d=ü'.replace('ü', '%C3%BC'));
  assert.equal(answer.status, 302);
  const start = `https://${host}:${nginx.port}/_cognito-gate/start/${routeId}`;
  assert.equal(answer.headers.location, `${start}?rd=%2Fa%3Fb%3Dc%26d%3D%25C3%25BC`);
  verdict.status = 403;
  assert.equal((await get('/')).status, 403);
  verdict.status = 500;
  const before = app.requests;
  assert.equal((await get('/')).status, 500);
  assert.equal(app.requests, before);
});

test('the sign-in paths reach the program with the host as it came; an unknown host gets nothing', async () => {
  await get('/_cognito-gate/userinfo');
  assert.equal(asked[0]?.url, '/_cognito-gate/userinfo');
  assert.equal(asked[0].headers.host, `${host}:${nginx.port}`);
  await get('/oauth2/callback?code=1', {}, 'auth.gate.localhost');
  assert.equal(asked[1]?.url, '/oauth2/callback?code=1');
  assert.equal((await get('/', {}, 'auth.gate.localhost')).status, 404);
  assert.equal((await get('/', { headers: { host: 'other.localhost' } })).status, 404);
});

test('a WebSocket reaches the app', async () => {
  const before = app.upgrades;
  const answer = await get('/ws', { headers: webSocketHeaders });
  assert.equal(answer.status, 101);
  assert.equal(answer.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.equal(app.upgrades, before + 1);
});

test('a busy port is an error that names the port and the variable', async () => {
  const input = {
    folder: join(folder, 'second'),
    port: nginx.port,
    portVariable: 'DEMO_PORT',
    tls: { cert: '', key: '' },
  };
  const rest = { decisions: '127.0.0.1:1', signIn: '127.0.0.1:1', signInHost: 'auth.gate.localhost', routes: [] };
  await assert.rejects(startNginx({ ...input, ...rest }), new RegExp(`Port ${nginx.port} .*DEMO_PORT`));
});
