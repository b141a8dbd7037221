/** Every page of ours in a real Chromium: axe in light and dark, phone width, keyboard, no complaint of the security policy. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { inContext, signIn } from '../support/browsing.ts';
import { launchChromium } from '../support/chromium.ts';
import { startStack, until } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { laterPage, revokedPage } from '../../src/sign-in/pages/again.ts';
import type { Page as Words } from '../../src/sign-in/pages/layout.ts';
import { pageResponse } from '../../src/sign-in/pages/layout.ts';
import { shopAndWiki, withPayroll } from '../support/stack-objects.ts';

let stack: Stack;
let browser: Browser;
const pictures = new URL('../../.cache/screenshots/', import.meta.url);

before(async () => {
  const poolRefs = '[{ name: staff, namespace: identity }, { name: partners, namespace: identity }]';
  const wikiPolicy = 'metadata: { name: wiki, namespace: wiki }\nspec:\n  deny:';
  assert.ok(shopAndWiki.includes(wikiPolicy));
  const apps = shopAndWiki.replace(wikiPolicy, wikiPolicy.replace('spec:', `spec:\n  poolRefs: ${poolRefs}`));
  [stack, browser] = await Promise.all([startStack({ apps: withPayroll(apps, '1s') }), launchChromium()]);
  // A second pool for the chooser: the same stand-in under another name.
  const pool = await readFile(`${stack.policies}/pool.yaml`, 'utf8');
  await stack.write('partners.yaml', pool.replace('name: staff', 'name: partners'));
  const wiki = `${stack.urls.wiki}/_cognito-gate/start/${stack.routes.wiki}`;
  await until(async () => (await stack.visitor().ask(wiki)).status === 200, 'the chooser', 5);
  await mkdir(pictures, { recursive: true });
});
after(async () => {
  await browser.close();
  await stack.stop();
});

const start = (path: string): string =>
  `${stack.urls.shop}/_cognito-gate/start/${stack.routes.shop}?rd=${encodeURIComponent(path)}`;

interface Shown {
  readonly name: string;
  readonly headline: RegExp;
  /** Links and buttons. */
  readonly actions: number;
  show(page: Page): Promise<unknown>;
}

const pages: readonly Shown[] = [
  {
    name: 'who-you-are',
    headline: /You are ada Person/,
    actions: 2,
    async show(page) {
      await signIn(page, `${stack.urls.shop}/`, 'ada');
      await page.goto(`${stack.urls.shop}/_cognito-gate/`);
    },
  },
  {
    name: 'who-you-are-300-groups',
    headline: /You are max Person/,
    actions: 2,
    async show(page) {
      await signIn(page, `${stack.urls.shop}/`, 'max');
      await page.goto(`${stack.urls.shop}/_cognito-gate/`);
    },
  },
  {
    name: 'nobody',
    headline: /Nobody is signed in here/,
    actions: 1,
    show: (page) => page.goto(`${stack.urls.shop}/_cognito-gate/`),
  },
  {
    name: 'denied',
    headline: /not open to you/,
    actions: 2,
    async show(page) {
      await signIn(page, `${stack.urls.shop}/`, 'bob');
      await page.goto(`${stack.urls.shop}/admin/reports/2026?month=november`);
    },
  },
  {
    name: 'shut-out',
    headline: /not open to you/,
    actions: 2,
    async show(page) {
      await page.goto(start('/'));
      await page.fill('input[name="username"]', 'sam');
      await page.fill('input[name="password"]', 'sam-secret-pw');
      await page.press('input[name="password"]', 'Enter');
      await page.getByText('shut out').waitFor();
    },
  },
  {
    name: 'sign-out-question',
    headline: /want to sign out/,
    actions: 2,
    async show(page) {
      await signIn(page, `${stack.urls.shop}/`, 'ada');
      await page.goto(`${stack.urls.shop}/_cognito-gate/sign-out`);
    },
  },
  {
    name: 'signed-out',
    headline: /You are signed out/,
    actions: 1,
    async show(page) {
      await signIn(page, `${stack.urls.shop}/`, 'ada');
      await page.goto(`${stack.urls.shop}/_cognito-gate/sign-out`);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL((url) => url.pathname === '/oauth2/signed-out');
    },
  },
  {
    name: 'sign-in-failed',
    headline: /Signing in did not work/,
    actions: 1,
    async show(page) {
      stack.cognito.faults.authorize = { error: 'access_denied', description: 'PreSignUp failed with error no guests' };
      await page.goto(`${stack.urls.shop}/`);
      stack.cognito.faults.authorize = undefined;
    },
  },
  {
    name: 'continue',
    headline: /One more step/,
    actions: 1,
    async show(page) {
      await page.goto(`${stack.urls.shop}/a`);
      await page.context().clearCookies({ name: /^__Host-cga-/ });
      await page.fill('input[name="username"]', 'bob');
      await page.fill('input[name="password"]', 'bob-secret-pw');
      await page.press('input[name="password"]', 'Enter');
      await page.getByText('One more step').waitFor();
    },
  },
  {
    name: 'open-in-new-tab',
    headline: /a tab of its own/,
    actions: 1,
    async show(page) {
      // What a frame gets, shown as a page by itself.
      const address = start('/a');
      const { status, headers, body } = await stack.visitor().ask(address, { headers: { 'sec-fetch-dest': 'iframe' } });
      const policy = String(headers['content-security-policy']);
      const kept = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy };
      await page.route(address, (route) => route.fulfill({ status, headers: kept, body }));
      await page.goto(address);
    },
  },
  {
    name: 'sign-in-again',
    headline: /asks for a recent sign-in/,
    actions: 1,
    async show(page) {
      await signIn(page, `${stack.urls.shop}/`, 'ada');
      await sleep(2100);
      stack.cognito.faults.prompt = 'ignored';
      await page.goto(`${stack.urls.shop}/payroll`);
      stack.cognito.faults.prompt = undefined;
    },
  },
  {
    name: 'sign-in-ended',
    headline: /ended by the people who run the site/,
    actions: 1,
    show: (page) => shownAs(page, revokedPage({ again: start('/a'), contact: 'Ask the desk' })),
  },
  {
    name: 'try-again',
    headline: /try again in a moment/,
    actions: 1,
    show: (page) =>
      shownAs(
        page,
        laterPage({ reason: 'the store of sessions does not answer', again: start('/a'), contact: 'Ask the desk' }),
      ),
  },
  {
    name: 'chooser',
    headline: /How would you like to sign in/,
    actions: 2,
    show: (page) => page.goto(`${stack.urls.wiki}/a`),
  },
  {
    name: 'loop',
    headline: /sent back and forth/,
    actions: 1,
    async show(page) {
      await signIn(page, `${stack.urls.shop}/a`, 'bob');
      for (let visit = 0; visit < 2; visit += 1) {
        await page.context().clearCookies({ name: /^__Host-cg-/ });
        await page.goto(`${stack.urls.shop}/a`);
      }
    },
  },
  {
    name: 'bad-address',
    headline: /does not lead anywhere safe/,
    actions: 1,
    show: (page) => page.goto(start('//elsewhere.example')),
  },
  {
    name: 'not-found',
    headline: /nothing here/,
    actions: 0,
    show: (page) => page.goto(`${stack.urls.shop}/_cognito-gate/nothing`),
  },
];

for (const shown of pages) {
  test(`the page "${shown.name}" is readable by everybody: axe, light and dark, phone, keyboard`, () =>
    inContext(browser, async ({ context }) => {
      const page = await context.newPage();
      await page.setViewportSize({ width: 1000, height: 720 });
      await shown.show(page);
      assert.ok(shown.headline.test(await page.innerText('h1')), await page.innerText('h1'));
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await picture(page, `${shown.name}-${colorScheme}`);
        assert.deepEqual(await violations(page), [], colorScheme);
      }
      await page.emulateMedia({ colorScheme: 'light' });
      for (const width of [360, 320]) {
        await page.setViewportSize({ width, height: 740 });
        const wide = await evaluate(
          page,
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        assert.equal(wide, 0, `scrolls sideways at ${width} px`);
        if (width === 360) await picture(page, `${shown.name}-phone`);
      }
      assert.deepEqual(await violations(page), [], 'phone');
      await keyboard(page, shown.actions);
    }));
}

/** What takes a fault to come by is shown in place of another page of ours, with its own policy. */
async function shownAs(page: Page, words: Words): Promise<void> {
  const address = start('/shown');
  const { headers, body } = pageResponse(200, words, '0123456789');
  await page.route(address, (route) => route.fulfill({ status: 200, headers: { ...headers }, body }));
  await page.goto(address);
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: new URL(`${name}.png`, pictures).pathname, fullPage: true });
}

/** Through the debugger, which the page's own policy does not hold back: the policy stays in force meanwhile. */
async function evaluate(page: Page, expression: string): Promise<unknown> {
  const session = await page.context().newCDPSession(page);
  const answer = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
  await session.detach();
  assert.ok(answer.exceptionDetails === undefined, answer.exceptionDetails?.exception?.description?.slice(0, 300));
  return answer.result.value as unknown;
}

async function violations(page: Page): Promise<unknown> {
  const found = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`;
  return evaluate(page, `${axe.source}; ${found}`);
}

/** Tab reaches every link and button in order, and each shows where it is. */
async function keyboard(page: Page, actions: number): Promise<void> {
  const seen: string[] = [];
  for (let step = 0; step < actions; step += 1) {
    await page.keyboard.press('Tab');
    seen.push(String(await evaluate(page, focused)));
  }
  assert.equal(new Set(seen).size, actions, seen.join(', '));
  for (const one of seen) assert.ok(/^(A|BUTTON) .* solid [2-9]px$/.test(one), one);
  const all = Number(await evaluate(page, `document.querySelectorAll('a[href], button').length`));
  assert.equal(all, actions);
}

const focused = `(() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  return one.tagName + ' ' + one.textContent + ' ' + style.outlineStyle + ' ' + style.outlineWidth;
})()`;
