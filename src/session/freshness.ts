import type { Pool, PoolId } from '../model/pool.ts';
import type { TokenState } from '../model/session.ts';
import { createBoundedCache } from './bounded-cache.ts';
import { createBreaker, type PoolFault } from './breaker.ts';
import type { Clock } from './clock.ts';
import type { EndedSids } from './ended-sids.ts';
import { createFlights, type Flights } from './flights.ts';
import { createKnownStates, isOfFuture } from './known-states.ts';
import { limits } from './limits.ts';
import type { OneRefreshDeps } from './one-refresh.ts';
import type { RefreshLimiter } from './refresh-limiter.ts';
import { createRotationNotes } from './rotation-notes.ts';

export type Refreshed =
  | { readonly kind: 'fresh'; readonly state: TokenState }
  /** Cognito has ended the sign-in (`invalid_grant`), or it was ended here. */
  | { readonly kind: 'ended' }
  /** 429, 5xx, time-out, network, or a pause because of those: what is known serves within the grace. */
  | { readonly kind: 'unavailable' }
  /** Still under way after the wait. */
  | { readonly kind: 'late' }
  /** No refresh token, a pool that rotates them, or an answer that is of no use. */
  | { readonly kind: 'impossible' };

/** What is known about sign-ins beyond their cookies, and how it is kept fresh. One for a replica. */
export interface Freshness {
  /** The newer of what a cookie (or record) says and what this replica learned since. */
  newest(sid: string, state: TokenState): TokenState;
  /** Never waits: asks for a refresh when the state is older than `refreshAfter`. */
  background(sid: string, pool: Pool, state: TokenState): void;
  /**
   * One flight per sid, whoever asks; resolves within 2 seconds, the flight itself goes on. `waiting` takes what another
   * has learned since `state`; `person` reads anew, in pools that rotate refresh tokens too: only for whoever can keep
   * the new one (the sign-in host). Rejects with StoreUnavailable.
   */
  refresh(sid: string, pool: Pool, state: TokenState, urgency: 'waiting' | 'person'): Promise<Refreshed>;
  /** Pools that rotate refresh tokens while the store is `cookie`: not refreshed in the background. */
  rotating(): ReadonlySet<PoolId>;
  /** Another replica has found out. */
  noteRotating(pool: PoolId): void;
  /** Sign-ins of which something newer than their cookies is known. */
  readonly known: number;
}

export interface FreshnessDeps extends OneRefreshDeps {
  readonly ended: EndedSids;
  /** Seconds. */
  readonly now: () => number;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly limit: RefreshLimiter;
  /** `outcome`: `ok`, `ended`, `limited`, `elsewhere` or the code of a failure. */
  readonly refreshed?: (pool: Pool, outcome: string) => void;
  readonly paused?: (pool: PoolId, paused: boolean) => void;
  readonly rotationFound?: (pool: PoolId) => void;
}

const waitMilliseconds = 2000;

export function createFreshness(deps: FreshnessDeps): Freshness {
  const { store, ended, now, clock } = deps;
  const known = createKnownStates({ entries: limits.seenSids, bytes: limits.openedBytes }, now);
  const breaker = createBreaker({ ...deps, ...(deps.paused === undefined ? {} : { changed: deps.paused }) });
  const rotation = createRotationNotes({ store, found: deps.rotationFound });
  /** When a refresh of a sid last failed; a success takes it away. */
  const failedAt = createBoundedCache<number>({ entries: limits.seenSids, bytes: Infinity });
  const flights: Flights = createFlights({ ...deps, isSteady: rotation.isSteady, known, breaker, rotation, failedAt });

  /** Why it is of no use to ask now. */
  const obstacle = (sid: string, pool: Pool, state: TokenState, person: boolean): Refreshed | undefined => {
    if (ended.has(sid)) return { kind: 'ended' };
    const blocked = !person && (rotation.blocks(pool.id) || flights.resting(sid));
    if (blocked || state.refreshToken === undefined) return { kind: 'impossible' };
    if (flights.running(sid, state)) return undefined;
    const fault = breaker.pausedFor(pool.id, state.identity.subject);
    return fault === undefined ? undefined : whilePaused(fault);
  };
  /** A try for this sign-in has failed since its tokens expired, or the pool is known not to answer. */
  const hasFailed = (sid: string, pool: Pool, state: TokenState): boolean =>
    breaker.failing(pool.id) || (failedAt.get(sid) ?? -Infinity) >= state.tokensExpireAt;

  return {
    newest(sid, state) {
      flights.meet(sid, state);
      return known.newest(sid, state);
    },
    background(sid, pool, state) {
      const isYoung = now() - state.checkedAt < pool.session.refreshAfter;
      if (isYoung && !isOfFuture(state, now())) return;
      const newest = known.newest(sid, state);
      if (flights.running(sid, newest) || obstacle(sid, pool, newest, false) !== undefined) return;
      // One that rotates unnoticed would lose as many refresh tokens as are asked for at once.
      if (!rotation.mayStart(pool.id)) return;
      flights.join({ sid, pool, state: newest }, 'background').catch(() => undefined);
    },
    async refresh(sid, pool, state, urgency) {
      const newest = known.newest(sid, state);
      const person = urgency === 'person';
      if (!person && newest.checkedAt > state.checkedAt && now() < newest.tokensExpireAt && !ended.has(sid)) {
        return { kind: 'fresh', state: newest };
      }
      const hindered = obstacle(sid, pool, newest, person);
      if (hindered !== undefined) {
        // Not asked because Cognito doesn't answer: as good as a try that failed.
        if (hindered.kind === 'unavailable') failedAt.set(sid, now(), 0);
        return hindered;
      }
      const flight = flights.join({ sid, pool, state: newest, person }, urgency);
      const answer = await within(clock, flight);
      if (answer.kind === 'fresh') return { kind: 'fresh', state: known.newest(sid, answer.state) };
      return answer.kind === 'late' && hasFailed(sid, pool, newest) ? { kind: 'unavailable' } : answer;
    },
    rotating: rotation.rotating,
    noteRotating: rotation.note,
    get known() {
      return known.size;
    },
  };
}

function whilePaused(fault: PoolFault): Refreshed {
  return { kind: fault === 'lasting' ? 'impossible' : 'unavailable' };
}

async function within(clock: Clock, flight: Promise<Refreshed>): Promise<Refreshed> {
  const { promise, resolve } = Promise.withResolvers<Refreshed>();
  const callOff = clock.after(waitMilliseconds, () => resolve({ kind: 'late' }));
  flight.catch(() => undefined);
  try {
    return await Promise.race([flight, promise]);
  } finally {
    callOff();
  }
}
