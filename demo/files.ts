import { randomBytes } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { newKeyEntry } from '../src/session/key-ring.ts';
import { cache, defaultCognitoPort, hosts, inRoot, policies } from './settings.ts';
import type { Ports } from './settings.ts';

export const secretsDir = `${cache}/secrets`;
export const configFile = `${cache}/config.yaml`;

async function writeSecret(name: string, key: string, value: string): Promise<void> {
  const path = inRoot(`${secretsDir}/identity/${name}/${key}`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, value, { mode: 0o600 });
}

/** New ones for each run; what was sealed in the last run is worth nothing, as its sign-ins at the stand-in are gone too. */
export async function writeSecrets(clientSecret: string): Promise<void> {
  await rm(inRoot(secretsDir), { recursive: true, force: true });
  await writeSecret('demo-client', 'clientSecret', clientSecret);
  const now = Math.floor(Date.now() / 1000);
  await writeSecret(
    'key-ring',
    'k1',
    newKeyEntry('k1', now, (length) => randomBytes(length)),
  );
}

/** The program's configuration: the same fields an installation has. */
export async function writeConfig(ports: Ports, folder: string, caFile: string): Promise<void> {
  const config = {
    signInHost: hosts.signIn,
    publicPort: ports.public.port,
    defaultPool: 'identity/demo',
    poolNamespaces: ['identity'],
    source: { folder: inRoot(folder) },
    secretsDir: inRoot(secretsDir),
    keyRingSecret: 'identity/key-ring',
    extraCaFile: caFile,
    contact: 'Ask the demo desk: desk@example.com',
    clientAddress: 'XRealIp',
    listen: {
      decisions: `127.0.0.1:${ports.decisions.port}`,
      signIn: `127.0.0.1:${ports.signIn.port}`,
      operations: `127.0.0.1:${ports.operations.port}`,
    },
    // Nothing here remembers addresses, so Ctrl-C needn't wait.
    shutdownDelay: '0s',
    log: { level: 'info' },
  };
  await writeFile(inRoot(configFile), stringify(config), { mode: 0o600 });
}

export interface PolicyFolder {
  /** The folder that the program reads, relative to the root. */
  readonly folder: string;
  close(): void;
}

/**
 * The stand-in's port is written in `pool.yaml`. Where it was moved, the program reads a copy with the port replaced,
 * kept up to date, so that an edit in `demo/policies` is in force as fast as ever.
 */
export async function providePolicies(ports: Ports): Promise<PolicyFolder> {
  if (ports.cognito.port === defaultCognitoPort) return { folder: policies, close: () => undefined };
  const folder = `${cache}/policies`;
  let queue = copyPolicies(inRoot(folder), ports.cognito.port);
  await queue;
  const watcher = watch(inRoot(policies), () => {
    queue = queue
      .then(() => copyPolicies(inRoot(folder), ports.cognito.port))
      .catch((error: unknown) => {
        process.stderr.write(`demo: ${policies} could not be copied: ${String(error)}\n`);
      });
  });
  return { folder, close: () => watcher.close() };
}

async function copyPolicies(to: string, port: number): Promise<void> {
  await mkdir(to, { recursive: true });
  const names = await readdir(inRoot(policies));
  for (const name of names) {
    const text = await readFile(join(inRoot(policies), name), 'utf8');
    await writeFile(join(to, `${name}.part`), text.replaceAll(`:${defaultCognitoPort}`, `:${port}`));
    await rename(join(to, `${name}.part`), join(to, name));
  }
  for (const name of await readdir(to)) if (!names.includes(name)) await rm(join(to, name));
}
