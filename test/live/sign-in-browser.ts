import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import type { LiveSettings } from './settings.ts';

/** Where a visit ended: at one of our two URLs (which nobody serves here), or on a page of Cognito. */
export type Landing =
  | { readonly kind: 'back'; readonly url: URL }
  | {
      readonly kind: 'page';
      readonly host: string;
      readonly path: string;
      readonly error: string | undefined;
      readonly form: boolean;
    };

export interface SignInBrowser {
  visit(url: URL | string): Promise<Landing>;
  /** Fills the sign-in page that the last visit ended on. */
  signIn(): Promise<Landing>;
  /** Forgets all cookies. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

const waitMilliseconds = 20_000;

export async function openBrowser(settings: LiveSettings): Promise<SignInBrowser> {
  const ours = [settings.redirectUri, settings.logoutUri];
  // The codes of this test are for this test: the browser can't reach the host that they are addressed to.
  const unreachable = [...new Set(ours.map((url) => `MAP ${hostAndPort(url)} ~NOTFOUND`))].join(',');
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', `--host-resolver-rules=${unreachable}`],
  });
  const context = await browser.newContext();
  const page = await context.newPage();
  const landed: URL[] = [];
  page.on('request', (request) => {
    if (request.isNavigationRequest() && ours.some((url) => isAt(request.url(), url)))
      landed.push(new URL(request.url()));
  });
  const act = async (action: () => Promise<unknown>, quiet: number): Promise<Landing> => {
    landed.length = 0;
    await action();
    return settle(page, landed, quiet);
  };
  return {
    // A navigation that ends at our unreachable host rejects; where it went is in `landed`.
    visit: (url) => act(() => page.goto(String(url), { timeout: waitMilliseconds }).catch(() => undefined), 0),
    signIn: () => act(() => fillIn(page, settings), 4000),
    forget: () => context.clearCookies(),
    close: () => browser.close(),
  };
}

/** Classic pages have both fields on one form; managed login asks for the password on a second step. */
async function fillIn(page: Page, settings: LiveSettings): Promise<void> {
  const username = page.locator('input[name="username"]:visible').first();
  const password = page.locator('input[type="password"]:visible').first();
  await username.fill(settings.username, { timeout: waitMilliseconds });
  if (!(await password.isVisible())) {
    await username.press('Enter');
    await password.waitFor({ timeout: waitMilliseconds });
  }
  await password.fill(settings.password);
  await password.press('Enter');
}

/** Waits for our URL, a sign-in form or an error page; a form that is seen before `quiet` may be the one just sent. */
async function settle(page: Page, landed: readonly URL[], quiet: number): Promise<Landing> {
  const start = Date.now();
  const form = page.locator('input[name="username"]:visible, input[type="password"]:visible').first();
  let formSeen = false;
  while (landed.length === 0 && Date.now() < start + waitMilliseconds) {
    formSeen = await form.isVisible().catch(() => false);
    if (Date.now() > start + quiet && (formSeen || addressOf(page)?.pathname === '/error')) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const back = landed.at(-1);
  if (back !== undefined) return { kind: 'back', url: back };
  const url = addressOf(page);
  const error = url?.searchParams.get('error') ?? undefined;
  return { kind: 'page', host: url?.host ?? 'none', path: url?.pathname ?? 'none', error, form: formSeen };
}

function addressOf(page: Page): URL | undefined {
  return URL.canParse(page.url()) ? new URL(page.url()) : undefined;
}

export function describeLanding(landing: Landing): string {
  if (landing.kind === 'page') {
    const error = landing.error === undefined ? '' : `, error=${landing.error}`;
    return `a page: ${landing.host}${landing.path}${error}${landing.form ? ', with a sign-in form' : ''}`;
  }
  const { searchParams } = landing.url;
  const error = searchParams.get('error');
  const names = [...searchParams.keys()].join(' ') || 'none';
  return error === null
    ? `our URL, parameters: ${names}`
    : `our URL, error=${error} (${searchParams.get('error_description') ?? 'no description'})`;
}

function isAt(url: string, ours: string): boolean {
  return url === ours || url.startsWith(`${ours}?`) || url.startsWith(`${ours}#`);
}

function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
}
