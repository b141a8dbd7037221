import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { ask } from '../support/request.ts';
import { until } from '../support/stack.ts';
import { movedPorts, root, signIn, startDemo, untilReady } from './running-demo.ts';
import type { Ready, RunningDemo } from './running-demo.ts';

interface ClusterReady extends Ready {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly open: { readonly news: string };
  readonly replicas: readonly {
    readonly name: string;
    readonly pid: number;
    readonly decisions: string;
    readonly operations: string;
  }[];
}

const run = promisify(execFile);
const program = 'demo/demo-cluster.ts';
const cache = '.cache/demo-cluster-test';
let demo: RunningDemo;
let ready: ClusterReady;
let ca: string;
let browser: Browser;

before(async () => {
  await rm(`${root}${cache}`, { recursive: true, force: true });
  demo = startDemo(program, { DEMO_CACHE: cache, ...(await movedPorts()) });
  ready = await untilReady(demo, cache);
  ca = await readFile(`${root}${ready.ca}`, 'utf8');
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  demo.process.kill('SIGKILL');
});

/** As a reader's own, with nothing but what was printed. */
async function kubectl(...args: readonly string[]): Promise<string> {
  const path = /export PATH=(.*):\$PATH/.exec(demo.output())?.[1];
  const kubeconfig = /export KUBECONFIG=(.*)/.exec(demo.output())?.[1];
  const env = { PATH: `${path}:${process.env['PATH']}`, KUBECONFIG: kubeconfig, HOME: `${root}${cache}` };
  return (await run('kubectl', [...args], { env, cwd: root })).stdout;
}

const status = async (address: string): Promise<number> =>
  (await ask(address, { ca, headers: { accept: 'text/html' } })).status;

async function becomes(address: string, wanted: number): Promise<void> {
  await until(async () => (await status(address)) === wanted, `${wanted} from ${address}`);
}

test('ready.json has all that the other demo says, and how to reach the cluster', async () => {
  const names = ['apps', 'signIn', 'ca', 'decisions', 'operations', 'policies', 'accounts'];
  assert.deepEqual(Object.keys(ready), [...names, 'kubeconfig', 'kubectl', 'open', 'replicas']);
  assert.equal((await stat(ready.kubeconfig)).mode & 0o077, 0);
  for (const { operations } of [ready, ...ready.replicas]) assert.equal(await status(`${operations}/readyz`), 200);
});

test('kubectl tells who is protected, and what the pool answered', async () => {
  await until(
    async () => /^shop .*True +Protected +Enforce/m.test(await kubectl('get', 'accesspolicies', '-A')),
    'the status',
  );
  await kubectl('wait', '-n', 'identity', 'cognitopool/demo', '--for=condition=Registered', '--timeout=20s');
  assert.match(await kubectl('describe', 'ingress', 'shop', '-n', 'shop'), /protected by the policy shop\/shop/);
});

test('one password for both apps; bob is told which group he lacks', async () => {
  const page = await signIn(browser, ready, { address: `${ready.apps.shop}/admin`, username: 'ada' });
  assert.equal(page.url(), `${ready.apps.shop}/admin`);
  assert.equal((await page.goto(`${ready.apps.wiki}/admin`))?.status(), 200);
  const other = await signIn(browser, ready, { address: `${ready.apps.shop}/admin`, username: 'bob' });
  assert.match(await other.innerText('main'), /admins/);
});

test('one annotation closes an open app, and it opens again without', async () => {
  const annotate = async (text: string): Promise<string> =>
    await kubectl('annotate', 'ingress/news', '-n', 'news', text);
  await becomes(ready.open.news, 200);
  await annotate('cognito-gate.dev/allowed-groups=admins');
  await becomes(ready.open.news, 302);
  const page = await signIn(browser, ready, { address: `${ready.open.news}/`, username: 'bob' });
  assert.equal((await page.reload())?.status(), 403);
  await annotate('cognito-gate.dev/allowed-groups-');
  await becomes(ready.open.news, 200);
});

test('a deleted policy refuses everybody, until it is there again', async () => {
  await kubectl('delete', 'accesspolicy', 'shop', '-n', 'shop');
  await becomes(`${ready.apps.shop}/healthz`, 403);
  await kubectl('apply', '-f', 'demo/policies/shop.yaml');
  await becomes(`${ready.apps.shop}/healthz`, 200);
});

test('a replica that is killed is missed by nobody', async () => {
  const first = ready.replicas[0];
  assert.ok(first !== undefined);
  process.kill(first.pid, 'SIGKILL');
  await until(async () => demo.output().includes(`${first.name} ended`), 'the demo to notice');
  for (let count = 0; count < 10; count += 1) assert.equal(await status(`${ready.apps.shop}/healthz`), 200);
});

test('SIGINT stops every part and takes ready.json away', async () => {
  const closed = once(demo.process, 'close');
  demo.process.kill('SIGINT');
  assert.deepEqual(await closed, [0, null], demo.output());
  await assert.rejects(stat(`${root}${cache}/ready.json`));
  for (const address of [ready.apps.shop, ready.decisions, ready.operations])
    await assert.rejects(ask(address, { ca }));
  const server = /https:\/\/[0-9.:]+/.exec(await readFile(ready.kubeconfig, 'utf8'))?.[0];
  await assert.rejects(ask(`${server}/readyz`));
});

test('DEMO_PROXY=nginx: the same apps behind NGINX', async () => {
  const folder = `${cache}-nginx`;
  const second = startDemo(program, { DEMO_CACHE: folder, DEMO_PROXY: 'nginx', ...(await movedPorts()) });
  const { apps, ca: file } = await untilReady<ClusterReady>(second, folder);
  const answer = await ask(`${apps.shop}/`, {
    ca: await readFile(`${root}${file}`, 'utf8'),
    headers: { accept: 'text/html' },
  });
  assert.equal(answer.status, 302);
  const closed = once(second.process, 'close');
  second.process.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null], second.output());
  await rm(`${root}${folder}`, { recursive: true, force: true });
});
