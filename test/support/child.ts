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
 * Starts a process in a group of its own: Ctrl-C at the terminal reaches only us, and we stop our children in order.
 * However we end, it does not outlive us.
 */
export function startChild(input: ChildInput): Child {
  const log = createWriteStream(input.logFile, { flags: 'w', mode: 0o600 });
  const child = spawn(input.command, [...input.args], {
    env: { ...process.env, ...input.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let how: string | undefined;
  const killNow = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killNow);
  const ended = new Promise<string>((resolve) => {
    const settle = (sentence: string): void => {
      how ??= sentence;
      process.off('exit', killNow);
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
      const timer = setTimeout(killNow, timeoutMs);
      await ended;
      clearTimeout(timer);
      if (!log.closed) await once(log, 'close').catch(() => undefined);
    },
  };
}
