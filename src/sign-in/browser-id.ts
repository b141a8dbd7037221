import type { Identity } from '../model/identity.ts';
import type { RevocationAnswer } from '../model/revocation.ts';
import { type CookieJar, setCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { browserCookieName } from '../session/names.ts';
import type { Context } from './deps.ts';
import { digest, openJson, sealJson } from './messages.ts';

/** A random id of this browser at the sign-in host: with it, parallel callbacks of one person are one sign-in. */
export interface BrowserId {
  readonly id: string;
  /** Pools, by their first characters, whose sign-in here has had more than one refresh token. */
  readonly several: readonly string[];
  /** Undefined when the browser has it already. */
  readonly cookie: string | undefined;
}

/** A planted value is not sealed for this host and counts as none (S16). */
export function browserId(context: Context, jar: CookieJar): BrowserId {
  for (const text of jar.all(browserCookieName)) {
    const opened = openJson(context.sealer, 'browser', text);
    const [id, ...several] = opened === undefined ? [] : [opened.value].flat();
    if (opened?.host === context.config.signInHost && typeof id === 'string') {
      return { id, several: several.filter((pool) => typeof pool === 'string'), cookie: undefined };
    }
  }
  return newBrowserId(context);
}

export function newBrowserId(context: Context): BrowserId {
  return sealed(context, Buffer.from(context.random(16)).toString('base64url'), []);
}

/** A second refresh token of one sign-in: revoking the one that is at hand proves nothing about the other. */
export function withSeveral(context: Context, browser: BrowserId, pool: string): BrowserId {
  const part = pool.slice(0, 8);
  return browser.several.includes(part) ? browser : sealed(context, browser.id, [...browser.several.slice(-15), part]);
}

export function hasSeveral(browser: BrowserId, pool: string): boolean {
  return browser.several.includes(pool.slice(0, 8));
}

function sealed(context: Context, id: string, several: readonly string[]): BrowserId {
  const value = several.length === 0 ? id : [id, ...several];
  const text = sealJson(context.sealer, 'browser', { host: context.config.signInHost, pool: '' }, value);
  return { id, several, cookie: setCookie(browserCookieName, text, { maxAge: limits.endedSeconds }) };
}

export function sidOf(browser: BrowserId, pool: string, subject: string, era: number): string {
  return digest('sid', browser.id, pool, subject, ...(era === 0 ? [] : [String(era)]));
}

/**
 * The last second at which a sign-in of this person would be over, by the revocations in force; 0 where there is none.
 * It is part of the sid: what learns by sid must never give a revoked session, or a copy of it, the `auth_time` of the
 * sign-in that came after. Whether a time is over is all that can be asked; it is over before another one that is.
 */
export function eraOf(revoked: (identity: Identity) => RevocationAnswer, identity: Identity): number {
  const isOver = (authTime: number): boolean => revoked({ ...identity, authTime }) !== 'no';
  let over = 0;
  let good = identity.authTime;
  if (!isOver(over)) {
    return 0;
  }
  while (good - over > 1) {
    const middle = Math.floor((over + good) / 2);
    if (isOver(middle)) {
      over = middle;
    } else {
      good = middle;
    }
  }
  return over;
}
