import type { Pool } from '../model/pool.ts';
import type { SignIn } from '../model/session.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, type CookieJar, parseCookies, setCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { browserCookieName, returnCookieName, signInCookieName, stateCookiePrefix } from '../session/names.ts';
import { findCognitoAttempt } from './cognito-attempt.ts';
import type { Context } from './deps.ts';
import { endSignIn } from './end-session.ts';
import { isFromOwnPage, refuseUnlessNavigation } from './guard.ts';
import { type Leave, openLeave, sealLeave } from './messages.ts';
import { accountName } from './pages/denial.ts';
import { pageResponse } from './pages/layout.ts';
import { leavingPage, signOutQuestionPage } from './pages/leave.ts';
import { redirect, single } from './reply.ts';
import { poolLabel } from './standing.ts';

const requestSeconds = 60;

interface Open {
  readonly pool: Pool;
  readonly signIn: SignIn;
}

/**
 * Ends the whole sign-in, at the sign-in host. It does so at once only for a request that an app host of ours sealed
 * within the last minute for the very sign-in of this browser: somebody else's request, put into a link, only asks.
 */
export async function signOutEverywhere(context: Context, request: WebRequest): Promise<WebResponse> {
  const refused = refuseUnlessNavigation(request, `${context.origins.signIn}/oauth2/sign-out`);
  if (refused !== undefined) {
    return refused;
  }
  const isPost = request.method === 'POST';
  const text = single(isPost ? request.form : request.query, 'request');
  const leave = text === undefined ? undefined : openLeave(context.sealer, 'signout', text);
  const open = await signInsHere(context, request);
  if (isPost) {
    if (!isFromOwnPage(request, context.origins.signIn)) {
      return pageResponse(403, question(open, text), request.id);
    }
    const ended = await end(context, request, open, leave);
    return pageResponse(200, leavingPage(ended.address), request.id, ended.cookies);
  }
  if (leave === undefined || !(await mayEndAtOnce(context, request, leave))) {
    return pageResponse(200, question(open, leave === undefined ? undefined : text), request.id);
  }
  const ended = await end(
    context,
    request,
    open.filter(({ pool }) => pool.id === leave.pool),
    leave,
  );
  return redirect(ended.address, ended.cookies);
}

async function mayEndAtOnce(context: Context, request: WebRequest, leave: Leave): Promise<boolean> {
  if (context.now() >= leave.at + requestSeconds) {
    return false;
  }
  const pool = context.table()?.pools.get(leave.pool);
  // The app host has ended the sid already, so an ended one is nothing that is left to lose.
  const current = pool && (await context.signIns.openSignIn(request.header('cookie'), pool, context.config.signInHost));
  return pool !== undefined && (current === undefined || current.sid === leave.sid);
}

/** Everything that is signed in at the sign-in host in this browser. */
async function signInsHere(context: Context, request: WebRequest): Promise<readonly Open[]> {
  const found = [...(context.table()?.pools.values() ?? [])].map(async (pool) => {
    const signIn = await context.signIns.openSignIn(request.header('cookie'), pool, context.config.signInHost);
    return signIn === undefined ? [] : [{ pool, signIn }];
  });
  return (await Promise.all(found)).flat();
}

function question(open: readonly Open[], text: string | undefined) {
  const account = open.map(({ signIn }) => accountName(signIn.identity)).join(', ');
  return signOutQuestionPage({
    account: account === '' ? undefined : account,
    action: '/oauth2/sign-out',
    fields: text === undefined ? {} : { request: text },
    stay: undefined,
  });
}

async function end(context: Context, request: WebRequest, open: readonly Open[], leave: Leave | undefined) {
  await Promise.all(open.map(({ pool, signIn }) => endSignIn(context, pool, signIn)));
  const pool = (leave === undefined ? undefined : context.table()?.pools.get(leave.pool)) ?? open[0]?.pool;
  const cookies = cookiesOfEnd(context, request, open, leave);
  context.events.log({ event: 'signed_out', id: request.id, ...(pool === undefined ? {} : { pool: poolLabel(pool) }) });
  if (pool === undefined) {
    return { address: context.origins.signedOut, cookies };
  }
  try {
    const address = await context.pools.of(pool).logoutUrl(context.origins.signedOut);
    return { address: address.href, cookies };
  } catch {
    context.events.log({ event: 'failed', id: request.id, pool: poolLabel(pool), reason: 'logout_unknown' });
    return { address: `${context.origins.signedOut}?incomplete=1`, cookies };
  }
}

/** The browser id is renewed with the next sign-in. Sign-ins of other pools keep their cookies. */
function cookiesOfEnd(
  context: Context,
  request: WebRequest,
  open: readonly Open[],
  leave: Leave | undefined,
): readonly string[] {
  const jar = parseCookies(request.header('cookie'));
  const names = [leave?.pool ?? [], ...open.map(({ pool }) => pool.id)].flat().map(signInCookieName);
  const cleared = [...[...new Set([...names, browserCookieName])].map(clearCookie), ...attemptsUsedUp(context, jar)];
  if (leave === undefined) {
    return [...cleared, clearCookie(returnCookieName)];
  }
  const text = sealLeave(context.sealer, 'return', { ...leave, sid: undefined, at: context.now() });
  return [...cleared, setCookie(returnCookieName, text, { maxAge: limits.returnSeconds })];
}

/** Marked as used rather than removed: a tab that still waits at Cognito's form can't sign in, and is led on (L14). */
function attemptsUsedUp(context: Context, jar: CookieJar): readonly string[] {
  return jar
    .names()
    .filter((name) => name.startsWith(stateCookiePrefix))
    .map(
      (name) => findCognitoAttempt(context, jar, name.slice(stateCookiePrefix.length))?.consumed ?? clearCookie(name),
    );
}
