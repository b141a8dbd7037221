import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { listenOn } from '../support/ports.ts';
import { ask, webSocketHeaders } from '../support/request.ts';
import { until } from '../support/until.ts';
import { movedPorts, root, signIn, startDemo, untilReady } from './running-demo.ts';
import type { Ready, RunningDemo } from './running-demo.ts';

const cache = '.cache/demo-test';
const readyPath = `${root}${cache}/ready.json`;
const start = (environment: NodeJS.ProcessEnv): RunningDemo =>
  startDemo('demo/demo.ts', { DEMO_CACHE: cache, ...environment });

let demo: RunningDemo;
let ready: Ready;
let ca: string;
let browser: Browser;

before(async () => {
  await rm(`${root}${cache}`, { recursive: true, force: true });
  demo = start(await movedPorts());
  ready = await untilReady(demo, cache);
  ca = await readFile(`${root}${ready.ca}`, 'utf8');
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  demo.process.kill('SIGKILL');
});

const visit = async (address: string, username: string): Promise<Page> =>
  await signIn(browser, ready, { address, username });

test('ready.json has what the issue names, and five accounts', async () => {
  const names = ['apps', 'signIn', 'ca', 'decisions', 'operations', 'policies', 'accounts'];
  assert.deepEqual(Object.keys(ready), names);
  assert.equal(ready.policies, 'demo/policies');
  assert.deepEqual(
    ready.accounts.map(({ username, groups }) => [username, groups.length]),
    [
      ['ada', 1],
      ['bob', 1],
      ['eve', 0],
      ['max', 300],
      ['sam', 2],
    ],
  );
  assert.equal((await ask(`${ready.operations}/readyz`)).status, 200);
});

test('without a session: a page leads to start, everything else is refused, /healthz is public', async () => {
  for (const app of Object.values(ready.apps)) {
    const page = await ask(`${app}/admin`, { ca, headers: { accept: 'text/html' } });
    assert.equal(page.status, 302);
    assert.ok(page.headers.location?.startsWith(`${app}/_cognito-gate/start/`));
    assert.equal((await ask(`${app}/admin`, { ca })).status, 403);
    assert.equal(
      (await ask(`${app}/admin`, { ca, headers: { 'sec-fetch-mode': 'cors', accept: 'text/html' } })).status,
      403,
    );
    assert.equal((await ask(`${app}/`, { ca, headers: webSocketHeaders })).status, 403);
    assert.equal((await ask(`${app}/healthz`, { ca })).status, 200);
  }
});

test('T23.7 with what the demo ships, ada reaches /admin on both domains with one password', async () => {
  const page = await visit(`${ready.apps.shop}/admin`, 'ada');
  assert.equal(page.url(), `${ready.apps.shop}/admin`);
  const answer = await page.goto(`${ready.apps.wiki}/admin`);
  assert.equal(answer?.status(), 200);
  assert.match(await page.innerText('main'), /x-auth-request-user\s+ada/);
});

test('bob is told which group he lacks, and reaches the rest', async () => {
  const page = await visit(`${ready.apps.shop}/admin`, 'bob');
  assert.match(await page.innerText('main'), /admins/);
  assert.equal((await page.goto(`${ready.apps.shop}/`))?.status(), 200);
});

test('a machine gets into /api with the printed commands, and nowhere else', async () => {
  const printed = /^ {2}token=.*\n {2}curl .*$/m.exec(demo.output())?.[0];
  assert.ok(printed !== undefined, 'the announcement has the commands');
  const run = promisify(execFile);
  const inShell = async (script: string): Promise<string> => (await run('sh', ['-c', script], { cwd: root })).stdout;
  assert.match(await inShell(printed), /"path": "\/api"[\s\S]*"x-auth-request-user": "2democi456789"/);
  assert.equal(await inShell(`${printed.replace(/\/api$/, '/admin')} -s -o /dev/null -w '%{http_code}'`), '403');
});

test('S2 bob loses his group on the stand-in’s page, and the wiki after refreshAfter, without signing out', async () => {
  const page = await visit(`${ready.apps.wiki}/`, 'bob');
  const [people] = /https:\/\/cognito\.localhost:\d+\/people/.exec(demo.output()) ?? [];
  assert.ok(people !== undefined, 'the announcement names the page');
  const console = await page.context().newPage();
  await console.goto(people);
  await console.click('text=take bob out of staff');
  await console.waitForSelector('text=put bob into staff');
  const status = async (): Promise<number> => await page.evaluate(async () => (await fetch('/')).status);
  assert.equal(await status(), 200, 'what was read before serves');
  await until(async () => (await status()) === 403, 'bob to be out', 36_000);
  await console.click('text=put bob into staff');
  await console.waitForSelector('text=take bob out of staff');
  // What was read a moment ago is not read again at once; a person is slower.
  await sleep(2500);
  assert.equal((await page.goto(`${ready.apps.wiki}/`))?.status(), 200);
  await page.context().close();
});

test('someone without groups and someone suspended are refused; 300 groups are judged rightly', async () => {
  for (const username of ['eve', 'sam']) {
    const page = await visit(`${ready.apps.wiki}/`, username);
    assert.equal((await page.reload())?.status(), 403);
  }
  const page = await visit(`${ready.apps.wiki}/`, 'max');
  assert.equal(page.url(), `${ready.apps.wiki}/`);
  assert.equal((await page.goto(`${ready.apps.wiki}/admin`))?.status(), 403);
});

test('a busy port is named with the variable that moves it, and the running demo is left alone', async () => {
  const busy = createServer();
  const port = String(await listenOn(busy, 0));
  const second = start({ ...(await movedPorts()), DEMO_OPERATIONS_PORT: port });
  const [code] = (await once(second.process, 'close')) as [number];
  busy.close();
  assert.equal(code, 1);
  assert.match(second.output(), new RegExp(`Port ${port} .*DEMO_OPERATIONS_PORT`));
  assert.ok((await stat(readyPath)).isFile());
});

test('a second demo of the same checkout is refused on other ports too: it would take the keys of the first', async () => {
  const second = start(await movedPorts());
  const [code] = (await once(second.process, 'close')) as [number];
  assert.equal(code, 1);
  assert.match(second.output(), /A demo of this checkout is running .*DEMO_CACHE/);
  assert.ok((await stat(readyPath)).isFile());
});

test('SIGTERM ends a demo that nobody reads any more, and takes its ready.json away', async () => {
  const folder = `${cache}-unread`;
  const unread = start({ ...(await movedPorts()), DEMO_CACHE: folder });
  const closed = once(unread.process, 'exit');
  const file = `${root}${folder}/ready.json`;
  while (!unread.output().includes('Ctrl-C stops everything')) {
    assert.equal(unread.process.exitCode, null, unread.output());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  unread.process.stdout?.destroy();
  unread.process.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);
  await assert.rejects(stat(file));
  await rm(`${root}${folder}`, { recursive: true, force: true });
});

test('SIGTERM stops every part and takes ready.json away', async () => {
  const closed = once(demo.process, 'close');
  demo.process.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);
  await assert.rejects(stat(readyPath));
  for (const address of [ready.apps.shop, ready.decisions, ready.operations])
    await assert.rejects(ask(address, { ca }));
});
