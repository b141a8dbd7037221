import type { Identity } from '../model/identity.ts';
import type { Pool } from '../model/pool.ts';
import type { RevocationAnswer } from '../model/revocation.ts';
import type { Session, TokenState } from '../model/session.ts';
import { createBoundedCache } from './bounded-cache.ts';
import type { EndedSids } from './ended-sids.ts';
import type { NamedInPolicies } from './fitting.ts';
import type { Freshness, Refreshed } from './freshness.ts';
import { isWithinGrace, lifeOf } from './life.ts';
import { limits as defaultLimits, type Limits } from './limits.ts';
import { asOf } from './own-sign-in.ts';
import type { Sealer } from './seal.ts';
import { createSessionCookies, type RouteHosts, type SealedCookie, type Stored } from './session-cookies.ts';
import { endedFound, noneFound, readOf, revokedFound, type Found, type SessionRead } from './session-read.ts';
import type { MaybePromise, StateStore } from './state-store.ts';

export { shouldRenew } from './life.ts';
export type { RouteHosts, SealedCookie } from './session-cookies.ts';
export type { SessionRead } from './session-read.ts';
export type { MaybePromise } from './state-store.ts';

export interface Sessions {
  /**
   * `cookie` is the raw Cookie header. Counts as a request of the sids that are live. Waits at most 2 seconds, and only
   * where tokens have expired or the store has to be asked; throws or rejects with StoreUnavailable.
   */
  read(cookie: string | undefined, route: RouteHosts, pools: readonly Pool[]): MaybePromise<SessionRead>;
  /**
   * Asks Cognito anew about people of whom a group or claim is unknown (S22). Afterwards `read` may know more; undefined
   * where there is nothing that could be asked.
   */
  reread(live: readonly Session[], pools: readonly Pool[]): Promise<void> | undefined;
  /** Seals as it is given: the caller sets `sealedAt`. Throws TooLargeToSeal when nothing helps. */
  seal(session: Session, named: NamedInPolicies): SealedCookie;
  /** Ends a sign-in here, with all its sessions. `until` in seconds; without it for the longest life there is. */
  ended(sid: string, until?: number): void;
  isEnded(sid: string): boolean;
  /**
   * The last request for a sid: here, or as the store says; without either this replica's own start, before which it
   * can't know of any.
   */
  lastSeen(sid: string, stored: number | undefined): number;
}

export interface SessionsDeps {
  readonly sealer: Sealer;
  readonly store: StateStore;
  readonly freshness: Freshness;
  /** Seconds. */
  readonly now: () => number;
  readonly ended: EndedSids;
  /** What the SessionRevocations in force say of a person; absent: there are none. */
  readonly revoked?: (identity: Identity) => RevocationAnswer;
  readonly limits?: Partial<Limits>;
}

/** What one read is about, from the cookie on. */
interface Reading {
  readonly stored: Stored;
  readonly pool: Pool;
  readonly now: number;
}

export function createSessions(deps: SessionsDeps): Sessions {
  const { freshness, store } = deps;
  const limits: Limits = { ...defaultLimits, ...deps.limits };
  const cookies = createSessionCookies({ sealer: deps.sealer, store, limits });
  const seen = createBoundedCache<number>({ entries: limits.seenSids, bytes: Infinity });
  const revoked = deps.revoked ?? ((): RevocationAnswer => 'no');
  const newest = createNewest(freshness);
  // A replica younger than `idle` can't know about requests before it: its own start counts as one.
  const replicaStart = deps.now();

  const lastSeen = (sid: string, stored: number | undefined): number =>
    Math.max(seen.get(sid) ?? 0, stored ?? replicaStart);
  const noteSeen = (sid: string, now: number): void => {
    if (seen.get(sid) === now) return;
    seen.set(sid, now, 0);
    store.seen(sid, now);
  };
  const live = (session: Session, now: number): Found => {
    noteSeen(session.sid, now);
    return { kind: 'live', session };
  };
  /** After the one wait that a request may cost. */
  const afterWait = (reading: Reading, refreshed: Refreshed): Found => {
    const { stored, pool } = reading;
    const now = deps.now();
    const session = newest(stored.session);
    if (refreshed.kind === 'ended' || deps.ended.has(session.sid)) return endedFound;
    const answer = revoked(session.identity);
    if (answer === 'yes') return revokedFound;
    const usable =
      now < session.tokensExpireAt || (refreshed.kind === 'unavailable' && isWithinGrace(session, pool, now));
    return answer === 'no' && usable ? live(session, now) : { kind: 'stale', session };
  };
  const wait = (session: Session, reading: Reading): Promise<Found> =>
    freshness.refresh(session.sid, reading.pool, session, 'waiting').then((refreshed) => afterWait(reading, refreshed));

  const judge = (stored: Stored, pool: Pool): MaybePromise<Found> => {
    const session = newest(stored.session);
    if (deps.ended.has(session.sid)) return endedFound;
    const now = deps.now();
    const life = lifeOf(session, pool, now, lastSeen(session.sid, stored.lastSeen));
    if (life === 'ended') return endedFound;
    const answer = revoked(session.identity);
    if (answer === 'yes') return revokedFound;
    if (life === 'stale' || answer === 'unknown') return wait(session, { stored, pool, now });
    freshness.background(session.sid, pool, session);
    return live(session, now);
  };
  const found = (stored: Stored | 'gone' | undefined, pool: Pool): MaybePromise<Found> => {
    if (stored === undefined) return noneFound;
    return stored === 'gone' ? endedFound : judge(stored, pool);
  };
  const find = (cookie: string | undefined, pool: Pool, route: RouteHosts): MaybePromise<Found> => {
    const stored = cookies.find(cookie, pool, route);
    return stored instanceof Promise ? stored.then((one) => found(one, pool)) : found(stored, pool);
  };

  return {
    read(cookie, route, pools) {
      const all = pools.map((pool) => find(cookie, pool, route));
      return areHere(all) ? readOf(all) : Promise.all(all.map(async (one) => one)).then(readOf);
    },
    reread: (people, pools) => reread(deps, people, pools),
    seal: cookies.seal,
    ended(sid, until) {
      deps.ended.end(sid, until ?? deps.now() + limits.endedSeconds);
      store.remove(sid).catch(() => undefined);
    },
    isEnded: (sid) => deps.ended.has(sid),
    lastSeen,
  };
}

function areHere(all: readonly MaybePromise<Found>[]): all is readonly Found[] {
  return !all.some((one) => one instanceof Promise);
}

/** Seconds: what was read just now is not read again for a name that isn't in it. */
const justRead = 2;

function reread(
  { freshness, now }: SessionsDeps,
  people: readonly Session[],
  pools: readonly Pool[],
): Promise<void> | undefined {
  const asked = people.flatMap((session) => {
    const pool = pools.find((one) => one.id === session.pool);
    const useless = session.refreshToken === undefined || (isWhole(session) && now() - session.checkedAt < justRead);
    return pool === undefined || useless ? [] : [freshness.refresh(session.sid, pool, session, 'waiting')];
  });
  return asked.length === 0 ? undefined : Promise.all(asked).then(() => undefined);
}

function isWhole({ identity }: Session): boolean {
  return identity.groups.judged === undefined;
}

/**
 * The session with what this replica knows better. Made once for each new state: decisions compare and remember
 * identities, and make no garbage.
 */
function createNewest(freshness: Freshness): (session: Session) => Session {
  const made = new WeakMap<Session, { readonly from: TokenState; readonly session: Session }>();
  return (session) => {
    const state = freshness.newest(session.sid, session);
    if (state === session) return session;
    const before = made.get(session);
    if (before?.from === state) return before.session;
    const { sid, pool, host, startedAt, signInStartedAt, sealedAt, checkedAt, tokensExpireAt } = session;
    const sealedTokens = { checkedAt, tokensExpireAt };
    const own = asOf(state, session.identity.authTime);
    const composed: Session = { ...own, sid, pool, host, startedAt, signInStartedAt, sealedAt, sealedTokens };
    made.set(session, { from: state, session: composed });
    return composed;
  };
}
