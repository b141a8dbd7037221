import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from './certificates.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { nginxConfig } from './nginx-config.ts';
import type { NginxRoute } from './nginx-config.ts';
import { assertPortFree, waitForPort } from './ports.ts';

export type { NginxRoute } from './nginx-config.ts';

export interface NginxInput {
  /** For its configuration, logs and temporary files. */
  readonly folder: string;
  readonly port: number;
  /** The environment variable that moves the port, for the message when it is busy. */
  readonly portVariable?: string;
  readonly tls: Certificate;
  /** `host:port` of the program's two listeners. */
  readonly decisions: string;
  readonly signIn: string;
  readonly signInHost: string;
  readonly prefix?: string;
  readonly routes: readonly NginxRoute[];
}

export interface Nginx {
  readonly port: number;
  readonly child: Child;
  stop(): Promise<void>;
}

/** A real NGINX that asks the way ingress-nginx makes it ask; ready when its port answers. */
export async function startNginx(input: NginxInput): Promise<Nginx> {
  await mkdir(join(input.folder, 'temporary'), { recursive: true, mode: 0o700 });
  await assertPortFree(input.port, 'NGINX', input.portVariable ?? 'the port that the test asked for');
  const file = join(input.folder, 'nginx.conf');
  await writeFile(file, nginxConfig({ ...input, prefix: input.prefix ?? '/_cognito-gate' }));
  const errorLog = join(input.folder, 'error.log');
  const args = ['-p', input.folder, '-c', file, '-e', errorLog, '-g', 'daemon off;'];
  // Debian keeps it in /usr/sbin, which is not on everybody's path.
  const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };
  const child = startChild({ name: 'NGINX', command: 'nginx', args, env, logFile: join(input.folder, 'output.log') });
  try {
    await waitForPort(input.port, () => child.how());
  } catch (error) {
    await child.stop();
    const log = await readFile(errorLog, 'utf8').catch(() => '');
    const hint = log === '' ? ' (apt-get install nginx libnginx-mod-http-set-misc)' : `:\n${log.slice(-2000)}`;
    throw new Error(`${error instanceof Error ? error.message : 'NGINX did not start'}${hint}`, { cause: error });
  }
  return { port: input.port, child, stop: async () => await child.stop() };
}
