import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

export interface Child {
  readonly name: string;
  readonly pid: number | undefined;
  /** Settles when the process has ended, with a sentence about how. */
  readonly ended: Promise<string>;
  /** The sentence, once it has ended. */
  how(): string | undefined;
  /** SIGTERM, and SIGKILL when that didn't do in time. */
  stop(timeoutMs?: number): Promise<void>;
}

export interface ChildInput {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes. */
  readonly logFile: string;
}

/**
 * Starts a process that does not outlive us, however we end. It stays in our process group: a signal for the group
 * (Ctrl-C, or the end of a terminal) reaches it as well.
 */
export function startChild(input: ChildInput): Child {
  const log = createWriteStream(input.logFile, { flags: 'w', mode: 0o600 });
  const child = spawn(input.command, [...input.args], {
    env: { ...process.env, ...input.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let how: string | undefined;
  // SIGTERM, since NGINX's workers outlive a master that was killed.
  const endWithUs = (): void => {
    child.kill('SIGTERM');
  };
  process.once('exit', endWithUs);
  const ended = new Promise<string>((resolve) => {
    const settle = (sentence: string): void => {
      how ??= sentence;
      process.off('exit', endWithUs);
      log.end();
      resolve(how);
    };
    child.once('error', (error) => settle(`${input.name} could not be started: ${error.message}`));
    child.once('close', (code, signal) => settle(`${input.name} ended (${signal ?? `exit code ${code ?? '?'}`})`));
  });
  return {
    name: input.name,
    pid: child.pid,
    ended,
    how: () => how,
    async stop(timeoutMs = 5000) {
      if (how !== undefined) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      await ended;
      clearTimeout(timer);
      if (!log.closed) await once(log, 'close').catch(() => undefined);
    },
  };
}
