import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, parseCookies } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { returnCookieName } from '../session/names.ts';
import type { Context } from './deps.ts';
import { refuseUnlessNavigation } from './guard.ts';
import { type Leave, openLeave } from './messages.ts';
import { pageResponse } from './pages/layout.ts';
import { signedOutPage } from './pages/leave.ts';
import { redirect } from './reply.ts';
import { readReturnPath } from './return-path.ts';
import { routeFor } from './standing.ts';

/** Where Cognito sends the browser after its `/logout`: the end, or start again for the same app and page. */
export function signedOut(context: Context, request: WebRequest): WebResponse {
  const refused = refuseUnlessNavigation(request, context.origins.signedOut);
  if (refused !== undefined) {
    return refused;
  }
  const texts = parseCookies(request.header('cookie')).all(returnCookieName);
  const leave = texts.map((text) => openLeave(context.sealer, 'return', text)).find((one) => one !== undefined);
  const cookies = texts.length === 0 ? [] : [clearCookie(returnCookieName)];
  const back = leave === undefined ? undefined : backTo(context, leave);
  if (leave?.switchAccount === true && back !== undefined) {
    return redirect(back, cookies);
  }
  const page = signedOutPage({
    back,
    host: leave?.host,
    provider: leave === undefined ? undefined : providerOf(context, leave.pool),
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
