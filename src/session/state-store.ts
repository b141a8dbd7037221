import type { Pool } from '../model/pool.ts';
import type { TokenState } from '../model/session.ts';

/** The answer at once where it is known here, else after the store was asked. */
export type MaybePromise<T> = T | Promise<T>;

/** The store can't be asked, and this replica doesn't know enough to go on without it. Nothing ends by it. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

export interface StoredState {
  readonly state: TokenState;
  /** The last request of the sign-in on any replica, in seconds, to a minute; undefined: not known. */
  readonly lastSeen: number | undefined;
}

/** Held by one replica at a time; ends by itself, so that it can't be left behind. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Where the token states of sign-ins live, by sid. With the `cookie` store they travel in the cookies and this holds
 * none; with `redis` the cookies hold a handle, and this holds all. Rejects and throws only StoreUnavailable.
 */
export interface StateStore {
  readonly kind: 'cookie' | 'redis';
  /** Undefined: there is none, so the sign-in has ended. From the local copy where that is known to be the newest. */
  load(sid: string, pool: Pool): MaybePromise<StoredState | undefined>;
  /** Past the local copy. */
  loadNewest(sid: string, pool: Pool): Promise<StoredState | undefined>;
  /** A sign-in began. `until` in seconds: when it ends at the latest. */
  create(sid: string, pool: Pool, state: TokenState, until: number): Promise<void>;
  /** Replaces the state of a sign-in that is there still; false: it has ended meanwhile. */
  update(sid: string, pool: Pool, state: TokenState): Promise<boolean>;
  /** Undefined: another replica holds it. */
  lock(sid: string): Promise<Lock | undefined>;
  /** Notes a request; never waits, never fails. */
  seen(sid: string, now: number): void;
  /** The sign-in has ended: gone from every replica within a second. Tried again until the store has taken it. */
  remove(sid: string): Promise<void>;
  /** What keeps it from serving; undefined: nothing. */
  missing(): string | undefined;
  close(): Promise<void>;
}

/** The store of cookies that carry everything: nothing to ask. */
export function createCookieStore(): StateStore {
  const free: Lock = { release: async () => undefined };
  return {
    kind: 'cookie',
    load: () => undefined,
    loadNewest: async () => undefined,
    create: async () => undefined,
    update: async () => true,
    lock: async () => free,
    seen: () => undefined,
    remove: async () => undefined,
    missing: () => undefined,
    close: async () => undefined,
  };
}
