import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../child.ts';
import { startGuardedChild } from '../guarded-child.ts';
import { assertPortFree } from '../ports.ts';
import { socketsOf } from './config.ts';

// Debian keeps it in /usr/sbin, which is not on everybody's path.
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };

const errorLog = (folder: string): string => join(folder, 'error.log');

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

/** What NGINX complained of since the log had this length. A configuration that it doesn't take is named there only. */
async function complaint(folder: string, since: number): Promise<string | undefined> {
  const log = await readFile(errorLog(folder), 'utf8').catch(() => '');
  return log
    .slice(since)
    .split('\n')
    .find((line) => line.includes('[emerg]'));
}

interface Awaited {
  readonly generation: number;
  /** Workers that are to be replaced. */
  readonly old: readonly string[];
  /** Length of the error log before. */
  readonly logged: number;
}

/** The new workers serve before the old ones stop to accept, so both are waited for. */
async function inForce(folder: string, child: Child, awaited: Awaited): Promise<void> {
  for (let tries = 0; tries < 3000; tries += 1) {
    const now = await workers(child.pid ?? 0);
    const replaced = !awaited.old.some((pid) => now.includes(pid));
    if (replaced && (await servedGeneration(folder)) === awaited.generation) return;
    const why = (await complaint(folder, awaited.logged)) ?? child.how();
    if (why !== undefined) throw new Error(why);
    await sleep(10);
  }
  throw new Error(`NGINX does not serve generation ${awaited.generation} after 30 s`);
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
  for (const old of [...Object.values(socketsOf(folder)), errorLog(folder)]) await rm(old, { force: true });
  const file = join(folder, 'nginx.conf');
  await writeFile(file, config);
  const args = ['-p', folder, '-c', file, '-e', errorLog(folder), '-g', 'daemon off;'];
  const logFile = join(folder, 'output.log');
  const child = startGuardedChild({ name: 'NGINX', command: 'nginx', args, env, logFile }, 'TERM');
  await inForce(folder, child, { generation, old: [], logged: 0 });
  return {
    child,
    async reload(nextConfig, nextGeneration) {
      await writeFile(file, nextConfig);
      const old = await workers(child.pid ?? 0);
      const { size: logged } = await stat(errorLog(folder));
      if (child.pid !== undefined) process.kill(child.pid, 'SIGHUP');
      await inForce(folder, child, { generation: nextGeneration, old, logged });
    },
    stop: async () => await child.stop(),
  };
}
