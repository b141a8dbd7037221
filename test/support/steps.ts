import assert from 'node:assert/strict';
import { people } from './stack.ts';
import type { Page, Visitor } from './visitor.ts';

export function account(username: string): { username: string; password: string } {
  const found = people.find((one) => one.username === username);
  if (found === undefined) throw new Error(`no person ${username}`);
  return found;
}

const isRedirect = (page: Page): boolean => page.status >= 300 && page.status < 400;
const leadsTo = (page: Page): URL => new URL(String(page.headers['location']), page.url);

/** Goes on, through the form of Cognito where it comes, until the next address is the one that is waited for; it is not asked. */
export async function goUntil(
  visitor: Visitor,
  target: string | URL,
  username: string,
  isThere: (url: URL) => boolean,
): Promise<URL> {
  let page = await visitor.ask(target);
  for (let step = 0; step < 20; step += 1) {
    while (isRedirect(page)) {
      const next = leadsTo(page);
      if (isThere(next)) return next;
      page = await visitor.ask(next);
    }
    assert.match(page.body.slice(0, 5000), /name="password"/, `${page.url.pathname}: ${page.status}`);
    const action = /<form[^>]*\baction="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? page.url.href;
    const hidden = [...page.body.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(
      ([input]) => [/name="([^"]*)"/.exec(input)?.[1] ?? '', /value="([^"]*)"/.exec(input)?.[1] ?? ''] as const,
    );
    const { password } = account(username);
    const body = new URLSearchParams({ ...Object.fromEntries(hidden), username, password }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: page.url.origin };
    page = await visitor.ask(new URL(action, page.url), { method: 'POST', body, headers });
  }
  throw new Error('it never came');
}

export const atCallback = (url: URL): boolean => url.pathname === '/oauth2/callback';
export const atComplete = (url: URL): boolean => url.pathname.includes('/complete/');
export const atAuthorize = (url: URL): boolean =>
  url.pathname === '/oauth2/authorize' && url.searchParams.has('request');

/** Name and value of the session cookie on a host. */
export function sessionOn(visitor: Visitor, host: string): readonly [name: string, value: string] {
  const found = [...visitor.cookies(host)].find(([name]) => name.startsWith('__Host-cg-'));
  if (found === undefined) throw new Error(`no session on ${host}`);
  return found;
}

export function cookiesSet(page: Page): readonly string[] {
  return [page.headers['set-cookie'] ?? []].flat();
}

/** Neither a session nor a sign-in is set; removals are fine. */
export function opensNothing(page: Page, what: string): void {
  assert.ok(page.status < 500, `${what}: ${page.status}`);
  for (const line of cookiesSet(page)) {
    assert.ok(!/^__Host-cgs?-[^=]*=[^;]/.test(line), `${what}: sets ${line.slice(0, 20)}`);
  }
}

/** What a script gets: no redirect, the bare decision. */
export const scripted = {
  accept: '*/*',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
} as const;
