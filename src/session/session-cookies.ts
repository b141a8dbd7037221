import type { Pool, PoolId } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import { decodeSession, encodeSession } from './codec.ts';
import { cookieValues, setCookie } from './cookies.ts';
import { fit, type NamedInPolicies } from './fitting.ts';
import { decodeSessionHandle, encodeSessionHandle, type SessionHandle, withState } from './handles.ts';
import type { Limits } from './limits.ts';
import { sessionCookieName } from './names.ts';
import { createOpenedSessions } from './opened-sessions.ts';
import { plaintextRoom, type Sealer } from './seal.ts';
import type { MaybePromise, StateStore } from './state-store.ts';

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

/** A session as its cookie, or the record behind its handle, says. */
export interface Stored {
  readonly session: Session;
  /** Undefined: not known. */
  readonly lastSeen: number | undefined;
}

/** Session cookies of either store: what is in one, and how one is made. */
export interface SessionCookies {
  /** `gone`: the handle is one of ours, and its sign-in is in the store no more. Rejects with StoreUnavailable. */
  find(cookie: string | undefined, pool: Pool, route: RouteHosts): MaybePromise<Stored | 'gone' | undefined>;
  /** Throws TooLargeToSeal when nothing helps. */
  seal(session: Session, named: NamedInPolicies): SealedCookie;
}

export interface SessionCookiesDeps {
  readonly sealer: Sealer;
  readonly store: StateStore;
  readonly limits: Limits;
}

export function createSessionCookies(deps: SessionCookiesDeps): SessionCookies {
  return deps.store.kind === 'cookie' ? wholeSessions(deps) : handles(deps);
}

function wholeSessions({ sealer, limits }: SessionCookiesDeps): SessionCookies {
  const opened = createOpenedSessions<Stored>(sealer, limits, {
    kind: 'session',
    read(found) {
      const session = decodeSession(found.plaintext, found)?.session;
      return session && { session, lastSeen: undefined };
    },
  });
  return {
    find(cookie, pool, route) {
      const value = onlyValue(cookie, pool);
      const stored = value === undefined ? undefined : opened.open(value);
      return stored !== undefined && belongs(stored.session, pool.id, route) ? stored : undefined;
    },
    seal: (session, named) => sealSession(session, named, sealer, limits),
  };
}

function handles({ sealer, store, limits }: SessionCookiesDeps): SessionCookies {
  const opened = createOpenedSessions<SessionHandle>(sealer, limits, {
    kind: 'handle',
    read: (found) => decodeSessionHandle(found.plaintext, found)?.handle,
  });
  return {
    find(cookie, pool, route) {
      const value = onlyValue(cookie, pool);
      const handle = value === undefined ? undefined : opened.open(value);
      if (handle === undefined || !belongs(handle, pool.id, route)) {
        return undefined;
      }
      const stored = store.load(handle.sid, pool);
      const compose = (found: Awaited<typeof stored>): Stored | 'gone' =>
        found === undefined ? 'gone' : { session: withState(handle, found.state), lastSeen: found.lastSeen };
      return stored instanceof Promise ? stored.then(compose) : compose(stored);
    },
    seal(session) {
      const scope = { pool: session.pool, host: session.host };
      const value = sealer.seal('handle', scope, encodeSessionHandle(session));
      return {
        cookie: setCookie(sessionCookieName(session.pool), value, { maxAge: limits.endedSeconds }),
        trimmed: false,
        refreshTokenDropped: false,
      };
    },
  };
}

/** No browser holds two `__Host-` cookies of one name (RFC 6265bis 5.7): whoever sends two is up to something (T11.7). */
function onlyValue(cookie: string | undefined, pool: Pool): string | undefined {
  const [value, another] = cookieValues(cookie, nameFor(pool));
  return another === undefined ? value : undefined;
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

function belongs(session: SessionHandle, pool: PoolId, route: RouteHosts): boolean {
  return session.pool === pool && (route.hosts.includes(session.host) || route.matchesHost(session.host));
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
