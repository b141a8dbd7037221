import type { TokenFailure } from '../identity/failures.ts';
import type { Pool } from '../model/pool.ts';
import type { SignIn, TokenState } from '../model/session.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { type CookieJar, parseCookies } from '../session/cookies.ts';
import { signInEnd } from '../session/life.ts';
import { limits } from '../session/limits.ts';
import { startAgain } from './authorize.ts';
import { browserId, newBrowserId, sidOf } from './browser-id.ts';
import { type CognitoAttempt, findCognitoAttempt, isState } from './cognito-attempt.ts';
import type { Context } from './deps.ts';
import { handOver } from './grant.ts';
import { refuseUnlessNavigation } from './guard.ts';
import type { Target } from './messages.ts';
import { pageResponse } from './pages/layout.ts';
import { continuePage, failedPage } from './pages/way.ts';
import { single } from './reply.ts';
import { poolLabel, routeFor } from './standing.ts';

/** Cognito's answer. Nothing is asked of Cognito before the state has been found in this browser and used up. */
export async function callback(context: Context, request: WebRequest): Promise<WebResponse> {
  const state = stateOf(request);
  const found =
    state === undefined ? undefined : findCognitoAttempt(context, parseCookies(request.header('cookie')), state);
  const again = found === undefined ? context.origins.signedOut : startAgain(context, found.attempt.target);
  const refused = refuseUnlessNavigation(request, again);
  if (refused !== undefined) {
    return refused;
  }
  if (state === undefined) {
    return failure(context, request, {
      reason: errorText(request) ?? 'the answer of the sign-in service belongs to no sign-in of this browser',
    });
  }
  if (found === undefined) {
    return withoutAttempt(context, request, state);
  }
  const { attempt, consumed } = found;
  const until = attempt.target.at + limits.attemptSeconds;
  if (attempt.used || !context.usedStates.use(state, until)) {
    context.events.log({
      event: 'continue',
      id: request.id,
      route: attempt.target.route,
      reason: 'state_used_or_expired',
    });
    return pageResponse(403, continuePage(again), request.id);
  }
  return redeem(context, request, attempt, consumed);
}

function stateOf(request: WebRequest): string | undefined {
  const state = single(request.query, 'state');
  return state !== undefined && isState(state) ? state : undefined;
}

/** Another browser's state, or one whose cookie has expired or made room for others. */
function withoutAttempt(context: Context, request: WebRequest, state: string): WebResponse {
  const reason = errorText(request);
  if (reason !== undefined) {
    return failure(context, request, { reason });
  }
  context.events.log({ event: 'continue', id: request.id, reason: 'no_attempt' });
  return pageResponse(403, continuePage(context.leads.get(state)), request.id);
}

async function redeem(
  context: Context,
  request: WebRequest,
  attempt: CognitoAttempt,
  consumed: string,
): Promise<WebResponse> {
  const table = context.table();
  const pool = [...(table?.pools.values() ?? [])].find((one) => one.id.startsWith(attempt.target.pool));
  const target: Target = { ...attempt.target, pool: pool?.id ?? '' };
  if (pool === undefined || routeFor(table, target) === undefined) {
    return failure(context, request, { reason: 'the site is not served here any more', cookies: [consumed] });
  }
  const again = startAgain(context, target);
  const about = { pool, route: target.route, again, cookies: [consumed] };
  const error = errorText(request);
  if (error !== undefined) {
    return failure(context, request, { ...about, reason: error });
  }
  if (single(request.query, 'code') === undefined) {
    return failure(context, request, { ...about, reason: 'the answer of the sign-in service holds no code' });
  }
  const callbackUrl = new URL(context.origins.callback);
  callbackUrl.search = request.query.toString();
  const { state, nonce, codeVerifier } = attempt;
  const input = { callbackUrl, redirectUri: context.origins.callback, state, nonce, codeVerifier };
  const answer = await context.pools.of(pool).redeem(input);
  if (answer.kind === 'failed') {
    const { status, text } = failureTexts[answer.code];
    return failure(context, request, { ...about, reason: text, status, logged: `${answer.code}: ${answer.detail}` });
  }
  return signedIn(context, request, { target, pool, tokens: answer.tokens, consumed });
}

interface Success {
  readonly target: Target;
  readonly pool: Pool;
  readonly tokens: TokenState;
  readonly consumed: string;
}

async function signedIn(context: Context, request: WebRequest, success: Success): Promise<WebResponse> {
  const { target, pool, tokens, consumed } = success;
  const jar = parseCookies(request.header('cookie'));
  const { sid, cookies } = sidFor(context, jar, pool, tokens);
  const { signInHost } = context.config;
  const before = await context.signIns.openSignIn(request.header('cookie'), pool, signInHost);
  if (before !== undefined && before.sid !== sid) {
    // Another person in this browser: what the one before had open on other hosts ends.
    context.sessions.ended(before.sid, context.now() + pool.session.signInLifetime);
  }
  const signIn: SignIn = { ...tokens, sid, pool: pool.id, startedAt: context.now() };
  await context.store.create(sid, pool, tokens, signInEnd(signIn.startedAt, pool));
  const sealed = context.signIns.sealSignIn(signIn, signInHost, context.named());
  const reason = sealed.refreshTokenDropped ? { reason: 'refresh_token_too_large' } : {};
  context.events.onSignIn(poolLabel(pool), 'signed_in');
  context.events.log({ event: 'signed_in', id: request.id, pool: poolLabel(pool), route: target.route, ...reason });
  return handOver(context, target, signIn, [consumed, ...cookies, sealed.cookie]);
}

/** An ended sid stays ended: the browser gets a new id, and with it the person a new sid. */
function sidFor(context: Context, jar: CookieJar, pool: Pool, tokens: TokenState) {
  const known = browserId(context, jar);
  const sid = sidOf(known, pool.id, tokens.identity.subject);
  const browser = context.sessions.isEnded(sid) ? newBrowserId(context) : known;
  const cookies = browser.cookie === undefined ? [] : [browser.cookie];
  return { sid: sidOf(browser, pool.id, tokens.identity.subject), cookies };
}

interface Failure {
  readonly reason: string;
  readonly status?: number;
  readonly pool?: Pool;
  readonly route?: string;
  readonly again?: string;
  readonly logged?: string;
  readonly cookies?: readonly string[];
}

function failure(context: Context, request: WebRequest, about: Failure): WebResponse {
  const pool = about.pool === undefined ? {} : { pool: poolLabel(about.pool) };
  const route = about.route === undefined ? {} : { route: about.route };
  const event = request.query.has('error') ? 'error_answer' : 'failed';
  if (about.pool !== undefined) {
    context.events.onSignIn(poolLabel(about.pool), event);
  }
  context.events.log({
    event,
    id: request.id,
    ...pool,
    ...route,
    reason: about.logged ?? errorCode(request) ?? 'no_valid_state',
  });
  const page = failedPage({ reason: about.reason, again: about.again, contact: context.config.contact });
  return pageResponse(about.status ?? 400, page, request.id, about.cookies ?? []);
}

/** What Cognito, a trigger or a provider says: foreign text, cut and shown as text only. */
function errorText(request: WebRequest): string | undefined {
  const error = request.query.get('error');
  if (error === null) {
    return undefined;
  }
  const description = request.query.get('error_description') ?? '';
  return printable(description === '' ? error : `${description} (${error})`);
}

function printable(text: string): string {
  const plain = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ').trim();
  return plain.length > 300 ? `${plain.slice(0, 300).toWellFormed()}…` : plain;
}

/** For the log only where it is one of the known forms: descriptions may hold an e-mail. */
function errorCode(request: WebRequest): string | undefined {
  const error = request.query.get('error');
  return error !== null && /^[a-z_]{1,40}$/.test(error) ? error : undefined;
}

const away = { status: 503, text: 'the sign-in service can’t be reached at the moment' };
const misconfigured = {
  status: 403,
  text: 'the sign-in service and this site are not set up for each other; its operators can mend that',
};

const failureTexts: Readonly<Record<TokenFailure['code'], { readonly status: number; readonly text: string }>> = {
  invalid_grant: { status: 403, text: 'the sign-in was used before or took too long' },
  bad_token: { status: 403, text: 'what the sign-in service answered could not be trusted' },
  invalid_client: misconfigured,
  misconfigured,
  throttled: { status: 503, text: 'too many people are signing in at the moment; try again in a minute' },
  unavailable: away,
  timeout: away,
};
