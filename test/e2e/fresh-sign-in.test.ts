/** Pages that want a recent sign-in, sign-ins that were ended for good, and people who were let in a moment ago: in a real Chromium, everything real. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { inContext, isCognito, sendPassword, signIn } from '../support/browsing.ts';
import { launchChromium } from '../support/chromium.ts';
import { startSecondReplica } from '../support/second-replica.ts';
import type { SecondReplica } from '../support/second-replica.ts';
import { shopAndWiki, withPayroll } from '../support/stack-objects.ts';
import { stackHosts, startStack, until } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, scripted } from '../support/steps.ts';
import { navigation } from '../support/visitor.ts';
import type { Visitor } from '../support/visitor.ts';

const ageSeconds = 2;
let stack: Stack;
let browser: Browser;
before(async () => {
  [stack, browser] = await Promise.all([
    startStack({ apps: withPayroll(shopAndWiki, `${ageSeconds}s`) }),
    launchChromium(),
  ]);
});
after(async () => {
  await browser.close();
  await stack.stop();
});
afterEach(() => {
  stack.cognito.faults.prompt = undefined;
});

const payroll = (): string => `${stack.urls.shop}/payroll/may?n=1`;
/** What was read this lately is not read once more unless the person asks. */
const justRead = 3000;
const pastAge = (): Promise<void> => sleep((ageSeconds + 1) * 1000);
const headline = (page: Page): Promise<string> => page.innerText('h1');
const isOurs = (page: Page): boolean => new URL(page.url()).hostname === stackHosts.signIn;

async function isIn(page: Page, url: string, username: string): Promise<void> {
  await page.waitForURL(url);
  const text = await page.innerText('main');
  assert.ok(text.includes(`You got through, ${username}`), text.slice(0, 200));
}

/** Signed in on another page, too long ago. */
async function signedInLongAgo(page: Page): Promise<void> {
  await signIn(page, `${stack.urls.shop}/`, 'bob');
  await pastAge();
}

async function setFreshSignIn(how: string): Promise<void> {
  const pool = await readFile(`${stack.policies}/pool.yaml`, 'utf8');
  const without = pool.replace(/^ {2}freshSignIn: .*\n/m, '');
  await stack.write('pool.yaml', without.replace(/^spec:\n/m, `spec:\n  freshSignIn: ${how}\n`));
  await sleep(1500);
}

test('L26 the password is asked for once more, and the page opens; others go on without', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signedInLongAgo(page);
    const tokens = stack.cognito.stats.token;
    await page.goto(`${stack.urls.shop}/page`);
    await isIn(page, `${stack.urls.shop}/page`, 'bob');
    assert.equal(stack.cognito.stats.token, tokens);
    await page.goto(payroll());
    assert.ok(isCognito(new URL(page.url())), page.url());
    await sendPassword(page, 'bob');
    await isIn(page, payroll(), 'bob');
  }));

for (const prompt of ['ignored', 'keepsAuthTime'] as const) {
  test(`L26 prompt=login ${prompt}: a page that says so, no loop; its link leads in`, () =>
    inContext(browser, async ({ context }) => {
      const page = await context.newPage();
      await signedInLongAgo(page);
      stack.cognito.faults.prompt = prompt;
      const asked = stack.cognito.stats.authorize;
      await page.goto(payroll());
      if (prompt === 'keepsAuthTime') await sendPassword(page, 'bob');
      await page.getByRole('heading', { name: 'This page asks for a recent sign-in' }).waitFor();
      assert.ok(isOurs(page), page.url());
      assert.equal(stack.cognito.stats.authorize, asked + 1);
      stack.cognito.faults.prompt = prompt === 'ignored' ? 'ignored' : undefined;
      await page.getByRole('link', { name: 'Sign out and in again' }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.locator('input[name="username"]').waitFor();
      await sendPassword(page, 'bob');
      await isIn(page, payroll(), 'bob');
    }));
}

test('L26 Logout: Cognito’s own session ends first, so the classic pages ask too', async () => {
  await setFreshSignIn('Logout');
  stack.cognito.faults.prompt = 'ignored';
  await inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signedInLongAgo(page);
    await page.goto(payroll());
    assert.ok(isCognito(new URL(page.url())), page.url());
    await sendPassword(page, 'bob');
    await isIn(page, payroll(), 'bob');
  });
});

test('L26 None: a page says what to do', async () => {
  await setFreshSignIn('None');
  await inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signedInLongAgo(page);
    await page.goto(payroll());
    assert.equal(await headline(page), 'This page asks for a recent sign-in');
  });
  await setFreshSignIn('Prompt');
});

test('somebody just added to a group gets in at the next click, and by "check again"', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    const admin = `${stack.urls.shop}/admin`;
    await page.goto(admin);
    await sendPassword(page, 'eve');
    await page.getByText('What is missing').waitFor();
    await sleep(justRead);
    stack.cognito.setGroups('eve', ['admins']);
    await page.goto(admin);
    await isIn(page, admin, 'eve');
    await sleep(1100);
    stack.cognito.setGroups('eve', []);
    await page.goto(`${stack.urls.shop}/_cognito-gate/start/${stack.routes.shop}?rd=/admin&check=1`);
    assert.ok((await page.innerText('main')).includes('What is missing'));
    await sleep(1100);
    stack.cognito.setGroups('eve', ['admins']);
    await page.getByRole('link', { name: 'Check again' }).click();
    await isIn(page, admin, 'eve');
  }));

/** Start for /admin, asked of the second replica with the cookies of a visitor. */
function startAt(second: SecondReplica, visitor: Visitor): Promise<{ status: number; location: string; body: string }> {
  const { host, hostname } = new URL(stack.urls.shop);
  const cookie = [...visitor.cookies(hostname)].map(([name, value]) => `${name}=${value}`).join('; ');
  const path = `/_cognito-gate/start/${stack.routes.shop}?rd=/admin`;
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; location: string; body: string }>();
  const options = { host: '127.0.0.1', port: second.ports.signIn, path, headers: { ...navigation, host, cookie } };
  request(options, (response) => {
    let body = '';
    response.on('data', (chunk) => (body += String(chunk)));
    const location = response.headers.location ?? '';
    response.on('end', () => resolve({ status: response.statusCode ?? 0, location, body }));
  })
    .on('error', reject)
    .end();
  return promise;
}

test('N34 a replica that knows less reads again before it sends back: a group that is gone, a sign-in that has ended', async () => {
  const second = await startSecondReplica(stack);
  try {
    const visitor = stack.visitor();
    await visitor.signIn(`${stack.urls.shop}/admin`, account('ada'));
    const old = stack.visitor();
    old.jar.set(stackHosts.shop, new Map(visitor.cookies(stackHosts.shop)));
    await sleep(justRead);
    stack.cognito.setGroups('ada', ['staff']);
    const denied = await visitor.go(`${stack.urls.shop}/_cognito-gate/start/${stack.routes.shop}?rd=/admin`);
    assert.equal(denied.status, 403);
    assert.equal((await old.ask(`${stack.urls.shop}/admin`, { headers: scripted })).status, 403, 'the first knows');
    assert.equal(await second.decide(old, 'shop', '/admin'), 200, 'the second does not');
    const page = await startAt(second, old);
    assert.deepEqual([page.status, page.body.includes('What is missing')], [403, true]);

    stack.cognito.setGroups('ada', ['admins']);
    const question = await visitor.go(`${stack.urls.shop}/_cognito-gate/sign-out`);
    await visitor.submit(question, {});
    await sleep(justRead);
    const toSignIn = await startAt(second, old);
    assert.equal(new URL(toSignIn.location).hostname, stackHosts.signIn);
    assert.equal(await second.decide(old, 'shop'), 403);
  } finally {
    await second.stop();
  }
});

test('S23 a revoked sign-in, with Cognito’s session still there: the password is asked for, and then it serves', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signIn(page, `${stack.urls.shop}/`, 'ada');
    await sleep(1100);
    const before = `${new Date().toISOString().slice(0, 19)}Z`;
    await stack.write(
      'revocation.yaml',
      `apiVersion: cognito-gate.dev/v1alpha1
kind: SessionRevocation
metadata: { name: laptop, namespace: identity }
spec: { pool: { name: staff }, user: { username: ada }, before: "${before}", reason: stolen laptop }
`,
    );
    const cookies = await context.cookies(stack.urls.shop);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const scripted = { cookie, 'sec-fetch-mode': 'cors', accept: '*/*' };
    await until(
      async () => (await stack.visitor().ask(`${stack.urls.shop}/`, { headers: scripted })).status === 403,
      'it',
    );
    const logouts = stack.cognito.stats.logout;
    await page.goto(`${stack.urls.shop}/page`);
    assert.ok(isCognito(new URL(page.url())), page.url());
    assert.equal(stack.cognito.stats.logout, logouts + 1);
    // A sign-in of the very second of `before` is over too.
    await sleep(1100);
    await sendPassword(page, 'ada');
    await isIn(page, `${stack.urls.shop}/page`, 'ada');
  }));
