import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { freePort } from './ports.ts';

export interface ReplicaInput {
  readonly folder: string;
  /** Its Pod's name. */
  readonly name: string;
  /** Undefined: the configuration says how. */
  readonly kubeconfig: string | undefined;
  /** As the chart rendered it; ports and the way to the API server are replaced. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly program?: { readonly command: string; readonly args: readonly string[] };
  readonly env?: NodeJS.ProcessEnv;
  /** Where decisions are answered; default: 127.0.0.1 and a free port. */
  readonly decisions?: { readonly host: string; readonly port: number };
}

/** One running copy of the program. */
export interface Replica {
  readonly name: string;
  readonly ports: {
    readonly decisions: number;
    readonly signIn: number;
    readonly operations: number;
    readonly webhook: number;
  };
  /** Of the process that runs now, or ran last. */
  pid(): number | undefined;
  /** Settles when that process has ended. */
  ended(): Promise<string>;
  ready(): Promise<boolean>;
  metrics(): Promise<string>;
  log(): Promise<string>;
  /** Whether its metrics say that it leads. */
  leads(): Promise<boolean>;
  /** Without a word to anybody. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL when that didn't do within the time. */
  stop(timeoutMs?: number): Promise<void>;
  /** Again, with the same ports and name. */
  start(): Promise<void>;
}

export async function startReplica(input: ReplicaInput): Promise<Replica> {
  const ports = {
    decisions: input.decisions?.port ?? (await freePort()),
    signIn: await freePort(),
    operations: await freePort(),
    webhook: await freePort(),
  };
  const local = (port: number): string => `127.0.0.1:${port}`;
  const source = input.config['source'] as { cluster: object };
  const webhook = input.config['webhook'];
  const config = {
    ...input.config,
    source: { cluster: { ...source.cluster, ...(input.kubeconfig !== undefined && { kubeconfig: input.kubeconfig }) } },
    listen: {
      decisions: input.decisions === undefined ? local(ports.decisions) : `${input.decisions.host}:${ports.decisions}`,
      signIn: local(ports.signIn),
      operations: local(ports.operations),
    },
    ...(typeof webhook === 'object' ? { webhook: { ...webhook, listen: local(ports.webhook) } } : {}),
  };
  const file = join(input.folder, `${input.name}.yaml`);
  await writeFile(file, stringify(config));
  const { command, args } = input.program ?? { command: process.execPath, args: ['src/main.ts'] };
  let starts = 0;
  let child: Child;
  const logFile = (): string => join(input.folder, `${input.name}.${starts}.log`);
  const start = async (): Promise<void> => {
    starts += 1;
    child = startChild({
      name: input.name,
      command,
      args: [...args, 'serve', '--config', file],
      env: { ...input.env, POD_NAME: input.name },
      logFile: logFile(),
    });
  };
  await start();
  const log = async (): Promise<string> => await readFile(logFile(), 'utf8');
  const operations = `http://127.0.0.1:${ports.operations}`;
  return {
    name: input.name,
    ports,
    log,
    start,
    pid: () => child.pid,
    ended: async () => await child.ended,
    ready: async () => {
      if (child.how() !== undefined) throw new Error(`${child.how()}: ${(await log()).slice(-3000)}`);
      return (await fetch(`${operations}/readyz`).catch(() => undefined))?.ok === true;
    },
    metrics: async () => await (await fetch(`${operations}/metrics`)).text(),
    leads: async () => {
      const text = await fetch(`${operations}/metrics`).then(
        async (answer) => await answer.text(),
        () => '',
      );
      return /^cognito_gate_leading 1$/m.test(text);
    },
    kill: async () => {
      if (child.pid !== undefined && child.how() === undefined) process.kill(child.pid, 'SIGKILL');
      await child.ended;
    },
    stop: async (timeoutMs) => await child.stop(timeoutMs),
  };
}
