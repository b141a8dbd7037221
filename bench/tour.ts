import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Visitor } from '../test/support/visitor.ts';

interface Ready {
  readonly apps: Readonly<Record<string, string>>;
  readonly ca: string;
  readonly operations: string;
  readonly accounts: readonly { readonly username: string; readonly password: string }[];
}

/** Starts the demo, lets each of its people look at both apps, and reads how much memory the program holds then. */
export async function tour(): Promise<{
  startToReady: number;
  signIns: number;
  requests: number;
  residentBytes: number;
}> {
  const demo = spawn(process.execPath, ['demo/demo.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    const ready = await whenReady(demo);
    const before = performance.now();
    let requests = 0;
    for (const account of ready.accounts) requests += await visit(ready, account);
    const metrics = await (await fetch(`${ready.operations}/metrics`)).text();
    console.log(`(the tour took ${((performance.now() - before) / 1000).toFixed(1)} s)`);
    return {
      startToReady: value(metrics, 'cognito_gate_start_to_ready_seconds'),
      signIns: ready.accounts.length,
      requests,
      residentBytes: value(metrics, 'process_resident_memory_bytes'),
    };
  } finally {
    const exited = new Promise((resolve) => demo.once('exit', resolve));
    demo.kill('SIGINT');
    await exited;
  }
}

/** One person at both apps; gives the number of requests. */
async function visit({ apps, ca }: Ready, account: Ready['accounts'][number]): Promise<number> {
  const visitor = new Visitor(readFileSync(ca, 'utf8'));
  for (const app of Object.values(apps)) {
    await visitor.signIn(`${app}/`, account);
    for (let count = 0; count < 20; count += 1) await visitor.go(`${app}/page-${count}`);
  }
  return visitor.trail.length;
}

function value(metrics: string, name: string): number {
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(metrics)?.[1]);
}

async function whenReady(demo: ReturnType<typeof spawn>): Promise<Ready> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (demo.exitCode !== null) throw new Error(`the demo ended with ${demo.exitCode} before it was ready`);
    try {
      return JSON.parse(readFileSync('.cache/demo/ready.json', 'utf8')) as Ready;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    await sleep(100);
  }
  throw new Error('the demo was not ready within 60 s');
}
