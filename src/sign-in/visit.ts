import type { Pool } from '../model/pool.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, type CookieJar } from '../session/cookies.ts';
import { sessionCookieName } from '../session/names.ts';
import type { SessionRead } from '../session/sessions.ts';
import { makeAttempt } from './attempts.ts';
import type { Context } from './deps.ts';
import type { Loop } from './loop-count.ts';
import { sealRequest, type Wish } from './messages.ts';
import { redirect } from './reply.ts';
import type { OpenRoute } from './standing.ts';

/** One visit to start, read once. */
export interface Visit {
  readonly request: WebRequest;
  readonly route: OpenRoute;
  readonly routeId: string;
  readonly returnPath: string;
  readonly jar: CookieJar;
  readonly read: SessionRead;
  readonly loop: Loop;
  /** The pool that the person chose. */
  readonly chosen: Pool | undefined;
  /** Sessions that were sealed again, to be set whatever the answer is. */
  readonly cookies: readonly string[];
}

/** What is asked of the sign-in host. */
export interface Asking {
  readonly pool: string;
  readonly wish: Wish;
  readonly since?: number;
}

/** Makes an attempt and goes on to the sign-in host with a sealed request that only this browser can complete. */
export function toSignInHost(context: Context, visit: Visit, asking: Asking): WebResponse {
  const { request, returnPath, routeId: route, jar, loop, cookies } = visit;
  const { host } = request;
  const { pool } = asking;
  const attempt = makeAttempt(context, jar, { host, pool }, { returnPath, returns: loop.returnsTo(returnPath) });
  const target = { ...asking, host, route, attempt: attempt.id, at: context.now(), returnPath };
  const sealed = sealRequest(context.sealer, target);
  return redirect(`${context.origins.signIn}/oauth2/authorize?request=${sealed}`, [
    ...deadCookies(visit),
    ...cookies,
    ...attempt.cookies,
  ]);
}

/** Session cookies that nothing can be read from any more are taken away on the way to a sign-in (T7). */
export function deadCookies(visit: Visit): readonly string[] {
  const kept = new Set([...visit.read.live, ...visit.read.stale].map((session) => session.pool));
  return visit.route.pools
    .filter((pool) => !kept.has(pool.id) && visit.jar.all(sessionCookieName(pool.id)).length > 0)
    .map((pool) => clearCookie(sessionCookieName(pool.id)));
}

export function startAddress(context: Context, visit: Visit, query: Readonly<Record<string, string>>): string {
  return context.origins.start(visit.request.host, visit.routeId, { rd: visit.returnPath, ...query });
}
