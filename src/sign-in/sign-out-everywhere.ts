import type { Pool } from '../model/pool.ts';
import type { SignIn } from '../model/session.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, type CookieJar, parseCookies } from '../session/cookies.ts';
import { browserCookieName, signInCookieName, stateCookiePrefix } from '../session/names.ts';
import { browserId, hasSeveral } from './browser-id.ts';
import { findCognitoAttempt } from './cognito-attempt.ts';
import type { Context } from './deps.ts';
import { endSignIn } from './end-session.ts';
import { isFromOwnPage, refuseUnlessNavigation } from './guard.ts';
import { leftForGood, nextLogout } from './leaving.ts';
import { type Leave, openLeave } from './messages.ts';
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
    const ended = await end(context, request, open, leave ?? fromHere(context, open));
    return pageResponse(200, leavingPage(ended.address), request.id, ended.cookies);
  }
  if (leave === undefined || !(await mayEndAtOnce(context, request, leave))) {
    return pageResponse(200, question(open, leave === undefined ? undefined : text), request.id);
  }
  const ended = await end(context, request, await namedBy(context, request, leave), leave);
  return redirect(ended.address, ended.cookies);
}

/** The sign-ins that a sealed request names; the app host has ended them, their refresh tokens are here still. */
async function namedBy(context: Context, request: WebRequest, leave: Leave): Promise<readonly Open[]> {
  const named = [{ pool: leave.pool, sid: leave.sid }, ...(leave.others ?? [])];
  const found = named.map(async ({ pool: id, sid }) => {
    const pool = context.table()?.pools.get(id);
    const signIn =
      pool && (await context.signInsOrEnded.openSignIn(request.header('cookie'), pool, context.config.signInHost));
    return pool !== undefined && signIn !== undefined && signIn.sid === sid ? [{ pool, signIn }] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Nobody's page leads back from a sign-out that began at the sign-in host. */
function fromHere(context: Context, open: readonly Open[]): Leave | undefined {
  const [first] = open;
  return (
    first && {
      pool: first.pool.id,
      host: context.config.signInHost,
      route: undefined,
      sid: undefined,
      returnPath: '/',
      switchAccount: false,
      at: context.now(),
    }
  );
}

async function mayEndAtOnce(context: Context, request: WebRequest, leave: Leave): Promise<boolean> {
  if (context.now() >= leave.at + requestSeconds || context.table()?.pools.get(leave.pool) === undefined) {
    return false;
  }
  const named = [{ pool: leave.pool, sid: leave.sid }, ...(leave.others ?? [])];
  const harmless = named.map(async ({ pool: id, sid }) => {
    const pool = context.table()?.pools.get(id);
    const current =
      pool && (await context.signIns.openSignIn(request.header('cookie'), pool, context.config.signInHost));
    // The app host has ended the sid already, so an ended one is nothing that is left to lose.
    return current === undefined || current.sid === sid;
  });
  return (await Promise.all(harmless)).every((one) => one);
}

/** Everything that is signed in at the sign-in host in this browser. */
export async function signInsHere(context: Context, request: WebRequest): Promise<readonly Open[]> {
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
  const jar = parseCookies(request.header('cookie'));
  const browser = browserId(context, jar);
  await Promise.all(
    open.map(({ pool, signIn }) => {
      const sole = browser.cookie === undefined && !hasSeveral(browser, pool.id);
      return endSignIn(context, pool, signIn, { sole, revoked: leave?.revoked });
    }),
  );
  const pools = [...new Set([leave?.pool ?? [], leave?.others?.map((one) => one.pool) ?? [], open.map(idOf)].flat(2))];
  const first = context.table()?.pools.get(pools[0] ?? '');
  context.events.log({ event: 'signed_out', id: request.id, ...(first && { pool: poolLabel(first) }) });
  const cleared = [...pools.map(signInCookieName), browserCookieName].map(clearCookie);
  const cookies = [...cleared, ...attemptsUsedUp(context, jar)];
  if (leave === undefined) {
    return { address: context.origins.signedOut, cookies: [...cookies, leftForGood] };
  }
  const next = await nextLogout(context, request.id, leave, pools);
  return { address: next.address, cookies: [...cookies, next.cookie] };
}

function idOf({ pool }: Open): string {
  return pool.id;
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
