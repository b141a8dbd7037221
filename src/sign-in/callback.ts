import type { WebRequest, WebResponse } from '../model/web.ts';
import { parseCookies } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { StoreUnavailable } from '../session/state-store.ts';
import { accept } from './accept.ts';
import { errorText, failure, failureTexts, strangersError } from './callback-failure.ts';
import { type CognitoAttempt, findCognitoAttempt, isState } from './cognito-attempt.ts';
import type { Context } from './deps.ts';
import { refuseUnlessNavigation } from './guard.ts';
import { later, storeIsAway } from './later.ts';
import type { Target } from './messages.ts';
import { pageResponse } from './pages/layout.ts';
import { continuePage } from './pages/way.ts';
import { single } from './reply.ts';
import { routeFor } from './standing.ts';
import { startAgain } from './start-again.ts';

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
    return failure(context, request, { reason: strangersError(request) ?? ofNoSignIn });
  }
  if (found === undefined) {
    return withoutAttempt(context, request, state);
  }
  return answered(context, request, { ...found, again });
}

const ofNoSignIn = 'the answer of the sign-in service belongs to no sign-in of this browser';

interface Answered {
  readonly attempt: CognitoAttempt;
  readonly consumed: string;
  readonly again: string;
}

/** In its turn: Cognito is not asked by all at once, and whoever finds too many waiting has used up nothing. */
async function answered(context: Context, request: WebRequest, found: Answered): Promise<WebResponse> {
  const { attempt, consumed, again } = found;
  const { route, at } = attempt.target;
  const response = await context.turns.run(async () => {
    if (attempt.used || !context.usedStates.use(attempt.state, at + limits.attemptSeconds)) {
      context.events.log({ event: 'continue', id: request.id, route, reason: 'state_used_or_expired' });
      return pageResponse(403, continuePage(again), request.id);
    }
    return redeem(context, request, attempt, consumed).catch(withoutStore);
  });
  if (response !== 'busy' && response !== 'store_unavailable') {
    return response;
  }
  context.events.log({ event: response, id: request.id, route });
  return later(request, { reason: laterReasons[response], again, contact: context.config.contact });
}

/** The code is used up: start gets another one, without a password while Cognito's own session lasts. */
function withoutStore(error: unknown): 'store_unavailable' {
  if (error instanceof StoreUnavailable) {
    return 'store_unavailable';
  }
  throw error;
}

const laterReasons = {
  busy: 'many people are signing in at this moment',
  store_unavailable: storeIsAway,
};

function stateOf(request: WebRequest): string | undefined {
  const state = single(request.query, 'state');
  return state !== undefined && isState(state) ? state : undefined;
}

/** Another browser's state, or one whose cookie has expired or made room for others. */
function withoutAttempt(context: Context, request: WebRequest, state: string): WebResponse {
  if (request.query.has('error')) {
    return failure(context, request, { reason: strangersError(request) ?? ofNoSignIn });
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
  return accept(context, request, { target, pool, tokens: answer.tokens, consumed });
}
