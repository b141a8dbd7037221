import { type CookieJar, setCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { returnCookieName } from '../session/names.ts';
import type { Context } from './deps.ts';
import { openJson, sealJson, type Target, targetFields, targetOf } from './messages.ts';

/**
 * A sign-in that goes on once Cognito's `/logout` has come back: kept in the return cookie, in place of where a
 * sign-out leads. It says that the browser was there, so it is never sent there twice for one request.
 */
export function keepOnward(context: Context, target: Target): string {
  const fields = ['onward', targetFields({ ...target, at: context.now(), left: true })];
  return setCookie(returnCookieName, sealJson(context.sealer, 'return', target, fields), {
    maxAge: limits.returnSeconds,
  });
}

export function openOnward(context: Context, jar: CookieJar): Target | undefined {
  for (const text of jar.all(returnCookieName)) {
    const opened = openJson(context.sealer, 'return', text);
    const [mark, fields] = Array.isArray(opened?.value) ? (opened.value as readonly unknown[]) : [];
    const target = opened !== undefined && mark === 'onward' ? targetOf(fields, opened) : undefined;
    if (target !== undefined && context.now() < target.at + limits.returnSeconds) {
      return target;
    }
  }
  return undefined;
}
