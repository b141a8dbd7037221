import type { Pool, PoolId } from '../model/pool.ts';
import type { Session } from '../model/session.ts';
import { decodeSession, encodeSession } from './codec.ts';
import { fit, type NamedInPolicies } from './fitting.ts';
import { decodeSessionHandle, encodeSessionHandle, withState } from './handles.ts';
import { limits } from './limits.ts';
import { plaintextRoom, type Sealer } from './seal.ts';
import type { MaybePromise, StateStore, StoredState } from './state-store.ts';

export interface SealedGrant {
  readonly text: string;
  readonly trimmed: boolean;
  readonly refreshTokenDropped: boolean;
}

export interface OpenedGrant {
  readonly session: Session;
  readonly extra: unknown;
}

export interface GrantDeps {
  readonly sealer: Sealer;
  readonly store: StateStore;
}

/**
 * The text by which the sign-in host hands a session to one app host: at most 2,890 characters, whatever `extra`
 * (route, attempt, return path, time: JSON, some 400 bytes) takes of it. With a store it is a handle, and the state
 * must be in the store by now.
 */
export function sealGrant(deps: GrantDeps, session: Session, extra: unknown, named: NamedInPolicies): SealedGrant {
  const { sealer, store } = deps;
  const scope = { pool: session.pool, host: session.host };
  if (store.kind !== 'cookie') {
    const text = sealer.seal('granthandle', scope, encodeSessionHandle(session, extra));
    return { text, trimmed: false, refreshTokenDropped: false };
  }
  const room = plaintextRoom(scope, limits.sealedGrant);
  const fitted = fit({ state: session, named, encode: (state) => encodeSession(state, extra), room });
  const { trimmed, refreshTokenDropped } = fitted;
  return { text: sealer.seal('grant', scope, fitted.plaintext), trimmed, refreshTokenDropped };
}

/**
 * The session and what came with it; pool and host are the sealed ones. Time, attempt and use are the caller's to
 * check. Rejects with StoreUnavailable where the store has to be asked and can't be.
 */
export function openGrant(
  deps: GrantDeps,
  text: string,
  pools: ReadonlyMap<PoolId, Pool>,
): MaybePromise<OpenedGrant | undefined> {
  const { sealer, store } = deps;
  if (store.kind === 'cookie') {
    const opened = sealer.open('grant', text);
    return opened === undefined ? undefined : decodeSession(opened.plaintext, opened);
  }
  const opened = sealer.open('granthandle', text);
  const read = opened === undefined ? undefined : decodeSessionHandle(opened.plaintext, opened);
  const pool = pools.get(opened?.pool ?? '');
  if (read === undefined || pool === undefined) {
    return undefined;
  }
  const stored = store.load(read.handle.sid, pool);
  const compose = (found: StoredState | undefined): OpenedGrant | undefined =>
    found === undefined ? undefined : { session: withState(read.handle, found.state), extra: read.extra };
  return stored instanceof Promise ? stored.then(compose) : compose(stored);
}
