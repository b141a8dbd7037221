import { PoolFailure } from '../identity/failures.ts';
import type { Pool } from '../model/pool.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie, type CookieJar, parseCookies } from '../session/cookies.ts';
import { signInCookieName, stateCookiePrefix } from '../session/names.ts';
import { browserId } from './browser-id.ts';
import { findCognitoAttempt, makeCognitoAttempt } from './cognito-attempt.ts';
import type { Context } from './deps.ts';
import type { Target } from './messages.ts';
import { keepOnward } from './onward.ts';
import { pageResponse } from './pages/layout.ts';
import { failedPage } from './pages/way.ts';
import { redirect } from './reply.ts';
import { poolLabel } from './standing.ts';
import { startAgain } from './start-again.ts';

interface Going {
  readonly target: Target;
  readonly pool: Pool;
  /** Set on the way, besides what the step itself sets. */
  readonly cookies?: readonly string[];
}

/** Makes the attempt whose cookie only this browser has, and sends it to Cognito. */
export async function toCognito(context: Context, request: WebRequest, going: Going): Promise<WebResponse> {
  const { target, pool, cookies = [] } = going;
  const jar = parseCookies(request.header('cookie'));
  const attempt = makeCognitoAttempt(context, jar, target);
  const { state, nonce, codeChallenge } = attempt;
  const browser = browserId(context, jar);
  try {
    const input = { redirectUri: context.origins.callback, state, nonce, codeChallenge, ...promptFor(target, pool) };
    const address = await context.pools.of(pool).authorizeUrl(input);
    rememberLeads(context, jar, attempt.trimmed);
    remember(context, state, target);
    const signInName = signInCookieName(pool.id);
    const dead = jar.all(signInName).length > 0 && !(await isUsable(context, request, pool));
    return redirect(address.href, [
      ...cookies,
      ...attempt.trimmed.map(clearCookie),
      ...(dead ? [clearCookie(signInName)] : []),
      ...(browser.cookie === undefined ? [] : [browser.cookie]),
      attempt.cookie,
    ]);
  } catch (error) {
    return unreachable(context, request, going, error);
  }
}

/** Cognito's own `/logout` first, so that its session can't answer for the person; then on to the sign-in. */
export async function throughLogout(context: Context, request: WebRequest, going: Going): Promise<WebResponse> {
  const { target, pool, cookies = [] } = going;
  try {
    const address = await context.pools.of(pool).logoutUrl(context.origins.signedOut);
    return redirect(address.href, [...cookies, keepOnward(context, target)]);
  } catch (error) {
    return unreachable(context, request, going, error);
  }
}

/**
 * `prompt=login` where a fresher sign-in is wanted of managed login, and where a provider that the pool names keeps a
 * session of its own: only asking for a login lets another account in.
 */
function promptFor(target: Target, pool: Pool): { readonly prompt?: 'login' } {
  const fresher = target.wish === 'fresh' && (pool.freshSignIn ?? 'Prompt') === 'Prompt';
  const another = target.wish === 'login' && pool.authorize.identityProvider !== undefined;
  return fresher || another ? { prompt: 'login' } : {};
}

function unreachable(context: Context, request: WebRequest, { target, pool }: Going, error: unknown): WebResponse {
  if (!(error instanceof PoolFailure)) {
    throw error;
  }
  const reason = error.failure.code;
  context.events.onSignIn(poolLabel(pool), 'failed');
  context.events.log({ event: 'failed', id: request.id, pool: poolLabel(pool), route: target.route, reason });
  const page = failedPage({
    reason: 'the sign-in service can’t be reached at the moment',
    again: startAgain(context, target),
    contact: context.config.contact,
  });
  return pageResponse(503, page, request.id);
}

/** Kept where only Cognito is away: its refresh token serves when Cognito is back (S13). */
async function isUsable(context: Context, request: WebRequest, pool: Pool): Promise<boolean> {
  return (await context.signIns.openSignIn(request.header('cookie'), pool, context.config.signInHost)) !== undefined;
}

/** A callback whose cookie made room for a younger tab still leads on, on this replica (L5). */
function rememberLeads(context: Context, jar: CookieJar, names: readonly string[]): void {
  for (const name of names) {
    const state = name.slice(stateCookiePrefix.length);
    const lost = findCognitoAttempt(context, jar, state)?.attempt.target;
    if (lost !== undefined) {
      remember(context, state, lost);
    }
  }
}

/** So does one whose cookie the browser has lost otherwise. Anybody makes states: the oldest makes room. */
function remember(context: Context, state: string, target: Target): void {
  const address = startAgain(context, target);
  context.leads.set(state, address, state.length + address.length);
}
