import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Target } from './servers.ts';

const run = promisify(execFile);

export interface WrkResult {
  readonly perSecond: number;
  readonly p99Milliseconds: number;
}

/** wrk on core 1 for `seconds`; 16 connections. */
export async function wrk(target: Target, seconds: number): Promise<WrkResult> {
  const headers = Object.entries(target.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { stdout } = await run('taskset', [
    '-c',
    '1',
    'wrk',
    '-t1',
    '-c16',
    `-d${seconds}s`,
    '--latency',
    ...headers,
    target.url,
  ]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const latency = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout);
  const scale = latency?.[2] === 'us' ? 0.001 : latency?.[2] === 's' ? 1000 : 1;
  return { perSecond, p99Milliseconds: Number(latency?.[1]) * scale };
}
