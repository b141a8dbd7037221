/** The image's tree, built by what the Dockerfile says, run as the image's user; no Docker is needed for it. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { newKeyEntry } from '../src/session/key-ring.ts';
import { toolPath } from './support/cluster/tools.ts';
import { startFront } from './support/front.ts';
import type { Front } from './support/front.ts';
import { startGateCluster } from './support/gate-cluster.ts';
import type { GateCluster } from './support/gate-cluster.ts';
import { ourRequests } from './support/gate-state.ts';
import { tellStory } from './support/gate-story.ts';
import { freePort } from './support/ports.ts';
import { until } from './support/stack.ts';

const exec = promisify(execFile);
const root = join(import.meta.dirname, '..');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const isRoot = process.getuid?.() === 0;

test('.dockerignore lets through what the Dockerfile copies, and little else', () => {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
  assert.equal(lines[0], '*');
  assert.deepEqual(allowed.filter((name) => name !== 'scripts').toSorted(), [...new Set(copied)].toSorted());
});

suite('the image', { timeout: 240_000 }, () => {
  let folder = '';
  let tree = '';
  let node = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cg-image-'));
    await chmod(folder, 0o755);
    tree = join(folder, 'tree');
    await exec('bash', [join(root, 'scripts/image-tree.sh'), tree]);
    // The image's user may not look into the home of whoever runs the tests.
    node = join(folder, 'node');
    await copyFile(process.execPath, node);
    await chmod(node, 0o755);
    await exec('chmod', ['-R', 'a-w,a+rX', tree]);
  });

  after(async () => {
    await exec('chmod', ['-R', 'u+w', tree]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  /** The command line of the ENTRYPOINT, with our node, as the image's user where we may become another one. */
  function command(args: readonly string[]): readonly [string, readonly string[]] {
    const entry = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as readonly string[];
    const [binary, ...flags] = entry;
    assert.equal(binary, '/nodejs/bin/node');
    const [user] = /^USER (\d+):\1$/m.exec(dockerfile)?.slice(1) ?? [];
    assert.equal(user, '65532');
    const line = [node, ...flags.map((flag) => (flag.startsWith('/app/') ? join(tree, flag) : flag)), ...args];
    const become = ['--reuid', '65532', '--regid', '65532', '--clear-groups', '--no-new-privs', '--'];
    return isRoot ? ['setpriv', [...become, ...line]] : [line[0] ?? '', line.slice(1)];
  }

  const env = { PATH: process.env['PATH'], NODE_ENV: 'production' };
  const run = async (...args: readonly string[]): Promise<string> => {
    const [file, all] = command(args);
    const { stdout } = await exec(file, all, { cwd: '/', env });
    return stdout;
  };
  const filesOf = (path: string): readonly string[] =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  test('hadolint has nothing to say about the Dockerfile', async () => {
    const { stdout } = await exec(toolPath('hadolint'), ['--no-color', join(root, 'Dockerfile')]);
    assert.equal(stdout, '');
  });

  test('is small, holds production dependencies only, and nothing that fits one platform only', (context) => {
    const files = filesOf(tree);
    const size = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
    context.diagnostic(`the tree above the base image: ${size.toFixed(1)} MB in ${files.length} files`);
    assert.ok(size < 40, `${size} MB`);
    const modules = join(tree, 'app/node_modules');
    assert.deepEqual(readdirSync(tree), ['app']);
    assert.deepEqual(readdirSync(join(tree, 'app')).toSorted(), ['LICENSE', 'dist', 'node_modules', 'package.json']);
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const left = [...Object.keys(devDependencies), '@types'].filter((name) => existsSync(join(modules, name)));
    assert.deepEqual(left, []);
    assert.deepEqual(
      files.filter((file) => /\.(node|so|exe|wasm)$|\.d\.ts$/.test(file) && !file.includes('/undici/')),
      [],
    );
  });

  test('--version, as another user, from a tree that is read-only', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.equal(await run('--version'), `${version}\n`);
  });

  test('serves a folder, becomes ready and ends when it is told to', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    const config = await folderConfig(folder, ports);
    const [file, args] = command(['serve', '--config', config]);
    const child = spawn(file, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await until(async () => {
        assert.equal(child.exitCode, null, said);
        return await fetch(`http://127.0.0.1:${ports[2]}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      }, 'the program to be ready');
      const answer = await fetch(`http://127.0.0.1:${ports[0]}/nginx/${'0'.repeat(32)}`);
      assert.equal(answer.status, 403);
      child.kill('SIGTERM');
      assert.equal(await ended, 0, said);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('what is left of client-node reads a kubeconfig: a token, and an exec plugin', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'from-plugin' },
    };
    const plugin = {
      apiVersion: credential.apiVersion,
      command: 'echo',
      args: [JSON.stringify(credential)],
      interactiveMode: 'Never',
    };
    const users = { token: { token: 'plain' }, plugin: { exec: plugin } };
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'token',
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443' } }],
      users: Object.entries(users).map(([name, user]) => ({ name, user })),
      contexts: Object.keys(users).map((user) => ({ name: user, context: { cluster: 'c', user } })),
    };
    const file = join(folder, 'kubeconfig');
    await writeFile(file, JSON.stringify(kubeconfig), { mode: 0o644 });
    const script = `
      import { openConnection } from ${JSON.stringify(join(tree, 'app/dist/kubernetes/connection.js'))};
      for (const context of ${JSON.stringify(Object.keys(users))})
        console.log((await openConnection({ kubeconfig: ${JSON.stringify(file)}, context }, {}).headers()).authorization);`;
    const { stdout } = await exec(node, ['--input-type=module', '--eval', script], { cwd: '/', env });
    assert.equal(stdout, 'Bearer plain\nBearer from-plugin\n');
  });

  suite('in a cluster, as a Pod', () => {
    let gate: GateCluster;
    let front: Front;
    before(async () => {
      const [file, args] = command([]);
      gate = await startGateCluster({ program: { command: file, args }, asPod: true });
      front = await startFront('Traefik', gate);
    });
    after(async () => {
      await front?.stop();
      await gate?.stop();
    });

    tellStory(() => ({ gate, front }));

    test('nothing that it asked of the API server was refused (8.3)', async () => {
      const asked = await ourRequests(gate.cluster);
      assert.ok(asked.length > 20, String(asked.length));
      const refused = asked.filter(({ status }) => status === 401 || status === 403);
      assert.deepEqual(
        refused.map(({ verb, uri, message }) => `${verb} ${uri}: ${message}`),
        [],
      );
    });
  });
});

/** A folder without any policy, and a key ring: enough to become ready. Out: its configuration file. */
async function folderConfig(folder: string, [decisions, signIn, operations]: readonly number[]): Promise<string> {
  await mkdir(join(folder, 'objects'));
  await mkdir(join(folder, 'secrets/gate/keys'), { recursive: true });
  const entry = newKeyEntry('k1', 1_700_000_000, (n) => randomBytes(n));
  await writeFile(join(folder, 'secrets/gate/keys/k1'), entry, { mode: 0o644 });
  const at = (port: number | undefined): string => `127.0.0.1:${port}`;
  const config = {
    signInHost: 'auth.example.com',
    poolNamespaces: ['gate'],
    source: { folder: join(folder, 'objects') },
    secretsDir: join(folder, 'secrets'),
    keyRingSecret: 'gate/keys',
    listen: { decisions: at(decisions), signIn: at(signIn), operations: at(operations) },
    shutdownDelay: '0s',
  };
  const file = join(folder, 'config.yaml');
  await writeFile(file, JSON.stringify(config), { mode: 0o644 });
  return file;
}
