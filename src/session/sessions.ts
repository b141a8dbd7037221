import type { Pool, PoolId } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import { createBoundedCache } from './bounded-cache.ts';
import { encodeSession } from './codec.ts';
import { cookieValues, setCookie } from './cookies.ts';
import type { EndedSids } from './ended-sids.ts';
import { fit, type NamedInPolicies } from './fitting.ts';
import { lifeOf } from './life.ts';
import { limits as defaultLimits, type Limits } from './limits.ts';
import { sessionCookieName } from './names.ts';
import { createOpenedSessions } from './opened-sessions.ts';
import { plaintextRoom, type Sealer } from './seal.ts';
import type { MaybePromise } from './state-store.ts';

export { shouldRenew } from './life.ts';

export type { MaybePromise } from './state-store.ts';

export interface SessionRead {
  /** At most one for each pool, in the order of the pools that were asked for. */
  readonly live: readonly Session[];
  /** Claims past their tokens' `exp`: good for the sid and the refresh token, never for a decision. */
  readonly stale: readonly Session[];
  /** Why `live` is empty. */
  readonly reason: 'no_session' | 'session_ended' | 'session_stale' | undefined;
}

/** The hosts of a route: a session's host must be one of them, or match its wildcard. */
export interface RouteHosts {
  readonly hosts: readonly string[];
  matchesHost(host: string): boolean;
}

export interface SealedCookie {
  /** A Set-Cookie value. */
  readonly cookie: string;
  readonly trimmed: boolean;
  readonly refreshTokenDropped: boolean;
}

export interface Sessions {
  /** `cookie` is the raw Cookie header. Counts as a request of the sids that are live. */
  read(cookie: string | undefined, route: RouteHosts, pools: readonly Pool[]): MaybePromise<SessionRead>;
  /** Seals as it is given: the caller sets `sealedAt`. Throws TooLargeToSeal when nothing helps. */
  seal(session: Session, named: NamedInPolicies): SealedCookie;
  /** Ends a sign-in here, with all its sessions. `until` in seconds; without it for the longest life there is. */
  ended(sid: string, until?: number): void;
  isEnded(sid: string): boolean;
}

export interface SessionsDeps {
  readonly sealer: Sealer;
  /** Seconds. */
  readonly now: () => number;
  readonly ended: EndedSids;
  readonly limits?: Partial<Limits>;
}

type Found = { readonly kind: 'live' | 'stale'; readonly session: Session } | { readonly kind: 'ended' | 'none' };

const none: readonly Session[] = [];
const nothing: SessionRead = { live: [], stale: [], reason: 'no_session' };

/** Sessions that live in the cookie alone. */
export function createSessions(deps: SessionsDeps): Sessions {
  const limits: Limits = { ...defaultLimits, ...deps.limits };
  const opened = createOpenedSessions(deps.sealer, limits);
  const seen = createBoundedCache<number>({ entries: limits.seenSids, bytes: Infinity });
  // A replica younger than `idle` can't know about requests before it: its own start counts as one.
  const replicaStart = deps.now();

  const judge = (session: Session, pool: Pool, now: number): Found => {
    if (deps.ended.has(session.sid)) {
      return { kind: 'ended' };
    }
    const lastSeen = Math.max(seen.get(session.sid) ?? 0, replicaStart);
    const life = lifeOf(session, pool, now, lastSeen);
    return life === 'ended' ? { kind: 'ended' } : { kind: life, session };
  };

  const find = (values: readonly string[], pool: Pool, route: RouteHosts): Found => {
    const [value, another] = values;
    // No browser holds two `__Host-` cookies of one name (RFC 6265bis 5.7): whoever sends two is up to something (T11.7).
    if (value === undefined || another !== undefined) {
      return { kind: 'none' };
    }
    const session = opened.open(value);
    if (session === undefined || !belongs(session, pool.id, route)) {
      return { kind: 'none' };
    }
    const now = deps.now();
    const found = judge(session, pool, now);
    if (found.kind === 'live' && seen.get(session.sid) !== now) {
      seen.set(session.sid, now, 0);
    }
    return found;
  };

  return {
    read(cookie, route, pools) {
      return readOf(pools.map((pool) => find(cookieValues(cookie, nameFor(pool)), pool, route)));
    },
    seal: (session, named) => sealSession(session, named, deps.sealer, limits),
    ended(sid, until) {
      deps.ended.end(sid, until ?? deps.now() + limits.endedSeconds);
    },
    isEnded: (sid) => deps.ended.has(sid),
  };
}

const names = new WeakMap<Pool, string>();

/** A pool object never changes; its cookie's name is made once. */
function nameFor(pool: Pool): string {
  const known = names.get(pool);
  if (known !== undefined) {
    return known;
  }
  const name = sessionCookieName(pool.id);
  names.set(pool, name);
  return name;
}

function belongs(session: Session, pool: PoolId, route: RouteHosts): boolean {
  return session.pool === pool && (route.hosts.includes(session.host) || route.matchesHost(session.host));
}

function readOf(found: readonly Found[]): SessionRead {
  const [only, second] = found;
  if (second === undefined && only?.kind === 'live') {
    return { live: [only.session], stale: none, reason: undefined };
  }
  const live = found.flatMap((one) => (one.kind === 'live' ? [one.session] : []));
  const stale = found.flatMap((one) => (one.kind === 'stale' ? [one.session] : []));
  if (live.length > 0) {
    return { live, stale, reason: undefined };
  }
  if (stale.length > 0) {
    return { live, stale, reason: 'session_stale' };
  }
  return found.some((one) => one.kind === 'ended') ? { live, stale, reason: 'session_ended' } : nothing;
}

/** The cookie's Max-Age is only the browser's patience; when a session ends is under the seal. */
function sealSession(session: Session, named: NamedInPolicies, sealer: Sealer, limits: Limits): SealedCookie {
  const scope = { pool: session.pool, host: session.host };
  const room = plaintextRoom(scope, limits.sealedSession);
  const fitted = fit({ state: session, named, encode: (state) => encodeSession(state), room });
  const value = sealer.seal('session', scope, fitted.plaintext);
  return {
    cookie: setCookie(sessionCookieName(session.pool), value, { maxAge: limits.endedSeconds }),
    trimmed: fitted.trimmed,
    refreshTokenDropped: fitted.refreshTokenDropped,
  };
}
