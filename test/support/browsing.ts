import assert from 'node:assert/strict';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { contextOptions } from './chromium.ts';
import { people, stackHosts } from './stack.ts';

/** What no page of ours may ever cause, noted while a context is open. */
export interface Complaints {
  readonly consoleErrors: string[];
  readonly serverErrors: string[];
}

export interface Browsing extends Complaints {
  readonly context: BrowserContext;
}

/** A browser profile of its own. What goes wrong in it unseen is noted. */
export async function openContext(browser: Browser, options: BrowserContextOptions = {}): Promise<Browsing> {
  const context = await browser.newContext({ ...contextOptions, ...options });
  context.setDefaultTimeout(15_000);
  const complaints: Complaints = { consoleErrors: [], serverErrors: [] };
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.consoleErrors.push(message.text());
  });
  context.on('response', (response) => {
    if (response.status() >= 500) complaints.serverErrors.push(`${response.status()} ${pathOf(response.url())}`);
  });
  return { context, ...complaints };
}

/** Runs in a profile of its own, and fails on an error of a server or a complaint about a content security policy. */
export async function inContext(browser: Browser, visit: (browsing: Browsing) => Promise<void>): Promise<void> {
  const browsing = await openContext(browser);
  try {
    await visit(browsing);
    assert.deepEqual(browsing.serverErrors, []);
    assert.deepEqual(
      browsing.consoleErrors.filter((text) => /content.security|refused to|script/i.test(text)),
      [],
    );
  } finally {
    await browsing.context.close();
  }
}

/** Fills the form of the stand-in, which the page has to be on, and sends it. */
export async function sendPassword(page: Page, username: string): Promise<void> {
  const account = people.find((one) => one.username === username);
  if (account === undefined) throw new Error(`no person ${username}`);
  await page.fill('input[name="username"]', username);
  await page.fill('input[name="password"]', account.password);
  await page.press('input[name="password"]', 'Enter');
}

/** Opens a protected page in a profile where nobody is signed in, signs in, and waits until the page is there. */
export async function signIn(page: Page, url: string, username: string): Promise<void> {
  await page.goto(url);
  await sendPassword(page, username);
  await page.waitForURL(url);
}

export const isCognito = (url: URL): boolean => url.hostname === stackHosts.cognito;

/** Addresses without what is secret in them or long. */
export function pathOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname.slice(0, 60)}`;
}
