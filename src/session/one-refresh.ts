import type { FailureCode } from '../model/failure-code.ts';
import type { Pool, PoolId } from '../model/pool.ts';
import type { Secret } from '../model/secret.ts';
import type { TokenState } from '../model/session.ts';
import type { Clock } from './clock.ts';
import { StoreUnavailable, type Lock, type StateStore } from './state-store.ts';

/** Of an answer of the pool, what matters here. */
export type RefreshAnswer =
  | { readonly kind: 'ok'; readonly tokens: TokenState; readonly rotated: boolean }
  | { readonly kind: 'failed'; readonly code: FailureCode };

/** What one try came to. `elsewhere`: another replica has done it, or the store had it already. */
export type Tried =
  | { readonly kind: 'fresh'; readonly state: TokenState; readonly rotated: boolean }
  | { readonly kind: 'elsewhere'; readonly state: TokenState }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly code: FailureCode };

export interface OneRefreshDeps {
  readonly store: StateStore;
  /** Gives up by itself. */
  readonly refresh: (pool: Pool, token: Secret) => Promise<RefreshAnswer>;
  readonly clock: Clock;
  /** Pools whose refresh tokens were seen to stay what they are. */
  readonly isSteady?: (pool: PoolId) => boolean;
}

export interface Refreshing {
  /** The sign-in host asks, which is sent to Cognito's own pages at once where the tokens are dead. */
  readonly person?: boolean;
  readonly sid: string;
  readonly pool: Pool;
  readonly state: TokenState;
}

/**
 * One refresh at Cognito. With a store only the holder of the sign-in's lock asks, so that a rotated refresh token isn't
 * used twice. Undefined: another replica holds it. Rejects with StoreUnavailable.
 */
export async function refreshOnce(deps: OneRefreshDeps, what: Refreshing): Promise<Tried | undefined> {
  if (deps.store.kind === 'cookie') {
    return ask(deps, what);
  }
  const { sid, pool, state } = what;
  const lock = await lockOf(deps, what);
  if (lock === 'no store') {
    return ask(deps, what);
  }
  if (lock === undefined) {
    return undefined;
  }
  try {
    const stored = await deps.store.loadNewest(sid, pool);
    if (stored === undefined) {
      return { kind: 'ended' };
    }
    if (isOtherReading(stored.state, state)) {
      return { kind: 'elsewhere', state: stored.state };
    }
    return await keep(deps, what, await ask(deps, { ...what, state: stored.state }));
  } finally {
    await lock.release().catch(() => undefined);
  }
}

/** A refresh token that stays what it is needs no lock: people whom this replica knows go on while the store is away. */
async function lockOf(
  { store, isSteady }: OneRefreshDeps,
  { sid, pool, state }: Refreshing,
): Promise<Lock | 'no store' | undefined> {
  try {
    return await store.lock(sid);
  } catch (error) {
    const mayRotate = state.rotates ?? isSteady?.(pool.id) !== true;
    if (error instanceof StoreUnavailable && !mayRotate) {
      return 'no store';
    }
    throw error;
  }
}

/** Somebody else has read it since, or the person has signed in again. */
export function isOtherReading(stored: TokenState, state: TokenState): boolean {
  return stored.identity.authTime > state.identity.authTime || stored.checkedAt > state.checkedAt;
}

async function ask({ refresh }: OneRefreshDeps, { pool, state }: Refreshing): Promise<Tried> {
  const { refreshToken, identity } = state;
  if (refreshToken === undefined) {
    return { kind: 'failed', code: 'misconfigured' };
  }
  const answer = await refresh(pool, refreshToken);
  if (answer.kind === 'failed') {
    return answer.code === 'invalid_grant' ? { kind: 'ended' } : answer;
  }
  const { tokens, rotated } = answer;
  if (tokens.identity.subject !== identity.subject) {
    return { kind: 'ended' };
  }
  // A refresh is no sign-in, whatever `auth_time` the new tokens carry: revocations and maxAuthAge go by the first.
  const fresh = { ...tokens, identity: { ...tokens.identity, authTime: identity.authTime }, rotates: rotated };
  return { kind: 'fresh', state: fresh, rotated };
}

async function keep(deps: OneRefreshDeps, what: Refreshing, tried: Tried): Promise<Tried> {
  try {
    return await kept(deps, what, tried);
  } catch (error) {
    if (!(error instanceof StoreUnavailable) || tried.kind !== 'fresh') {
      throw error;
    }
    // Where the token was rotated, the new one is known here alone until it is written.
    writeLater(deps, what, tried.state, writeTries);
    return tried;
  }
}

const writeTries = 60;
const writeEvery = 1000;

function writeLater(deps: OneRefreshDeps, what: Refreshing, state: TokenState, tries: number): void {
  deps.clock.after(writeEvery, () => {
    deps.store.update(what.sid, what.pool, state).catch(() => {
      if (tries > 1) writeLater(deps, what, state, tries - 1);
    });
  });
}

async function kept({ store }: OneRefreshDeps, { sid, pool, state }: Refreshing, tried: Tried): Promise<Tried> {
  if (tried.kind !== 'fresh' && tried.kind !== 'ended') {
    return tried;
  }
  // The person may have signed in again meanwhile, in this browser: that sign-in stands.
  const stored = await store.loadNewest(sid, pool);
  if (stored !== undefined && stored.state.identity.authTime > state.identity.authTime) {
    return { kind: 'elsewhere', state: stored.state };
  }
  return tried.kind === 'fresh' && (await store.update(sid, pool, tried.state)) ? tried : { kind: 'ended' };
}
