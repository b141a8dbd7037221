import type { Pool } from '../model/pool.ts';
import type { SignIn, TokenState } from '../model/session.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { type CookieJar, parseCookies } from '../session/cookies.ts';
import { signInEnd } from '../session/life.ts';
import { stateCookiePrefix } from '../session/names.ts';
import { type BrowserId, browserId, eraOf, newBrowserId, sidOf, withSeveral } from './browser-id.ts';
import { findCognitoAttempt } from './cognito-attempt.ts';
import type { Context } from './deps.ts';
import { forget, revoke } from './end-session.ts';
import { handOver } from './grant.ts';
import type { Target } from './messages.ts';
import { revokedPage, tooOldPage } from './pages/again.ts';
import { pageResponse } from './pages/layout.ts';
import { poolLabel } from './standing.ts';
import { signOutAndBack, startAgain } from './start-again.ts';
import { throughLogout } from './to-cognito.ts';

export interface Success {
  readonly target: Target;
  readonly pool: Pool;
  readonly tokens: TokenState;
  readonly consumed: string;
}

/**
 * A sign-in counts when it is not one of those that were ended (S23), and when it is as fresh as was asked for: what was
 * asked of Cognito proves nothing, only `auth_time` does (L26).
 */
export async function accept(context: Context, request: WebRequest, success: Success): Promise<WebResponse> {
  const { target, pool, tokens, consumed } = success;
  const { identity, refreshToken } = tokens;
  const isRevoked = context.revoked(identity) !== 'no';
  const isTooOld = target.since !== undefined && identity.authTime < target.since;
  if (!isRevoked && !isTooOld) {
    return signedIn(context, request, success);
  }
  if (refreshToken !== undefined) {
    void revoke(context, pool, refreshToken);
  }
  const event = isRevoked ? 'revoked' : 'too_old';
  context.events.onSignIn(poolLabel(pool), event);
  context.events.log({ event, id: request.id, pool: poolLabel(pool), route: target.route });
  // Once: whoever comes back from there with the same sign-in would go round for ever.
  if (target.left !== true && (isRevoked || pool.freshSignIn === 'Logout')) {
    return throughLogout(context, request, { target, pool, cookies: [consumed] });
  }
  const { contact } = context.config;
  const page = isRevoked
    ? revokedPage({ again: startAgain(context, target), contact })
    : tooOldPage({ asked: true, signOut: signOutAndBack(context, target), contact });
  return pageResponse(403, page, request.id, [consumed]);
}

async function signedIn(context: Context, request: WebRequest, success: Success): Promise<WebResponse> {
  const { target, pool, tokens, consumed } = success;
  const jar = parseCookies(request.header('cookie'));
  const { signInHost } = context.config;
  const before = await context.signIns.openSignIn(request.header('cookie'), pool, signInHost);
  const { sid, cookies } = sidFor(context, jar, success, before);
  if (before !== undefined && before.sid !== sid) {
    // Another person in this browser: what the one before had open on other hosts ends.
    forget(context, pool, before.sid);
  }
  const rotates = context.freshness.rotating().has(pool.id) ? { rotates: true } : {};
  const signIn: SignIn = { ...tokens, ...rotates, sid, pool: pool.id, startedAt: context.now() };
  await context.store.create(sid, pool, tokens, signInEnd(signIn.startedAt, pool));
  const sealed = context.signIns.sealSignIn(signIn, signInHost, context.named());
  const reason = sealed.refreshTokenDropped ? { reason: 'refresh_token_too_large' } : {};
  context.events.onSignIn(poolLabel(pool), 'signed_in');
  context.events.log({ event: 'signed_in', id: request.id, pool: poolLabel(pool), route: target.route, ...reason });
  return handOver(context, target, signIn, [consumed, ...cookies, sealed.cookie]);
}

/** An ended sid stays ended: the browser gets a new id, and with it the person a new sid. */
function sidFor(context: Context, jar: CookieJar, { pool, tokens, target }: Success, before: SignIn | undefined) {
  const { subject } = tokens.identity;
  const era = eraOf(context.revoked, tokens.identity);
  const known = browserId(context, jar);
  const sid = sidOf(known, pool.id, subject, era);
  if (context.sessions.isEnded(sid)) {
    const renewed = newBrowserId(context);
    return { sid: sidOf(renewed, pool.id, subject, era), cookies: cookiesOf(renewed) };
  }
  // A second sign-in of the same person, or one that is under way in another tab.
  const several = before?.sid === sid || attemptsOf(context, jar, pool.id) > 1;
  return { sid, cookies: cookiesOf(several ? withSeveral(context, known, target.pool) : known) };
}

function cookiesOf({ cookie }: BrowserId): readonly string[] {
  return cookie === undefined ? [] : [cookie];
}

/** Used ones too: what they brought may be held by another tab still. */
function attemptsOf(context: Context, jar: CookieJar, pool: string): number {
  const states = jar.names().filter((name) => name.startsWith(stateCookiePrefix));
  return states
    .map((name) => findCognitoAttempt(context, jar, name.slice(stateCookiePrefix.length))?.attempt.target.pool)
    .filter((part) => part !== undefined && pool.startsWith(part)).length;
}
