/** The program as a process: how it starts, what it says when it can't, how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newKeyEntry } from '../src/session/key-ring.ts';
import { freePort, listenOn } from './support/ports.ts';
import { until } from './support/stack.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cg-serve-'));
  await mkdir(join(folder, 'policies'));
  await mkdir(join(folder, 'secrets/gate/keys'), { recursive: true });
  await writeFile(
    join(folder, 'secrets/gate/keys/k1'),
    newKeyEntry('k1', 1_700_000_000, (n) => randomBytes(n)),
  );
});
after(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

function run(args: readonly string[]): { ended: Promise<Ended>; kill(signal: NodeJS.Signals): void; out(): string } {
  const child = spawn(process.execPath, ['src/main.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out })));
  return { ended, kill: (signal) => void child.kill(signal), out: () => out };
}

async function configured(lines: Readonly<Record<string, string>>, ports: readonly number[]): Promise<string> {
  const [decisions, signIn, operations] = ports;
  const fields = {
    signInHost: 'auth.example.com',
    poolNamespaces: '[gate]',
    source: `{ folder: ${folder}/policies }`,
    secretsDir: `${folder}/secrets`,
    keyRingSecret: 'gate/keys',
    listen: `{ decisions: '127.0.0.1:${decisions}', signIn: '127.0.0.1:${signIn}', operations: '127.0.0.1:${operations}' }`,
    shutdownDelay: '2s',
    ...lines,
  };
  const file = join(folder, `${randomBytes(4).toString('hex')}.yaml`);
  await writeFile(
    file,
    Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(''),
  );
  return file;
}

const threePorts = async (): Promise<number[]> => [await freePort(), await freePort(), await freePort()];

test('ready is who can be asked: whenever it says so, the decision port answers', async () => {
  for (let tries = 0; tries < 3; tries += 1) {
    const [decisions, signIn, operations] = await threePorts();
    const program = run(['serve', '--config', await configured({}, [decisions ?? 0, signIn ?? 0, operations ?? 0])]);
    const isReady = async (): Promise<boolean> =>
      (await fetch(`http://127.0.0.1:${operations}/readyz`).catch(() => undefined))?.status === 200;
    const end = Date.now() + 15_000;
    while (!(await isReady()) && Date.now() < end);
    const answer = await fetch(`http://127.0.0.1:${decisions}/nginx/${'0'.repeat(32)}`).catch(() => undefined);
    assert.equal(answer?.status, 403);
    program.kill('SIGINT');
    await program.ended;
  }
});

test('--help lists the commands and the fields, --version prints one, a wrong command line ends with 2', async () => {
  const help = await run(['--help']).ended;
  assert.equal(help.code, 0);
  assert.match(help.out, /serve --config FILE[\s\S]*signInHost/);
  assert.match((await run(['--version']).ended).out, /^\d+\.\d+\.\d+\n$/);
  for (const args of [[], ['serve'], ['serf'], ['serve', '--confg', 'x'], ['new-key', 'K!']]) {
    assert.equal((await run(args).ended).code, 2, args.join(' '));
  }
  assert.match((await run(['new-key', 'k2']).ended).out, /^\{"key":"[A-Za-z0-9+/]{43}=","createdAt":"[^"]+"\}\n$/);
});

const starts: readonly (readonly [string, Record<string, string>, RegExp])[] = [
  [
    'T22.8 a key ring that is not there',
    { keyRingSecret: 'gate/none' },
    /gate\/none is missing or empty; make its first key with/,
  ],
  [
    'a folder that is not there',
    { source: '{ folder: no/such/folder }' },
    /source\.folder: no\/such\/folder: is not there/,
  ],
  ['secrets that are not there', { secretsDir: 'no/secrets' }, /secretsDir: no\/secrets: is not there/],
  ['a mistake in the configuration', { publicPort: 'many' }, /publicPort: "many"/],
  ['a CA file that is not there', { extraCaFile: 'no/ca.pem' }, /no\/ca\.pem/],
];
for (const [sentence, lines, message] of starts) {
  test(`${sentence} ends the start with a message that names it`, async () => {
    const { code, out } = await run(['serve', '--config', await configured(lines, await threePorts())]).ended;
    assert.notEqual(code, 0);
    assert.match(out, message);
    assert.ok(!/\n\s+at /.test(out), out);
  });
}

test('a busy port is named with its field', async () => {
  const server = createServer();
  const busy = await listenOn(server, 0);
  const [, signIn = 0, operations = 0] = await threePorts();
  const { code, out } = await run(['serve', '--config', await configured({}, [busy, signIn, operations])]).ended;
  server.close();
  assert.equal(code, 1);
  assert.match(
    out,
    new RegExp(`listen\\.decisions: can't listen on 127\\.0\\.0\\.1:${busy} \\(EADDRINUSE\\): another`),
  );
});

test('after SIGTERM: not ready at once, new connections still answered for shutdownDelay, then it ends with 0', async () => {
  const ports = await threePorts();
  const [decisions, , operations] = ports;
  const gate = run(['serve', '--config', await configured({}, ports)]);
  const status = async (url: string): Promise<number> => (await fetch(url).catch(() => undefined))?.status ?? 0;
  const ready = `http://127.0.0.1:${operations}/readyz`;
  await until(async () => (await status(ready)) === 200, 'ready');
  gate.kill('SIGTERM');
  await until(async () => (await status(ready)) === 503, 'not ready', 1);
  assert.equal(await status(`http://127.0.0.1:${decisions}/nginx/x`), 403);
  assert.equal((await gate.ended).code, 0);
  assert.equal(await status(`http://127.0.0.1:${decisions}/nginx/x`), 0);
});

test('a second signal ends at once', async () => {
  const ports = await threePorts();
  const gate = run(['serve', '--config', await configured({ shutdownDelay: '60s' }, ports)]);
  await until(async () => gate.out().includes('"ready"'), 'ready');
  gate.kill('SIGTERM');
  await until(async () => gate.out().includes('stopping'), 'stopping');
  gate.kill('SIGTERM');
  assert.equal((await gate.ended).code, 0);
});
