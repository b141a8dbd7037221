import type { BoundedCache } from './bounded-cache.ts';
import { createBoundedCache } from './bounded-cache.ts';
import type { Attempt, Breaker } from './breaker.ts';
import type { Clock } from './clock.ts';
import type { FreshnessDeps, Refreshed } from './freshness.ts';
import type { KnownStates } from './known-states.ts';
import type { TokenState } from '../model/session.ts';
import { isOtherReading, refreshOnce, type Refreshing, type Tried } from './one-refresh.ts';
import type { Turn, Urgency } from './refresh-limiter.ts';
import type { RotationNotes } from './rotation-notes.ts';
import { StoreUnavailable } from './state-store.ts';

/** Refreshes under way, one for each sid. */
export interface Flights {
  /** Never joins one of an older sign-in of the sid. */
  join(what: Refreshing, urgency: Urgency): Promise<Refreshed>;
  running(sid: string, state: TokenState): boolean;
  /** A cookie says this: what is under way for an older sign-in must not end it. */
  meet(sid: string, state: TokenState): void;
  /** Its last answer was of no use, and the next one would be too: not again for a while. */
  resting(sid: string): boolean;
}

export interface FlightsDeps extends FreshnessDeps {
  readonly known: KnownStates;
  readonly breaker: Breaker;
  readonly rotation: RotationNotes;
  readonly failedAt: BoundedCache<number>;
}

interface Flight {
  readonly authTime: number;
  readonly landing: Promise<Refreshed>;
  readonly turn: Turn;
}

const restSeconds = 30;
/** How long another replica may need to tell that a pool rotates, in milliseconds. */
const toldWithin = 3000;
/** How often, and how long, the outcome of another replica's refresh is looked for. */
const lookEvery = 200;
const looks = 50;

export function createFlights(deps: FlightsDeps): Flights {
  const { limit, now } = deps;
  const flights = new Map<string, Flight>();
  const restsUntil = createBoundedCache<number>({ entries: 10_000, bytes: Infinity });
  const rest = (sid: string): void => restsUntil.set(sid, now() + restSeconds, 0);

  const running = (sid: string, state: TokenState): Flight | undefined => {
    const flight = flights.get(sid);
    return flight !== undefined && flight.authTime >= state.identity.authTime ? flight : undefined;
  };
  const launch = (what: Refreshing, urgency: Urgency): Promise<Refreshed> => {
    const { sid, pool, state } = what;
    const turn = limit.turn(urgency, `${pool.id} ${state.identity.subject}`);
    deps.rotation.began(pool.id);
    const landing = fly(deps, what, turn, rest).finally(() => {
      deps.rotation.landed(pool.id);
      if (flights.get(sid) === flight) flights.delete(sid);
    });
    const flight: Flight = { authTime: state.identity.authTime, landing, turn };
    flights.set(sid, flight);
    return landing;
  };
  return {
    join(what, urgency) {
      const flight = running(what.sid, what.state);
      if (flight === undefined) return launch(what, urgency);
      if (urgency !== 'background') flight.turn.hurry();
      return flight.landing;
    },
    meet(sid, state) {
      const flight = flights.size === 0 ? undefined : flights.get(sid);
      if (flight !== undefined && flight.authTime < state.identity.authTime) deps.known.learn(sid, state);
    },
    running: (sid, state) => running(sid, state) !== undefined,
    resting: (sid) => (restsUntil.get(sid) ?? 0) > now(),
  };
}

async function fly(deps: FlightsDeps, asked: Refreshing, turn: Turn, rest: (sid: string) => void): Promise<Refreshed> {
  const { sid, pool } = asked;
  if (!(await turn.come)) {
    deps.refreshed?.(pool, 'limited');
    return { kind: 'late' };
  }
  // It may have waited long: what is known now counts.
  const what = { ...asked, state: deps.known.newest(sid, asked.state) };
  if (deps.ended.has(sid)) return { kind: 'ended' };
  const attempt = deps.breaker.enter(pool.id, asked.state.identity.subject);
  if (attempt === undefined) {
    return {
      kind: deps.breaker.pausedFor(pool.id, asked.state.identity.subject) === 'lasting' ? 'impossible' : 'unavailable',
    };
  }
  const tried = await tryOnce(deps, what, attempt);
  if (tried === undefined) return { kind: 'late' };
  deps.refreshed?.(pool, outcomeOf(tried));
  return settle(deps, what, tried, rest);
}

async function tryOnce(deps: FlightsDeps, what: Refreshing, attempt: Attempt): Promise<Tried | undefined> {
  try {
    const tried = (await refreshOnce(deps, what)) ?? (await ofAnotherReplica(deps, what));
    if (tried === undefined) attempt.abandoned();
    else report(attempt, tried);
    return tried;
  } catch (error) {
    // The store's failure says nothing about the pool.
    if (error instanceof StoreUnavailable) attempt.abandoned();
    else attempt.failed('passing');
    throw error;
  }
}

/** Another replica holds the lock: its outcome is in the store soon, or not at all. */
async function ofAnotherReplica(
  { store, clock }: FlightsDeps,
  { sid, pool, state }: Refreshing,
): Promise<Tried | undefined> {
  for (let look = 0; look < looks; look += 1) {
    await pause(clock, lookEvery);
    const stored = await store.loadNewest(sid, pool);
    if (stored === undefined) return { kind: 'ended' };
    if (isOtherReading(stored.state, state)) return { kind: 'elsewhere', state: stored.state };
  }
  return undefined;
}

function report(attempt: Attempt, tried: Tried): void {
  if (tried.kind !== 'failed') return attempt.answered();
  switch (tried.code) {
    case 'throttled':
      return attempt.failed('throttled');
    case 'unavailable':
    case 'timeout':
      return attempt.failed('passing');
    case 'invalid_client':
    case 'misconfigured':
      return attempt.failed('lasting');
    default:
      // What is wrong with one person's tokens is no reason to leave the others unread.
      return attempt.answered();
  }
}

async function settle(
  deps: FlightsDeps,
  what: Refreshing,
  tried: Tried,
  rest: (sid: string) => void,
): Promise<Refreshed> {
  const { sid, pool, state } = what;
  const { known, failedAt } = deps;
  switch (tried.kind) {
    case 'fresh':
      if (tried.rotated) deps.rotation.note(pool.id);
      else deps.rotation.noteSteady(pool.id);
      known.learn(sid, tried.state);
      failedAt.delete(sid);
      return { kind: 'fresh', state: tried.state };
    case 'elsewhere':
      known.learn(sid, tried.state);
      failedAt.delete(sid);
      return { kind: 'fresh', state: tried.state };
    case 'ended':
      return ending(deps, what, rest);
    default:
      if (['throttled', 'unavailable', 'timeout'].includes(tried.code)) {
        failedAt.set(sid, deps.now(), 0);
        return { kind: 'unavailable' };
      }
      if (tried.code === 'bad_token' || state.refreshToken === undefined) rest(sid);
      return { kind: 'impossible' };
  }
}

/** `invalid_grant`. In a pool that rotates, another replica or the sign-in host may have used the token up. */
async function ending(deps: FlightsDeps, what: Refreshing, rest: (sid: string) => void): Promise<Refreshed> {
  const { sid, pool, state, person } = what;
  // Its cookie knows it too: after a restart of everything nobody else does.
  const isOfRotating = deps.store.kind === 'cookie' && state.rotates === true;
  if (!isOfRotating && deps.rotation.unknown(pool.id) && person !== true) await pause(deps.clock, toldWithin);
  if (isOfRotating || deps.rotation.blocks(pool.id)) {
    rest(sid);
    return { kind: 'impossible' };
  }
  const newest = deps.known.newest(sid, state);
  if (newest.identity.authTime > state.identity.authTime) return { kind: 'fresh', state: newest };
  deps.known.forget(sid);
  // Not shorter: somebody who is disabled for an hour would be let in again by what they had before.
  deps.ended.end(sid, deps.now() + pool.session.signInLifetime);
  await deps.store.remove(sid).catch(() => undefined);
  return { kind: 'ended' };
}

function outcomeOf(tried: Tried): string {
  if (tried.kind === 'failed') return tried.code;
  return tried.kind === 'fresh' ? 'ok' : tried.kind;
}

function pause(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}
