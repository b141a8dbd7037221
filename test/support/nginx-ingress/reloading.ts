import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Child } from '../child.ts';
import { startGuardedChild } from '../guarded-child.ts';
import { assertPortFree, waitForPort } from '../ports.ts';
import { socketsOf } from './config.ts';

const run = promisify(execFile);
// Debian keeps it in /usr/sbin, which is not on everybody's path.
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };

export interface ReloadingNginx {
  readonly child: Child;
  /** Puts a configuration in force, or throws with NGINX's complaint and leaves the last one in force. */
  reload(config: string, generation: number): Promise<void>;
  stop(): Promise<void>;
}

async function servedGeneration(folder: string): Promise<number | undefined> {
  return await new Promise((resolve) => {
    const call = request({ socketPath: socketsOf(folder).generation, agent: false, timeout: 1000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(Number(text)));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(undefined));
    call.end();
  });
}

/** Workers that still accept connections: NGINX renames those that don't. Empty where there is no /proc. */
async function workers(master: number): Promise<readonly string[]> {
  const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8').catch(() => '');
  const accepting = await Promise.all(
    children
      .split(' ')
      .filter((pid) => pid !== '')
      .map(async (pid) => {
        const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        return title === '' || title.includes('shutting down') ? [] : [pid];
      }),
  );
  return accepting.flat();
}

/** The new workers serve before the old ones stop to accept, so both are waited for. */
async function inForce(folder: string, child: Child, o: { generation: number; old: readonly string[] }): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const now = await workers(child.pid ?? 0);
    const replaced = !o.old.some((pid) => now.includes(pid));
    if (replaced && (await servedGeneration(folder)) === o.generation) return;
    if (child.how() !== undefined) throw new Error(child.how());
    await sleep(10);
  }
  throw new Error(`NGINX does not serve generation ${o.generation} after 10 s`);
}

/** Tests a configuration and puts it where NGINX reads it. */
async function accept(folder: string, config: string): Promise<string> {
  const next = join(folder, 'nginx.conf.next');
  await writeFile(next, config);
  await run('nginx', ['-t', '-q', '-p', folder, '-c', next, '-e', join(folder, 'test.log')], { env });
  const file = join(folder, 'nginx.conf');
  await rename(next, file);
  return file;
}

/** A real NGINX whose configuration is replaced while it serves. */
export async function startReloadingNginx(
  input: { readonly folder: string; readonly port: number },
  config: string,
  generation: number,
): Promise<ReloadingNginx> {
  const { folder, port } = input;
  await mkdir(join(folder, 'temporary'), { recursive: true, mode: 0o700 });
  await assertPortFree(port, 'NGINX', 'the port that the test asked for');
  // Left by one that was killed.
  for (const socket of Object.values(socketsOf(folder))) await rm(socket, { force: true });
  const file = await accept(folder, config);
  const args = ['-p', folder, '-c', file, '-e', join(folder, 'error.log'), '-g', 'daemon off;'];
  const logFile = join(folder, 'output.log');
  const child = startGuardedChild({ name: 'NGINX', command: 'nginx', args, env, logFile }, 'TERM');
  await waitForPort(port, () => child.how());
  await inForce(folder, child, { generation, old: [] });
  return {
    child,
    async reload(nextConfig, nextGeneration) {
      await accept(folder, nextConfig);
      const old = await workers(child.pid ?? 0);
      if (child.pid !== undefined) process.kill(child.pid, 'SIGHUP');
      await inForce(folder, child, { generation: nextGeneration, old });
    },
    stop: async () => await child.stop(),
  };
}
