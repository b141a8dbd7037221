import { mkdir, readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { contextOptions, launchChromium } from '../test/support/chromium.ts';
import { cache, inRoot } from './settings.ts';

/*
 * Takes the pictures of README.md from the pages of a demo that runs: `make demo` in one terminal,
 * `node demo/screenshots.ts` in another. Only real pages; nothing is drawn or filled in by hand.
 */
interface Account {
  readonly username: string;
  readonly password: string;
}

interface Ready {
  readonly apps: { readonly shop: string };
  readonly accounts: readonly Account[];
}

const root = new URL('..', import.meta.url);
const images = new URL('docs/images/', root);
const wide = { width: 960, height: 720 };
const phone = { width: 390, height: 844 };

async function readReady(): Promise<Ready> {
  let text: string;
  try {
    text = await readFile(inRoot(`${cache}/ready.json`), 'utf8');
  } catch {
    throw new Error('no demo is running: start one with `make demo` and wait until it prints its addresses');
  }
  return JSON.parse(text) as Ready;
}

function account(ready: Ready, username: string): Account {
  const found = ready.accounts.find((one) => one.username === username);
  if (found === undefined) throw new Error(`the demo has no account ${username}`);
  return found;
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: new URL(`${name}.png`, images).pathname, fullPage: true });
  console.log(`docs/images/${name}.png`);
}

function at(ready: Ready, path: string): string {
  return new URL(path, ready.apps.shop).href;
}

/** Opens a protected page, which leads to the sign-in page, and sends the form. */
async function signIn(page: Page, ready: Ready, username: string, before?: () => Promise<void>): Promise<void> {
  const { password } = account(ready, username);
  await page.goto(at(ready, '/'));
  await page.locator('input[name="username"]').waitFor();
  await before?.();
  await page.fill('input[name="username"]', username);
  await page.fill('input[name="password"]', password);
  await Promise.all([page.waitForURL(at(ready, '/')), page.press('input[name="password"]', 'Enter')]);
}

async function tourOfAda(context: BrowserContext, ready: Ready): Promise<void> {
  const page = await context.newPage();
  await signIn(page, ready, 'ada', () => picture(page, 'sign-in'));
  await page.goto(at(ready, '/_cognito-gate/'));
  await picture(page, 'who-you-are');
  await page.goto(at(ready, '/_cognito-gate/sign-out'));
  await page.locator('form button').first().click();
  await page.waitForURL((url) => url.pathname === '/oauth2/signed-out');
  await picture(page, 'signed-out');
}

async function tourOfBob(context: BrowserContext, ready: Ready): Promise<void> {
  const page = await context.newPage();
  await signIn(page, ready, 'bob');
  await page.goto(at(ready, '/admin'));
  await picture(page, 'denied');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'denied-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(phone);
  await picture(page, 'denied-phone');
}

async function inContext(browser: Browser, tour: (context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ ...contextOptions, viewport: wide, colorScheme: 'light' });
  try {
    await tour(context);
  } finally {
    await context.close();
  }
}

const ready = await readReady();
await mkdir(images, { recursive: true });
const browser = await launchChromium();
try {
  await inContext(browser, (context) => tourOfAda(context, ready));
  await inContext(browser, (context) => tourOfBob(context, ready));
} finally {
  await browser.close();
}
