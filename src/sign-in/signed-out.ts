import type { WebRequest, WebResponse } from '../model/web.ts';
import { type CookieJar, parseCookies } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { returnCookieName } from '../session/names.ts';
import type { Context } from './deps.ts';
import { refuseUnlessNavigation } from './guard.ts';
import { leftForGood, nextLogout } from './leaving.ts';
import { type Leave, openLeave } from './messages.ts';
import { openOnward } from './onward.ts';
import { pageResponse } from './pages/layout.ts';
import { signedOutPage } from './pages/leave.ts';
import { redirect } from './reply.ts';
import { readReturnPath } from './return-path.ts';
import { signInsHere } from './sign-out-everywhere.ts';
import { routeFor } from './standing.ts';
import { toCognito } from './to-cognito.ts';

/**
 * Where Cognito sends the browser after its `/logout`: on to the sign-in that it was for, to the next pool, to start for
 * the same app and page, or to the end.
 */
export async function signedOut(context: Context, request: WebRequest): Promise<WebResponse> {
  const refused = refuseUnlessNavigation(request, context.origins.signedOut);
  if (refused !== undefined) {
    return refused;
  }
  const jar = parseCookies(request.header('cookie'));
  const onward = openOnward(context, jar);
  const pool = onward && routeFor(context.table(), onward)?.pool;
  if (onward !== undefined && pool !== undefined) {
    return toCognito(context, request, { target: onward, pool, cookies: [leftForGood] });
  }
  const known = jar.all(returnCookieName).length > 0;
  const leave = leaveOf(context, jar);
  // Not the end of a sign-out: anybody can link to this address.
  if (leave === undefined && (await signInsHere(context, request)).length > 0) {
    return redirect(`${context.origins.signIn}/oauth2/sign-out`);
  }
  return (leave && (await onToNext(context, request, leave))) ?? theEnd(context, request, leave, known);
}

function leaveOf(context: Context, jar: CookieJar): Leave | undefined {
  const texts = jar.all(returnCookieName);
  return texts.map((text) => openLeave(context.sealer, 'return', text)).find((one) => one !== undefined);
}

/** The next pool of several. */
async function onToNext(context: Context, request: WebRequest, leave: Leave): Promise<WebResponse | undefined> {
  const others = (leave.others ?? []).map((one) => one.pool);
  if (others.length === 0 || context.now() >= leave.at + limits.returnSeconds) {
    return undefined;
  }
  const next = await nextLogout(context, request.id, leave, others);
  return redirect(next.address, [next.cookie]);
}

function theEnd(context: Context, request: WebRequest, leave: Leave | undefined, known: boolean): WebResponse {
  const cookies = known ? [leftForGood] : [];
  const back = leave && backTo(context, leave);
  if (leave?.switchAccount === true && back !== undefined) {
    return redirect(back, cookies);
  }
  const page = signedOutPage({
    back,
    host: leave?.host,
    provider: leave && providerOf(context, leave.pool),
    incomplete: request.query.has('incomplete'),
  });
  return pageResponse(200, page, request.id, cookies);
}

function providerOf(context: Context, pool: string): string | undefined {
  const provider = context.table()?.pools.get(pool)?.authorize.identityProvider;
  return provider === 'COGNITO' ? undefined : provider;
}

/** Only while the route is still there for that host, and to a path that is checked once more. */
function backTo(context: Context, leave: Leave): string | undefined {
  const { route, host, pool } = leave;
  if (route === undefined || context.now() >= leave.at + limits.returnSeconds) {
    return undefined;
  }
  if (routeFor(context.table(), { route, host, pool }) === undefined) {
    return undefined;
  }
  const rd = readReturnPath(leave.returnPath, context.config.prefix) ?? '/';
  return context.origins.start(host, route, { rd, ...(leave.switchAccount ? { switch: '1' } : {}) });
}
