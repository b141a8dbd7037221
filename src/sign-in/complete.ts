import type { Table } from '../decide/table.ts';
import type { Pool } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, type CookieJar, parseCookies } from '../session/cookies.ts';
import { openGrant } from '../session/grants.ts';
import { limits } from '../session/limits.ts';
import { attemptCookieName } from '../session/names.ts';
import { type Attempt, findAttempt } from './attempts.ts';
import { crowdedOut } from './crowded.ts';
import type { Context } from './deps.ts';
import { refuseUnlessNavigation } from './guard.ts';
import { readLoop, returnsAllowed } from './loop-count.ts';
import { type Target, targetOf } from './messages.ts';
import { pageResponse } from './pages/layout.ts';
import { continuePage, loopPage } from './pages/way.ts';
import { redirect, single } from './reply.ts';
import { type OpenRoute, poolLabel, routeFor, sessionsHere } from './standing.ts';
import { startAgain } from './start-again.ts';

interface Grant {
  readonly session: Session;
  readonly target: Target;
  readonly route: OpenRoute;
  readonly pool: Pool;
}

/** The app host's end: a grant that answers an attempt of this very browser becomes its session. */
export async function complete(
  context: Context,
  table: Table,
  request: WebRequest,
  part: string,
): Promise<WebResponse> {
  const grant = await read(context, table, request, part);
  const again = grant === undefined ? homeOf(context, table, request.host) : startAgain(context, grant.target);
  const refused = refuseUnlessNavigation(request, again ?? context.origins.app(request.host));
  if (refused !== undefined) {
    return refused;
  }
  const jar = parseCookies(request.header('cookie'));
  const attempt = grant === undefined ? undefined : usableAttempt(context, jar, grant);
  if (grant === undefined || attempt === undefined) {
    const route = grant === undefined ? {} : { route: grant.target.route };
    context.events.log({
      event: 'continue',
      id: request.id,
      ...route,
      reason: grant === undefined ? 'bad_grant' : 'no_attempt',
    });
    return pageResponse(403, continuePage(again), request.id);
  }
  return settle(context, request, { jar, grant, attempt });
}

async function read(context: Context, table: Table, request: WebRequest, part: string): Promise<Grant | undefined> {
  const opened = await openGrant(context, `${part}${single(request.query, 'g') ?? ''}`, table.pools);
  if (opened === undefined || opened.session.host !== request.host) {
    return undefined;
  }
  const { session } = opened;
  const target = targetOf(opened.extra, session);
  const at = target === undefined ? undefined : routeFor(table, target);
  return target === undefined || at === undefined ? undefined : { session, target, ...at };
}

/** Uses up the attempt and the grant together: each serves once, within the grant's minute. */
function usableAttempt(context: Context, jar: CookieJar, grant: Grant): Attempt | undefined {
  const { target, session } = grant;
  const until = target.at + limits.grantSeconds;
  if (context.now() >= until || context.sessions.isEnded(session.sid)) {
    return undefined;
  }
  const deps = { ...context, prefix: context.config.prefix };
  const attempt = findAttempt(deps, jar, { id: target.attempt, host: target.host, pool: target.pool });
  if (attempt === undefined) {
    return undefined;
  }
  return context.used.use(`attempt ${attempt.id}`, attempt.at + limits.attemptSeconds) ? attempt : undefined;
}

interface Settling {
  readonly jar: CookieJar;
  readonly grant: Grant;
  readonly attempt: Attempt;
}

async function settle(context: Context, request: WebRequest, settling: Settling): Promise<WebResponse> {
  const { jar, grant, attempt } = settling;
  const { target, route, pool } = grant;
  const { live, stale } = await sessionsHere(context, request, route.pools);
  const before = [...live, ...stale].find((one) => one.pool === pool.id && one.sid === grant.session.sid);
  const now = context.now();
  // The same sign-in again is the same session: its start stays (flows.md "Freshness").
  const session: Session = { ...grant.session, startedAt: before?.startedAt ?? now, sealedAt: now };
  const sealed = context.sessions.seal(session, context.named()).cookie;
  const others = await crowdedOut(context, request, { jar, set: sealed, used: attemptCookieName(attempt.id) });
  const cookies = [clearCookie(attemptCookieName(attempt.id)), ...others.map(clearCookie), sealed];
  context.events.log({ event: 'completed', id: request.id, pool: poolLabel(pool), route: target.route });
  context.events.onSignIn(poolLabel(pool), 'completed');
  return goOn(context, request, settling, cookies);
}

function goOn(context: Context, request: WebRequest, settling: Settling, cookies: readonly string[]): WebResponse {
  const { jar, grant, attempt } = settling;
  const { target } = grant;
  const loop = readLoop(context, jar, { host: target.host, route: target.route });
  const { returnPath } = attempt;
  if (target.wish === 'reread') {
    // Start judges once more, and shows the denial where it stands.
    const address = context.origins.start(target.host, target.route, { rd: returnPath });
    return redirect(address, [...cookies, loop.rereadNoted(target.pool)]);
  }
  const before = context.now() - attempt.at < limits.loopSeconds ? attempt.returns : 0;
  if (before >= returnsAllowed) {
    context.events.log({ event: 'loop', id: request.id, route: target.route });
    const reason = 'the page does not accept the session that was just made';
    const page = loopPage({
      reason,
      address: startAgain(context, { ...target, returnPath }),
      contact: context.config.contact,
    });
    return pageResponse(403, page, request.id, [...cookies, loop.cleared]);
  }
  return redirect(`${context.origins.app(target.host)}${returnPath}`, [...cookies, loop.counted(returnPath, before)]);
}

function homeOf(context: Context, table: Table, host: string): string | undefined {
  const found = table.routeAt(host, '/') ?? table.routesOn(host)[0];
  return found === undefined ? undefined : context.origins.start(host, found.route.id, { rd: '/' });
}
