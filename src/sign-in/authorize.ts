import { PoolFailure } from '../identity/failures.ts';
import type { Pool } from '../model/pool.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, type CookieJar, parseCookies } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { signInCookieName, stateCookiePrefix } from '../session/names.ts';
import { browserId } from './browser-id.ts';
import { findCognitoAttempt, makeCognitoAttempt } from './cognito-attempt.ts';
import type { Context } from './deps.ts';
import { handOver } from './grant.ts';
import { refuseUnlessNavigation } from './guard.ts';
import { openRequest, type Target } from './messages.ts';
import { pageResponse } from './pages/layout.ts';
import { continuePage, failedPage } from './pages/way.ts';
import { freshen } from './refresh.ts';
import { redirect, single } from './reply.ts';
import { readReturnPath } from './return-path.ts';
import { poolLabel, routeFor } from './standing.ts';

/** The sign-in host's end of start: a sign-in that is there serves at once, otherwise off to Cognito. */
export async function authorize(context: Context, request: WebRequest): Promise<WebResponse> {
  const text = single(request.query, 'request');
  const target = text === undefined ? undefined : openRequest(context.sealer, text);
  const at = target === undefined ? undefined : routeFor(context.table(), target);
  if (target === undefined || at === undefined) {
    const reason = 'this address is incomplete, was changed, or leads to a site that is not served here any more';
    return pageResponse(400, failedPage({ reason, again: undefined, contact: context.config.contact }), request.id);
  }
  const again = startAgain(context, target);
  const refused = refuseUnlessNavigation(request, again);
  if (refused !== undefined) {
    return refused;
  }
  if (context.now() >= target.at + limits.requestSeconds) {
    context.events.log({ event: 'continue', id: request.id, route: target.route, reason: 'request_expired' });
    return pageResponse(403, continuePage(again), request.id);
  }
  return serve(context, request, target, at.pool);
}

async function serve(context: Context, request: WebRequest, target: Target, pool: Pool): Promise<WebResponse> {
  const cookie = request.header('cookie');
  const signIn =
    target.wish === 'login' ? undefined : await context.signIns.openSignIn(cookie, pool, context.config.signInHost);
  const label = { pool: poolLabel(pool), id: request.id, route: target.route };
  if (signIn === undefined) {
    // A denied person is never asked to sign in again for a second look (N3); the denial stands.
    return target.wish === 'reread'
      ? redirect(context.origins.start(target.host, target.route, { rd: returnPathOf(context, target), unread: '1' }))
      : toCognito(context, request, target, pool);
  }
  const fresh = await freshen(context, pool, signIn, target);
  if (fresh.kind === 'usable') {
    const outcome = fresh.refreshed ? 'refreshed' : 'reused';
    context.events.onSignIn(label.pool, outcome);
    context.events.log({ event: outcome, ...label });
    const sealed = fresh.refreshed
      ? [context.signIns.sealSignIn(fresh.signIn, context.config.signInHost, context.named()).cookie]
      : [];
    return handOver(context, target, fresh.signIn, sealed);
  }
  if (fresh.kind === 'ended') {
    context.sessions.ended(signIn.sid, context.now() + pool.session.signInLifetime);
    context.events.onSignIn(label.pool, 'sign_in_ended');
    context.events.log({ event: 'sign_in_ended', ...label, reason: 'invalid_grant' });
  }
  return toCognito(context, request, target, pool);
}

/** Makes the attempt whose cookie only this browser has, and sends it to Cognito. */
async function toCognito(context: Context, request: WebRequest, target: Target, pool: Pool): Promise<WebResponse> {
  const jar = parseCookies(request.header('cookie'));
  const attempt = makeCognitoAttempt(context, jar, target);
  const { state, nonce, codeChallenge } = attempt;
  const browser = browserId(context, jar);
  // A provider that the pool names keeps its own session: only asking for a login lets another account in.
  const prompt =
    target.wish === 'login' && pool.authorize.identityProvider !== undefined ? { prompt: 'login' as const } : {};
  try {
    const input = { redirectUri: context.origins.callback, state, nonce, codeChallenge, ...prompt };
    const address = await context.pools.of(pool).authorizeUrl(input);
    rememberTrimmed(context, jar, attempt.trimmed);
    const signInName = signInCookieName(pool.id);
    const dead =
      jar.all(signInName).length > 0 && !(await isUsable(context, request, pool)) ? [clearCookie(signInName)] : [];
    const fresh = browser.cookie === undefined ? [] : [browser.cookie];
    return redirect(address.href, [...attempt.trimmed.map(clearCookie), ...dead, ...fresh, attempt.cookie]);
  } catch (error) {
    const reason = error instanceof PoolFailure ? error.failure.code : 'unavailable';
    context.events.onSignIn(poolLabel(pool), 'failed');
    context.events.log({ event: 'failed', id: request.id, pool: poolLabel(pool), route: target.route, reason });
    const text = 'the sign-in service can’t be reached at the moment';
    return pageResponse(
      503,
      failedPage({ reason: text, again: startAgain(context, target), contact: context.config.contact }),
      request.id,
    );
  }
}

/** Kept where only Cognito is away: its refresh token serves when Cognito is back (S13). */
async function isUsable(context: Context, request: WebRequest, pool: Pool): Promise<boolean> {
  return (await context.signIns.openSignIn(request.header('cookie'), pool, context.config.signInHost)) !== undefined;
}

/** A callback whose cookie made room for a younger tab still leads on, on this replica (L5). */
function rememberTrimmed(context: Context, jar: CookieJar, names: readonly string[]): void {
  for (const name of names) {
    const state = name.slice(stateCookiePrefix.length);
    const lost = findCognitoAttempt(context, jar, state)?.attempt.target;
    if (lost !== undefined) {
      const address = startAgain(context, lost);
      context.leads.set(state, address, state.length + address.length);
    }
  }
}

/** Start, for the same page. */
export function startAgain(context: Context, target: Target): string {
  return context.origins.start(target.host, target.route, { rd: returnPathOf(context, target) });
}

/** Checked again wherever it is used, sealed or not (T8.6). */
export function returnPathOf(context: Context, target: Target): string {
  return readReturnPath(target.returnPath, context.config.prefix) ?? '/';
}
