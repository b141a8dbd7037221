/** Ways through sign-in that people take and no specification draws: many tabs, back, reload, frames, loads made in advance. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { inContext, isCognito, pathOf, sendPassword, signIn } from '../support/browsing.ts';
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

const tabCount = 10;

/** Pages that each want an address of their own. */
async function openTabs(context: BrowserContext): Promise<readonly { page: Page; url: string }[]> {
  const numbers = Array.from({ length: tabCount }, (_, index) => index);
  const tabs = await Promise.all(
    numbers.map(async (index) => ({
      page: await context.newPage(),
      url: `${stack.urls.shop}/tab/${index}?n=${index}`,
    })),
  );
  await Promise.all(tabs.map(({ page, url }) => page.goto(url)));
  return tabs;
}

/** Either the tab is at its page, or one "continue" leads there. */
async function arrives({ page, url }: { page: Page; url: string }): Promise<'at once' | 'by continue'> {
  const link = page.getByRole('link', { name: 'Continue' });
  const how = await Promise.race([
    page.waitForURL(url).then(() => 'at once' as const),
    link.waitFor().then(() => 'by continue' as const),
  ]);
  if (how === 'by continue') {
    await link.click();
    await page.waitForURL(url);
  }
  assert.ok(/You got through, bob/.test(await page.innerText('main')), url);
  return how;
}

test('L5 ten tabs open at once; the password is typed in each, the last first: every tab lands on its own page', () =>
  inContext(browser, async ({ context }) => {
    const tabs = await openTabs(context);
    for (const { page } of tabs) assert.ok(isCognito(new URL(page.url())), pathOf(page.url()));
    for (const tab of tabs.toReversed()) {
      await sendPassword(tab.page, 'bob');
      await arrives(tab);
    }
  }));

test('L5 ten tabs are sent at the same moment: every tab lands on its own page', () =>
  inContext(browser, async ({ context }) => {
    const tabs = await openTabs(context);
    await Promise.all(tabs.map(({ page }) => sendPassword(page, 'bob')));
    await Promise.all(tabs.map(arrives));
  }));

test('L5 ten tabs of a person who is signed in elsewhere land at once, without a form (N34: ten tabs are no loop)', () =>
  inContext(browser, async ({ context }) => {
    const first = await context.newPage();
    await signIn(first, `${stack.urls.wiki}/`, 'bob');
    const forms = stack.cognito.stats.signIn;
    const tabs = await openTabs(context);
    const how = await Promise.all(tabs.map(arrives));
    assert.equal(stack.cognito.stats.signIn, forms);
    assert.ok(how.includes('at once'));
  }));

test('L14 each step of a sign-in opened a second time leads on: the app, a form, or one "continue"', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    const steps: string[] = [];
    page.on('request', (request) => {
      if (request.isNavigationRequest()) steps.push(request.url());
    });
    const url = `${stack.urls.shop}/a?b=1`;
    await signIn(page, url, 'bob');
    const again = [...new Set(steps)].filter((step) => new URL(step).hostname !== stackHosts.cognito);
    assert.deepEqual(
      again.map((step) => new URL(step).pathname.replace(/(start|complete)\/.*/, '$1')),
      ['/a', '/_cognito-gate/start', '/oauth2/authorize', '/oauth2/callback', '/_cognito-gate/complete'],
    );
    const visits = async (who: BrowserContext, how: string): Promise<void> => {
      const tab = await who.newPage();
      for (const step of again) {
        // Five visits to one page within seconds would be a loop.
        await who.clearCookies({ name: /^__Host-cgl/ });
        const answer = await tab.goto(step);
        assert.ok((answer?.status() ?? 500) < 500, `${how}: ${pathOf(step)}`);
        const next = tab.getByRole('link', { name: 'Continue' });
        if (await next.isVisible()) await next.click();
        if (isCognito(new URL(tab.url()))) await sendPassword(tab, 'bob');
        await tab.waitForURL(url, { timeout: 8000 }).catch((error: unknown) => {
          throw new Error(`${how}: ${pathOf(step)} ended at ${pathOf(tab.url())}`, { cause: error });
        });
      }
      await tab.close();
    };
    await visits(context, 'signed in');
    // The grant and the code are used up whatever cookies are there; nothing of this browser is known any more.
    await context.clearCookies({ name: /^__Host-cg-/ });
    await visits(context, 'session lost');
  }));

test('L14 back and reload at the form, at the page and at the denial never end nowhere', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await page.goto(`${stack.urls.shop}/healthz`);
    await page.goto(`${stack.urls.shop}/a`);
    await page.reload();
    assert.ok(isCognito(new URL(page.url())));
    await page.goBack();
    await page.goForward();
    await sendPassword(page, 'bob');
    await page.waitForURL(`${stack.urls.shop}/a`);
    await page.reload();
    await page.goBack();
    await leadsOn(page);
    await page.goto(`${stack.urls.shop}/admin`);
    for (const action of ['reload', 'goBack', 'goForward', 'reload'] as const) {
      await page[action]();
      if (action === 'goBack') await leadsOn(page);
      else assert.ok(/not open to you/.test(await page.innerText('main')), action);
    }
  }));

test('L14 back and reload after a sign-out show no page of the app and never end nowhere', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signIn(page, `${stack.urls.shop}/a`, 'bob');
    await page.goto(`${stack.urls.shop}/_cognito-gate/sign-out?rd=/a`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL((url) => url.pathname === '/oauth2/signed-out');
    const reloaded = await page.reload();
    assert.equal(reloaded?.status(), 200);
    assert.ok(/You are signed out/.test(await page.innerText('main')));
    const seen = stack.shop.requests;
    await page.goBack();
    await leadsOn(page);
    await page.goBack();
    await leadsOn(page);
    await page.reload();
    await leadsOn(page);
    assert.equal(stack.shop.requests, seen);
  }));

test('L14 back from the form of "switch account" leads on, and the old account is not there any more', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await signIn(page, `${stack.urls.shop}/a`, 'bob');
    await page.goto(`${stack.urls.shop}/admin`);
    await page.getByRole('button', { name: 'Switch account' }).click();
    await page.waitForURL(isCognito);
    await page.reload();
    await page.goBack();
    await leadsOn(page);
    await page.goto(`${stack.urls.shop}/admin`);
    await sendPassword(page, 'ada');
    await page.waitForURL(`${stack.urls.shop}/admin`);
  }));

/** A page with something to do on it. */
async function leadsOn(page: Page): Promise<void> {
  await page.locator('a[href]:visible, button:visible').first().waitFor();
}

test('an attempt that is gone when the password is sent: "continue" leads to the page (L5, L14)', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    const url = `${stack.urls.shop}/a?b=1`;
    await page.goto(url);
    await context.clearCookies({ name: /^__Host-cga-/, domain: stackHosts.shop });
    await sendPassword(page, 'bob');
    await page.getByRole('link', { name: 'Continue' }).click();
    await page.waitForURL(url);
  }));

test('a tab that waited at the form while another one signed in and out leads on to its page', () =>
  inContext(browser, async ({ context }) => {
    const [one, other] = [await context.newPage(), await context.newPage()];
    const url = `${stack.urls.shop}/waiting?b=1`;
    await other.goto(url);
    await signIn(one, `${stack.urls.shop}/a`, 'ada');
    await one.goto(`${stack.urls.shop}/_cognito-gate/sign-out`);
    await one.getByRole('button', { name: 'Sign out' }).click();
    await one.waitForURL((at) => at.pathname === '/oauth2/signed-out');
    await sendPassword(other, 'bob');
    await other.waitForURL((at) => !isCognito(at));
    await other.getByRole('link', { name: 'Continue' }).click();
    await other.waitForURL(url);
    assert.ok(/You got through, bob/.test(await other.innerText('main')));
  }));

test('N30 a frame is refused without a trace; a framed start says to open a new tab, and that works', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await page.goto(`${stack.urls.wiki}/healthz`);
    const seen = stack.shop.requests;
    const framed = page.waitForResponse(`${stack.urls.shop}/a`);
    await page.evaluate(addFrame(`${stack.urls.shop}/a`));
    assert.equal((await framed).status(), 403);
    await page.evaluate(addFrame(`${stack.urls.shop}/_cognito-gate/start/${stack.routes.shop}?rd=/a`));
    const link = page.frameLocator('iframe').last().getByRole('link', { name: 'Open in a new tab' });
    await link.waitFor();
    assert.equal(stack.shop.requests, seen);
    assert.deepEqual(await context.cookies(), []);
    const [tab] = await Promise.all([context.waitForEvent('page'), link.click()]);
    await tab.waitForURL(isCognito);
    await sendPassword(tab, 'bob');
    await tab.waitForURL(`${stack.urls.shop}/a`);
    const own = tab.waitForResponse(`${stack.urls.shop}/b`);
    await tab.evaluate(addFrame(`${stack.urls.shop}/b`));
    assert.equal((await own).status(), 200, 'an app may frame its own pages');
  }));

/** Runs in the page. */
const addFrame = (url: string): string => `{
  const frame = document.createElement('iframe');
  frame.src = ${JSON.stringify(url)};
  document.body.append(frame);
}`;

test('N30 prefetch and prerender of a protected page make no attempt and don’t spoil the visit that follows', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    await page.goto(`${stack.urls.shop}/healthz`);
    const seen = stack.shop.requests;
    const urls = ['/prefetched', '/prerendered', '/linked'].map((path) => `${stack.urls.shop}${path}`);
    const refused = countRefused(context, urls);
    await page.evaluate(inAdvance(urls));
    await Promise.race([refused.all, new Promise((resolve) => setTimeout(resolve, 4000))]);
    assert.ok(refused.count() >= 1, 'Chromium loaded something in advance');
    assert.equal(stack.shop.requests, seen);
    assert.deepEqual(await context.cookies(), []);
    for (const [index, url] of urls.entries()) {
      if (index > 0) await page.goto(`${stack.urls.shop}/healthz`);
      await page.evaluate(`location.assign(${JSON.stringify(url)})`).catch(() => undefined);
      if (index === 0) {
        await page.waitForURL(isCognito);
        await sendPassword(page, 'bob');
      }
      await page.waitForURL(url);
      await page.getByText('You got through').waitFor();
    }
  }));

const inAdvance = (urls: readonly string[]): string => `{
  const [prefetch, prerender, linked] = ${JSON.stringify(urls)};
  const rules = document.createElement('script');
  rules.type = 'speculationrules';
  rules.text = JSON.stringify({
    prefetch: [{ urls: [prefetch], eagerness: 'immediate' }],
    prerender: [{ urls: [prerender], eagerness: 'immediate' }],
  });
  const link = document.createElement('link');
  link.rel = 'prefetch';
  link.href = linked;
  document.head.append(rules, link);
}`;

function countRefused(context: BrowserContext, urls: readonly string[]): { all: Promise<void>; count(): number } {
  const refused = new Set<string>();
  const { promise, resolve } = Promise.withResolvers<void>();
  context.on('response', (response) => {
    if (!urls.includes(response.url()) || response.status() !== 403) return;
    refused.add(response.url());
    if (refused.size === urls.length) resolve();
  });
  return { all: promise, count: () => refused.size };
}

test('N34 a browser that loses each new session is stopped by a page after the second return, and let in once it keeps one', () =>
  inContext(browser, async ({ context }) => {
    const page = await context.newPage();
    const url = `${stack.urls.shop}/a`;
    await signIn(page, url, 'bob');
    let stopped = 0;
    for (let visits = 2; visits <= 4 && stopped === 0; visits += 1) {
      await context.clearCookies({ name: /^__Host-cg-/ });
      const answer = await page.goto(url);
      if (answer?.status() === 403) stopped = visits;
    }
    assert.equal(stopped, 3);
    assert.ok(/sent back and forth/.test(await page.innerText('main')));
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.waitForURL(url);
    assert.ok(/You got through, bob/.test(await page.innerText('main')));
  }));
