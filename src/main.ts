#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError, configSchema, loadConfig } from './config.ts';
import type { Config } from './config.ts';
import { FolderError } from './sources/folder-error.ts';
import { newKeyEntry } from './session/key-ring.ts';
import { serve } from './serve.ts';
import { StartError } from './start-error.ts';
import { createLogger } from './telemetry/logger.ts';
import { unwireCluster } from './unwire-cluster.ts';

const usage = `cognito-gate: Amazon Cognito sign-in and group policies in front of web apps

Usage:
  cognito-gate serve --config FILE         run the gate
  cognito-gate unwire --all --config FILE  take our annotations off every Ingress, before an uninstall; they are open then
  cognito-gate new-key ID                  print a new entry for the key ring Secret
  cognito-gate --help | --version

Options of serve and unwire:
  --controller-name NAME   in place of controllerName in the file
  --kubeconfig FILE        in place of source.cluster.kubeconfig; without both: as the Pod that it runs in

Exit codes: 0 ended as asked, 1 failed while starting or running, 2 wrong command line or configuration.
`;

async function main(argv: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        all: { type: 'boolean' },
        config: { type: 'string' },
        'controller-name': { type: 'string' },
        kubeconfig: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
  const { positionals, values } = parsed;
  if (values.help === true) return print(`${usage}\nFields of the configuration file:\n${fieldList()}`);
  if (values.version === true) return print(`${version()}\n`);
  return await command(positionals, values);
}

async function command([name, ...rest]: readonly string[], options: Options): Promise<number> {
  if (name === undefined) return complain('no command given');
  if (name === 'new-key') return newKey(rest[0]);
  if (name === 'serve' && rest.length === 0) return await run(options);
  if (name === 'unwire' && rest.length === 0) return await unwire(options);
  return complain(`unknown command or argument: ${[name, ...rest].join(' ')}`);
}

interface Options {
  readonly all?: boolean;
  readonly config?: string;
  readonly 'controller-name'?: string;
  readonly kubeconfig?: string;
}

/** What the command line says goes before what the file says. */
async function configOf(file: string, options: Options): Promise<Config> {
  const config = await loadConfig(
    file,
    options['controller-name'] === undefined ? {} : { controllerName: options['controller-name'] },
  );
  const { kubeconfig } = options;
  const { cluster } = config.source;
  if (kubeconfig === undefined) return config;
  if (cluster === undefined) throw new ConfigError('--kubeconfig: the source is a folder and has no API server');
  return { ...config, source: { cluster: { ...cluster, kubeconfig } } };
}

async function unwire(options: Options): Promise<number> {
  if (options.config === undefined || options.all !== true) return complain('unwire needs --all and --config FILE');
  return await unwireCluster(await configOf(options.config, options), process.env, print);
}

async function run(options: Options): Promise<number> {
  if (options.config === undefined) return complain('serve needs --config FILE');
  const config = await configOf(options.config, options);
  const log = createLogger(config.log.level);
  const running = await serve(config, log, process.env);
  const signal = await new Promise<string>((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
  });
  log.info({ signal }, 'stopping');
  // A second signal, and Ctrl-C at a terminal, end at once.
  process.once('SIGTERM', () => process.exit(0));
  process.once('SIGINT', () => process.exit(0));
  await (signal === 'SIGTERM' ? running.drain() : running.stop());
  return 0;
}

function newKey(id: string | undefined): number {
  if (id === undefined || !/^[a-z0-9]{1,16}$/.test(id))
    return complain('new-key needs an ID of 1 to 16 lower-case letters and digits');
  return print(`${newKeyEntry(id, Math.floor(Date.now() / 1000), (n) => randomBytes(n))}\n`);
}

function fieldList(): string {
  const fields = Object.entries(configSchema.shape);
  const width = Math.max(...fields.map(([name]) => name.length));
  return (
    fields.map(([name, schema]) => `  ${name.padEnd(width)}  ${schema.description ?? ''}`.trimEnd()).join('\n') + '\n'
  );
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(message: string): number {
  process.stderr.write(`cognito-gate: ${message}\n\n${usage}`);
  return 2;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const known = error instanceof ConfigError || error instanceof FolderError || error instanceof StartError;
    process.stderr.write(
      `cognito-gate: ${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(error instanceof ConfigError ? 2 : 1);
  },
);
