import { type CookieJar, setCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { browserCookieName } from '../session/names.ts';
import type { Context } from './deps.ts';
import { digest, openJson, sealJson } from './messages.ts';

/** A random id of this browser at the sign-in host: with it, parallel callbacks of one person are one sign-in. */
export interface BrowserId {
  readonly id: string;
  /** Undefined when the browser has it already. */
  readonly cookie: string | undefined;
}

/** A planted value is not sealed for this host and counts as none (S16). */
export function browserId(context: Context, jar: CookieJar): BrowserId {
  for (const text of jar.all(browserCookieName)) {
    const opened = openJson(context.sealer, 'browser', text);
    if (opened !== undefined && opened.host === context.config.signInHost && typeof opened.value === 'string') {
      return { id: opened.value, cookie: undefined };
    }
  }
  return newBrowserId(context);
}

export function newBrowserId(context: Context): BrowserId {
  const id = Buffer.from(context.random(16)).toString('base64url');
  const text = sealJson(context.sealer, 'browser', { host: context.config.signInHost, pool: '' }, id);
  return { id, cookie: setCookie(browserCookieName, text, { maxAge: limits.endedSeconds }) };
}

export function sidOf(browser: BrowserId, pool: string, subject: string): string {
  return digest('sid', browser.id, pool, subject);
}
