import { spawn } from 'node:child_process';
import { toolPath } from './tools.ts';

export interface CommandOptions {
  /** What the command reads as its standard input, for `-f -`. */
  readonly input?: string;
  /** Default: the admin's. */
  readonly kubeconfig?: string;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** Warnings of webhooks are here. */
  readonly stderr: string;
}

/** Arguments in order, and options anywhere among them. */
export type CommandInput = readonly (string | CommandOptions)[];

/** Runs kubectl or helm with a home of its own, so that nothing of this machine's configuration or caches counts. */
export async function runCommand(
  tool: 'kubectl' | 'helm',
  input: CommandInput,
  where: { readonly home: string; readonly kubeconfig: string },
): Promise<CommandResult> {
  const args = input.filter((part) => typeof part === 'string');
  const options = input.filter((part) => typeof part !== 'string').reduce((all, part) => ({ ...all, ...part }), {});
  const env = { PATH: process.env['PATH'], HOME: where.home, KUBECONFIG: options.kubeconfig ?? where.kubeconfig };
  const child = spawn(toolPath(tool), args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? -1));
  });
  return { code, ...output };
}

/** What it printed; its error output is the message where it fails. */
export function succeeded(tool: string, input: CommandInput, result: CommandResult): string {
  if (result.code === 0) return result.stdout;
  const words = input.filter((part) => typeof part === 'string').join(' ');
  throw new Error(`${tool} ${words} failed (${result.code}): ${result.stderr.trim() || result.stdout.trim()}`);
}
