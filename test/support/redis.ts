import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createAuthority } from './certificates.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { toolPath } from './cluster/tools.ts';
import { freePort, waitForPort } from './ports.ts';
import { until } from './until.ts';

export interface RedisOptions {
  /** Valkey in its place; the one that the tests have is built without TLS. */
  readonly valkey?: boolean;
  readonly tls?: boolean;
  /** A rule of an ACL file, for instance `user gate on >secret ~cognito-gate:* +@all`; the default user is off then. */
  readonly acl?: readonly string[];
  /** Further directives. */
  readonly directives?: Readonly<Record<string, string>>;
  readonly port?: number;
}

/** A real server in a folder of its own. Its data are in memory only: a start is always with nothing. */
export interface Redis {
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  /** With TLS: the authority that it is known by. */
  readonly caFile: string | undefined;
  /** As an operator does; over its Unix socket, whatever its ports and users are. */
  cli(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP: connections stand, and nothing is answered. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

const run = promisify(execFile);

export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), 'cg-redis-'));
  const port = options.port ?? (await freePort());
  const socket = join(folder, 'operator.sock');
  const tls = options.tls === true ? await certificates(folder) : undefined;
  const args = argumentsFor({ folder, port, socket, tls, options });
  const cli = async (...command: readonly string[]): Promise<string> => {
    const as = options.acl === undefined ? [] : ['--user', 'operator', '--pass', 'operator', '--no-auth-warning'];
    const { stdout } = await run('redis-cli', ['-s', socket, ...as, ...command]);
    return stdout.trim();
  };
  let child: Child | undefined;
  const start = async (): Promise<void> => {
    const started = startChild({
      name: 'Redis',
      command: options.valkey === true ? toolPath('valkey-server') : 'redis-server',
      args,
      logFile: join(folder, 'log'),
    });
    child = started;
    await waitForPort(port, () => started.how());
    await until(async () => (await cli('PING').catch(() => '')) === 'PONG', 'Redis answers');
  };
  const signal = (name: NodeJS.Signals): void => {
    if (child?.pid !== undefined && child.how() === undefined) process.kill(child.pid, name);
  };
  await start();
  return {
    port,
    url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
    folder,
    caFile: tls?.ca,
    cli,
    start,
    stop: async () => {
      signal('SIGCONT');
      await child?.stop();
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    close: async () => {
      signal('SIGCONT');
      await child?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Tls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

async function certificates(folder: string): Promise<Tls> {
  const authority = await createAuthority(join(folder, 'certificates'));
  return { ...(await authority.issue('redis', ['127.0.0.1', 'localhost'])), ca: authority.cert };
}

interface Made {
  readonly folder: string;
  readonly port: number;
  readonly socket: string;
  readonly tls: Tls | undefined;
  readonly options: RedisOptions;
}

function argumentsFor({ folder, port, socket, tls, options }: Made): string[] {
  const ports = tls === undefined ? ['--port', String(port)] : ['--port', '0', '--tls-port', String(port)];
  const secure =
    tls === undefined
      ? []
      : [
          '--tls-cert-file',
          tls.cert,
          '--tls-key-file',
          tls.key,
          '--tls-ca-cert-file',
          tls.ca,
          '--tls-auth-clients',
          'no',
        ];
  const users =
    options.acl === undefined
      ? []
      : ['user operator on >operator ~* &* +@all', 'user default off', ...options.acl].flatMap((user) => [
          '--user',
          ...user.split(' ').slice(1),
        ]);
  const more = Object.entries(options.directives ?? {}).flatMap(([name, value]) => [`--${name}`, value]);
  const quiet = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', '--dir', folder, '--unixsocket', socket];
  return [...ports, ...quiet, ...secure, ...users, ...more];
}

/** Three primaries that share the slots, on the ports of `nodes`. */
export async function startRedisCluster(
  options: Pick<RedisOptions, 'valkey'> = {},
): Promise<{ readonly nodes: readonly Redis[]; close(): Promise<void> }> {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () => {
      const port = await freePort();
      // The bus has a port of its own; by default it would be 10,000 above, where other tests have theirs.
      const bus = await freePort();
      return await startRedis({
        ...options,
        port,
        directives: { 'cluster-enabled': 'yes', 'cluster-port': String(bus), 'cluster-node-timeout': '1000' },
      });
    }),
  );
  const [first] = nodes;
  if (first === undefined) throw new Error('no nodes');
  for (const [index, node] of nodes.entries()) {
    const range = [Math.floor((16_384 / 3) * index), Math.floor((16_384 / 3) * (index + 1)) - 1];
    await node.cli('CLUSTER', 'ADDSLOTSRANGE', ...range.map(String));
    await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  for (const node of nodes.slice(1)) {
    const bus = await first.cli('CONFIG', 'GET', 'cluster-port');
    await node.cli('CLUSTER', 'MEET', '127.0.0.1', String(first.port), bus.split('\n')[1] ?? '');
  }
  const whole = async (): Promise<boolean> => {
    const infos = await Promise.all(nodes.map(async (node) => await node.cli('CLUSTER', 'INFO')));
    return infos.every((info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'));
  };
  await until(whole, 'the cluster is whole');
  return { nodes, close: async () => void (await Promise.all(nodes.map(async (node) => await node.close()))) };
}
