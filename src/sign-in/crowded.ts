import type { WebRequest } from '../model/web.ts';
import type { CookieJar } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { ourCookiePrefix } from '../session/names.ts';
import type { Context } from './deps.ts';
import { sessionsHere } from './standing.ts';

/**
 * Names of session cookies of other pools that must go so that all cookies of ours on this host stay within their
 * limit: those that nobody can read first, then the least recently sealed. They come back silently.
 */
export async function crowdedOut(
  context: Context,
  request: WebRequest,
  next: { readonly jar: CookieJar; readonly set: string; readonly used: string },
): Promise<readonly string[]> {
  const { jar, set, used } = next;
  const setName = set.slice(0, set.indexOf('='));
  const sizes = new Map(
    jar.names().map((name) => [name, jar.all(name).reduce((sum, value) => sum + name.length + value.length + 1, 0)]),
  );
  sizes.set(setName, set.indexOf(';'));
  sizes.delete(used);
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const others = [...sizes.keys()].filter((name) => name.startsWith(`${ourCookiePrefix}-`) && name !== setName);
  if (total <= limits.cookiesOnHost || others.length === 0) {
    return [];
  }
  const { live, stale } = await sessionsHere(context, request, [...(context.table()?.pools.values() ?? [])]);
  const sealedAt = (name: string): number =>
    [...live, ...stale].find((session) => name === `${ourCookiePrefix}-${session.pool.slice(0, 8)}`)?.sealedAt ?? 0;
  const removed: string[] = [];
  for (const name of others.toSorted((one, other) => sealedAt(one) - sealedAt(other))) {
    if (total > limits.cookiesOnHost) {
      removed.push(name);
      total -= sizes.get(name) ?? 0;
    }
  }
  return removed;
}
