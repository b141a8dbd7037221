import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { startChild } from './child.ts';
import { freePort } from './ports.ts';
import { until } from './stack.ts';
import type { Stack } from './stack.ts';
import type { Visitor } from './visitor.ts';

/** Another process of the program with a stack's objects, keys and store. No proxy asks it: tests do. */
export interface SecondReplica {
  /** The status of the decision on a script's GET with the visitor's cookies. */
  decide(visitor: Visitor, app: 'shop' | 'wiki', path?: string): Promise<number>;
  readonly ports: { readonly decisions: number; readonly signIn: number; readonly operations: number };
  stop(): Promise<void>;
}

export async function startSecondReplica(stack: Stack): Promise<SecondReplica> {
  const [decisions, signIn, operations] = [await freePort(), await freePort(), await freePort()];
  const config = parse(await readFile(join(stack.folder, 'config.yaml'), 'utf8')) as Record<string, unknown>;
  const listen = {
    decisions: `127.0.0.1:${decisions}`,
    signIn: `127.0.0.1:${signIn}`,
    operations: `127.0.0.1:${operations}`,
  };
  const file = join(stack.folder, 'config-2.yaml');
  await writeFile(file, stringify({ ...config, listen }));
  const child = startChild({
    name: 'cognito-gate',
    command: process.execPath,
    args: ['src/main.ts', 'serve', '--config', file],
    logFile: join(stack.folder, 'gate-2.log'),
  });
  const ready = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${operations}/readyz`).catch(() => undefined))?.ok === true;
  await until(ready, 'the second replica to be ready', 60);
  return {
    decide(visitor, app, path = '/') {
      const { host, hostname } = new URL(stack.urls[app]);
      const cookie = [...visitor.cookies(hostname)].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { 'x-original-url': `https://${host}${path}`, 'x-original-method': 'GET', cookie };
      return statusOf(decisions, `/nginx/${stack.routes[app]}`, headers);
    },
    ports: { decisions, signIn, operations },
    stop: () => child.stop(),
  };
}

function statusOf(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}
