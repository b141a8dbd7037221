import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { contextOptions } from '../support/chromium.ts';
import { freePort } from '../support/ports.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ready {
  readonly apps: { readonly shop: string; readonly wiki: string };
  readonly signIn: string;
  readonly ca: string;
  readonly decisions: string;
  readonly operations: string;
  readonly policies: string;
  readonly accounts: readonly {
    readonly username: string;
    readonly password: string;
    readonly groups: readonly string[];
  }[];
}

export interface RunningDemo {
  readonly process: ChildProcess;
  output(): string;
}

export function startDemo(program: string, environment: NodeJS.ProcessEnv): RunningDemo {
  const child = spawn(process.execPath, [program], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { process: child, output: () => text };
}

export async function movedPorts(): Promise<NodeJS.ProcessEnv> {
  const names = ['DEMO_PORT', 'DEMO_COGNITO_PORT', 'DEMO_DECISIONS_PORT', 'DEMO_SIGN_IN_PORT', 'DEMO_OPERATIONS_PORT'];
  const entries: [string, string][] = [];
  for (const name of names) entries.push([name, String(await freePort())]);
  return Object.fromEntries(entries);
}

export async function untilReady<R extends Ready>(demo: RunningDemo, cache: string): Promise<R> {
  for (let waited = 0; waited < 60_000; waited += 100) {
    const text = await readFile(`${root}${cache}/ready.json`, 'utf8').catch(() => '');
    if (text.endsWith('}\n')) return JSON.parse(text) as R;
    assert.equal(demo.process.exitCode, null, demo.output());
    await sleep(100);
  }
  throw new Error(`the demo did not come up:\n${demo.output()}`);
}

/** Opens a protected page with a new browser profile, and signs in where that leads to. */
export async function signIn(
  browser: Browser,
  ready: Ready,
  { address, username }: { address: string; username: string },
): Promise<Page> {
  const page = await (await browser.newContext(contextOptions)).newPage();
  await page.goto(address);
  const account = ready.accounts.find((one) => one.username === username);
  assert.ok(account !== undefined);
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', account.password);
  await page.click('button');
  await page.waitForLoadState();
  return page;
}
