import type { Pool } from '../model/pool.ts';
import type { SignIn } from '../model/session.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { clearCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { signInCookieName } from '../session/names.ts';
import type { Context, SignInOutcome } from './deps.ts';
import { endSignIn, forget } from './end-session.ts';
import { handOver } from './grant.ts';
import { refuseUnlessNavigation } from './guard.ts';
import { openRequest, type Target } from './messages.ts';
import { pageResponse } from './pages/layout.ts';
import { tooOldPage } from './pages/again.ts';
import { continuePage, failedPage } from './pages/way.ts';
import { freshen } from './refresh.ts';
import { redirect, single } from './reply.ts';
import { poolLabel, routeFor } from './standing.ts';
import { returnPathOf, signOutAndBack, startAgain } from './start-again.ts';
import { throughLogout, toCognito } from './to-cognito.ts';

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
  return serve(context, request, { target, pool: at.pool });
}

/** What is asked for, with the pool that it is asked of. */
interface Asked {
  readonly target: Target;
  readonly pool: Pool;
}

async function serve(context: Context, request: WebRequest, asked: Asked): Promise<WebResponse> {
  const { target, pool } = asked;
  const signIn = await context.signIns.openSignIn(request.header('cookie'), pool, context.config.signInHost);
  const needed = signIn === undefined ? target : unlessIdle(context, asked, await lastUse(context, asked, signIn));
  if (signIn === undefined || target.wish === 'login') {
    // A denied person is never asked to sign in again for a second look (N3); the denial stands.
    return target.wish === 'reread'
      ? redirect(context.origins.start(target.host, target.route, { rd: returnPathOf(context, target), unread: '1' }))
      : toCognito(context, request, { pool, target: needed });
  }
  if (context.revoked(signIn.identity) === 'yes') {
    return revoked(context, request, asked, signIn);
  }
  // Not read either: that would count as use, and whoever asks a second time would be let in.
  return needed === target
    ? refreshed(context, request, asked, signIn)
    : stepUp(context, request, { pool, target: needed }, []);
}

async function refreshed(context: Context, request: WebRequest, asked: Asked, signIn: SignIn): Promise<WebResponse> {
  const { target, pool } = asked;
  const fresh = await freshen(context, pool, signIn, target);
  if (fresh.kind === 'usable') {
    // What is unknown still could not be read again: nobody can tell whether it is over.
    return context.revoked(fresh.signIn.identity) === 'no'
      ? usable(context, request, asked, fresh)
      : revoked(context, request, asked, fresh.signIn);
  }
  if (fresh.kind === 'ended') {
    forget(context, pool, signIn.sid);
    note(context, request, asked, { event: 'sign_in_ended', reason: 'invalid_grant' });
  }
  return toCognito(context, request, asked);
}

async function lastUse(context: Context, { pool }: Asked, signIn: SignIn): Promise<number> {
  const { sid, startedAt } = signIn;
  const stored = await context.store.load(sid, pool);
  const { checkedAt } = context.freshness.newest(sid, signIn);
  return Math.max(startedAt, checkedAt, context.sessions.lastSeen(sid, stored?.lastSeen));
}

/**
 * A sign-in that nobody has used for longer than a session may be idle serves only after the person has signed in once
 * more: handed over without a question, it would make `idle` mean nothing. A second look is asked for by who is here.
 */
function unlessIdle(context: Context, { target, pool }: Asked, used: number): Target {
  const isIdle = target.wish !== 'reread' && context.now() >= used + pool.session.idle;
  return isIdle ? { ...target, wish: 'fresh', since: Math.max(used + 1, target.since ?? 0) } : target;
}

function usable(
  context: Context,
  request: WebRequest,
  asked: Asked,
  { signIn, newer }: { readonly signIn: SignIn; readonly newer: boolean },
): WebResponse | Promise<WebResponse> {
  const { target } = asked;
  const cookies = newer ? [context.signIns.sealSignIn(signIn, context.config.signInHost, context.named()).cookie] : [];
  if (target.since !== undefined && signIn.identity.authTime < target.since) {
    return stepUp(context, request, asked, cookies);
  }
  note(context, request, asked, { event: newer ? 'refreshed' : 'reused' });
  return handOver(context, target, signIn, cookies);
}

/** The rule wants a fresher sign-in than this: how Cognito is brought to ask again is the pool's to say (L26). */
function stepUp(
  context: Context,
  request: WebRequest,
  asked: Asked,
  cookies: readonly string[],
): WebResponse | Promise<WebResponse> {
  const { target, pool } = asked;
  if (pool.freshSignIn === 'None') {
    note(context, request, asked, { event: 'too_old' });
    const page = tooOldPage({
      asked: false,
      signOut: signOutAndBack(context, target),
      contact: context.config.contact,
    });
    return pageResponse(403, page, request.id, cookies);
  }
  const go = pool.freshSignIn === 'Logout' ? throughLogout : toCognito;
  return go(context, request, { ...asked, cookies });
}

/**
 * Cognito's own session of that time could sign the same person in without a question, so it ends as well (S23). The
 * sid ends too: nothing of it may come back by the sign-in that follows.
 */
async function revoked(context: Context, request: WebRequest, asked: Asked, signIn: SignIn): Promise<WebResponse> {
  note(context, request, asked, { event: 'revoked' });
  await endSignIn(context, asked.pool, signIn);
  return throughLogout(context, request, { ...asked, cookies: [clearCookie(signInCookieName(asked.pool.id))] });
}

interface Note {
  readonly event: SignInOutcome;
  readonly reason?: string;
}

function note(context: Context, request: WebRequest, { target, pool }: Asked, what: Note): void {
  const label = poolLabel(pool);
  context.events.onSignIn(label, what.event);
  context.events.log({ ...what, pool: label, id: request.id, route: target.route });
}
