import type { Pool } from '../model/pool.ts';
import type { Session, TokenState } from '../model/session.ts';
import type { Verdict } from '../model/verdict.ts';
import { clearCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import type { Refreshed } from '../session/freshness.ts';
import { asOf } from '../session/own-sign-in.ts';
import { crowdedOut } from './crowded.ts';
import type { Context } from './deps.ts';
import type { Wish } from './messages.ts';
import { isOld } from './refresh.ts';
import { poolLabel } from './standing.ts';
import type { Visit } from './visit.ts';

/** Seconds. What was read just now, by this replica or by the sign-in that led here, is not read once more. */
const justRead = 2;
/** Seconds within which a re-read at the sign-in host comes back to start; the next click reads again. */
const rereadReturns = 10;

export type Reading =
  /** What is known now; the sessions that were read are sealed again. */
  | { readonly kind: 'here'; readonly visit: Visit }
  /** Only the sign-in host can: its cookie has the refresh token, or keeps the one that comes. */
  | { readonly kind: 'elsewhere'; readonly pool: string; readonly wish: Wish };

type Need = 'seal' | 'read' | 'ask';

/**
 * Whoever is sent to start was refused by a replica that may know more than this one, or by one that knows less
 * (N34): before a person is sent back or denied their groups are read again, here and without a trip to the sign-in
 * host where the session has a refresh token.
 */
export async function readAgain(context: Context, visit: Visit, verdict: Verdict): Promise<Reading> {
  let current = visit;
  for (const session of visit.read.live) {
    const need = needOf(context, visit, session, verdict);
    const reading = need === undefined ? undefined : await readOne(context, current, session, need);
    if (reading?.kind === 'elsewhere') {
      return reading;
    }
    current = reading?.visit ?? current;
  }
  return { kind: 'here', visit: current };
}

/**
 * `seal`: the replica that sent here most likely asks for nothing but a newer cookie. `ask`: the person did. A sign-in
 * that is too old doesn't become younger by reading.
 */
function needOf(context: Context, visit: Visit, session: Session, verdict: Verdict): Need | undefined {
  if (!concerns(session, verdict)) {
    return undefined;
  }
  const now = context.now();
  if (visit.request.query.has('check')) {
    return context.mayCheck(session.sid) ? 'ask' : undefined;
  }
  const mayRenew = now - session.sealedAt >= limits.renewEverySeconds && visit.loop.returnsTo(visit.returnPath) === 0;
  if (verdict.kind === 'allow' && mayRenew) {
    return 'seal';
  }
  return session.checkedAt > now - justRead ? undefined : 'read';
}

/** Any of several people may be let in by what is read; only one is sent back. */
function concerns(session: Session, { kind, identity, reason }: Verdict): boolean {
  return kind === 'allow' ? identity?.pool === session.pool : identity !== undefined && reason !== 'sign_in_too_old';
}

async function readOne(context: Context, visit: Visit, session: Session, need: Need): Promise<Reading> {
  const pool = visit.route.pools.find((one) => one.id === session.pool);
  if (pool === undefined) {
    return { kind: 'here', visit };
  }
  const old = isOld(session, pool, context.now());
  if (need === 'seal' && !old) {
    return sealed(context, visit, session);
  }
  const answer = await ask(context, session, pool);
  if (answer.kind === 'fresh') {
    context.events.onSignIn(poolLabel(pool), 'refreshed');
    return sealed(context, visit, { ...session, ...asOf(stateOf(answer.state), session.identity.authTime) });
  }
  if (answer.kind === 'ended') {
    return { kind: 'here', visit: without(visit, session) };
  }
  if (answer.kind === 'impossible') {
    return elsewhere(context, visit, session, need);
  }
  context.events.onSignIn(poolLabel(pool), 'refresh_failed');
  // Sealed again all the same: the replica that asks for a newer cookie would ask for ever.
  return need === 'seal' ? sealed(context, visit, session) : { kind: 'here', visit };
}

/** A refresh token that is replaced would be lost for the other hosts: their cookies can't be set from here. */
async function ask(context: Context, session: Session, pool: Pool): Promise<Refreshed> {
  return context.freshness.rotating().has(pool.id)
    ? { kind: 'impossible' }
    : context.freshness.refresh(session.sid, pool, session, 'person');
}

/** The sign-in host is not asked again and again: not when it had nothing to read, nor within the time of one denial. */
function elsewhere(context: Context, visit: Visit, { pool }: Session, need: Need): Reading {
  if (need === 'seal') {
    return { kind: 'elsewhere', pool, wish: 'any' };
  }
  const unread = visit.request.query.has('unread');
  const justAsked = need === 'read' && visit.loop.rereadSince(pool, context.now() - rereadReturns);
  return unread || justAsked ? { kind: 'here', visit } : { kind: 'elsewhere', pool, wish: 'reread' };
}

async function sealed(context: Context, visit: Visit, session: Session): Promise<Reading> {
  const renewed: Session = { ...session, sealedAt: context.now() };
  const cookie = context.sessions.seal(renewed, context.named()).cookie;
  const others = await crowdedOut(context, visit.request, { jar: visit.jar, set: cookie, used: '' });
  const live = visit.read.live.map((one) => (one.pool === session.pool ? renewed : one));
  const cookies = [...visit.cookies, ...others.map(clearCookie), cookie];
  return { kind: 'here', visit: { ...visit, read: { ...visit.read, live }, cookies } };
}

function without(visit: Visit, session: Session): Visit {
  const live = visit.read.live.filter((one) => one !== session);
  return { ...visit, read: { ...visit.read, live } };
}

/** Of a reading, whatever else the object carries: sid, host and times of the session are its own. */
function stateOf({ identity, checkedAt, tokensExpireAt, refreshToken, rotates }: TokenState): TokenState {
  return { identity, checkedAt, tokensExpireAt, refreshToken, ...(rotates === undefined ? {} : { rotates }) };
}
