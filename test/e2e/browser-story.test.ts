/** The story as a person sees it, in a real Chromium; and what a browser does that no HTTP client does by itself. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { inContext, isCognito, sendPassword, signIn } from '../support/browsing.ts';
import { launchChromium } from '../support/chromium.ts';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';

let stack: Stack;
let browser: Browser;
before(async () => {
  [stack, browser] = await Promise.all([startStack(), launchChromium()]);
});
after(async () => {
  await browser.close();
  await stack.stop();
});

const sessionName = /^__Host-cg-/;

test('ada types her password once and reaches /admin on two unrelated domains', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    const forms = stack.cognito.stats.signIn;
    await signIn(page, `${stack.urls.shop}/admin/x?y=1&z=%C3%A9#part`, 'ada');
    assert.ok((await page.innerText('main')).includes('received GET /admin/x?y=1&z=%C3%A9.'));
    const answer = await page.goto(`${stack.urls.wiki}/admin`);
    assert.equal(answer?.status(), 200);
    assert.equal(page.url(), `${stack.urls.wiki}/admin`);
    assert.equal(stack.cognito.stats.signIn, forms + 1);
    await page.goto(`${stack.urls.shop}/_cognito-gate/`);
    assert.ok(/You are ada Person/.test(await page.innerText('main')));
  }));

test('bob is told in plain words; once he is in the group, "check again" lets him in to the same page', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    const url = `${stack.urls.shop}/admin/x?y=1`;
    await signIn(page, `${stack.urls.shop}/`, 'bob');
    const denied = await page.goto(url);
    assert.equal(denied?.status(), 403);
    const text = await page.innerText('main');
    for (const part of ['bob Person (bob)', 'admins', 'extension 1234', 'What is missing'])
      assert.ok(text.includes(part), part);
    await page.getByRole('link', { name: 'Check again' }).click();
    await page.getByRole('link', { name: 'Check again' }).waitFor();
    stack.cognito.setGroups('bob', ['staff', 'admins']);
    const forms = stack.cognito.stats.signIn;
    await page.getByRole('link', { name: 'Check again' }).click();
    await page.waitForURL(url);
    assert.ok(/You got through/.test(await page.innerText('main')));
    assert.equal(stack.cognito.stats.signIn, forms);
    stack.cognito.setGroups('bob', ['staff']);
  }));

test('"switch account" asks for the password again and lands as ada at the same app and path', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    const url = `${stack.urls.shop}/admin/x?y=1&q=a%20b`;
    await signIn(page, `${stack.urls.shop}/`, 'bob');
    await page.goto(url);
    await page.getByRole('button', { name: 'Switch account' }).click();
    await page.waitForURL(isCognito);
    await sendPassword(page, 'ada');
    await page.waitForURL(url);
    assert.ok(/You got through, ada/.test(await page.innerText('main')));
  }));

test('L25 sign-out under our content security policy arrives, and Cognito asks for the password again on both apps', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signIn(page, `${stack.urls.shop}/a`, 'ada');
    await page.goto(`${stack.urls.wiki}/b`);
    await page.goto(`${stack.urls.shop}/_cognito-gate/`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL((url) => url.pathname === '/oauth2/signed-out');
    assert.ok(/You are signed out/.test(await page.innerText('main')));
    for (const app of [stack.urls.shop, stack.urls.wiki]) {
      await page.goto(`${app}/a`);
      assert.ok(isCognito(new URL(page.url())), app);
      await page.locator('input[name="password"]').waitFor();
    }
    await page.goto(`${stack.urls.shop}/_cognito-gate/`);
    assert.ok(/Nobody is signed in here/.test(await page.innerText('main')));
  }));

test('S6 the session cookie of shop opens nothing on wiki', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signIn(page, `${stack.urls.shop}/`, 'ada');
    const session = (await context.cookies(stack.urls.shop)).find((cookie) => sessionName.test(cookie.name));
    assert.ok(session !== undefined && session.httpOnly && session.secure && session.sameSite === 'Lax');
    await inContext(browser, async ({ context: thief }) => {
      const { name, value } = session;
      await thief.addCookies([{ name, value, url: stack.urls.wiki, secure: true, httpOnly: true }]);
      const tab = await thief.newPage();
      const seen = stack.wiki.requests;
      await tab.goto(`${stack.urls.wiki}/`);
      assert.ok(isCognito(new URL(tab.url())));
      assert.equal(stack.wiki.requests, seen);
    });
  }));

test('N31 a form sent after the session ended comes back as a page load; from another site it is refused', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signIn(page, `${stack.urls.shop}/`, 'bob');
    await context.clearCookies();
    const post = (action: string): Promise<unknown> => page.evaluate(submitForm(action));
    await post('/save?x=1');
    await page.waitForURL(isCognito);
    await sendPassword(page, 'bob');
    await page.waitForURL(`${stack.urls.shop}/save?x=1`);
    assert.ok((await page.innerText('main')).includes('received GET /save?x=1'));
    await post('/save?x=2');
    await page.getByText('received POST /save?x=2').waitFor();
    await page.goto(`${stack.urls.wiki}/healthz`);
    const refused = page.waitForResponse(`${stack.urls.shop}/save?x=3`);
    await post(`${stack.urls.shop}/save?x=3`);
    // The app itself only ever answers 200.
    assert.equal((await refused).status(), 403);
  }));

/** Scripts that run in a page are text: this side has no DOM. */
const submitForm = (action: string): string => `{
  const form = document.createElement('form');
  form.method = 'post';
  form.action = ${JSON.stringify(action)};
  document.body.append(form);
  form.submit();
}`;

/** Ends with the status, or in the sign-in. */
const calling = (path: string): string => `call('${path}').then(({ status }) => status)`;

/** The script that README.md offers. */
async function readmeScript(): Promise<string> {
  const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const script = /```js\n(async function call[\s\S]*?)```/.exec(text)?.[1];
  assert.ok(script !== undefined, 'README.md has the script');
  return script;
}

for (const [what, path] of [
  ['a protected page', '/orders?q=1'],
  ['a public page', '/healthz'],
] as const) {
  test(`a script on ${what} learns that it must sign in, and comes back to its page with a session`, () =>
    inContext(browser, async ({ context }) => {
      const page = await context.newPage();
      const url = `${stack.urls.shop}${path}`;
      if (path === '/healthz') await page.goto(url);
      else await signIn(page, url, 'bob');
      await context.clearCookies();
      const script = await readmeScript();
      await page.addScriptTag({ content: script });
      await Promise.race([page.evaluate(calling('/api/orders')).catch(() => undefined), page.waitForURL(isCognito)]);
      await page.waitForURL(isCognito);
      await sendPassword(page, 'bob');
      await page.waitForURL(url);
      await page.addScriptTag({ content: script });
      assert.equal(await page.evaluate(calling('/api/orders')), 200);
      assert.equal(await page.evaluate(calling('/admin')), 403);
      assert.equal(page.url(), url);
    }));
}

test('S5 a person with 300 groups signs in on both domains and is judged rightly', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signIn(page, `${stack.urls.shop}/`, 'max');
    assert.equal((await page.goto(`${stack.urls.wiki}/`))?.status(), 200);
    assert.equal((await page.goto(`${stack.urls.shop}/admin`))?.status(), 403);
    await page.goto(`${stack.urls.shop}/_cognito-gate/`);
    assert.ok(/staff/.test(await page.innerText('main')));
    assert.ok((await context.cookies(stack.urls.shop)).some((cookie) => sessionName.test(cookie.name)));
  }));

test('L15 an error answer with markup in it is shown as text, and "try again" leads to the page', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    const url = `${stack.urls.shop}/a`;
    const description = '<img src=x onerror="document.title=1"><b>no</b> for <script>document.title=2</script>';
    stack.cognito.faults.authorize = { error: 'access_denied', description };
    const answer = await page.goto(url);
    stack.cognito.faults.authorize = undefined;
    assert.ok((answer?.status() ?? 0) >= 400);
    assert.equal(new URL(page.url()).hostname, stackHosts.signIn);
    assert.ok((await page.innerText('main')).includes(`${description} (access_denied)`));
    assert.equal(await page.locator('img, script, main b').count(), 0);
    assert.equal(await page.title(), 'Sign-in failed');
    await page.getByRole('link', { name: 'Try again' }).click();
    await sendPassword(page, 'bob');
    await page.waitForURL(url);
  }));
