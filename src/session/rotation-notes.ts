import type { PoolId } from '../model/pool.ts';
import type { StateStore } from './state-store.ts';

/**
 * Which pools answer a refresh with another refresh token. With the cookie store nobody but this replica would know the
 * new one, so such a pool is left alone (flows.md "Freshness"); with a store it is no matter. A pool whose rotation was
 * switched off counts as rotating until all replicas have been started anew.
 */
export interface RotationNotes {
  rotating(): ReadonlySet<PoolId>;
  note(pool: PoolId): void;
  noteSteady(pool: PoolId): void;
  /** Its refresh tokens were seen to stay what they are. */
  isSteady(pool: PoolId): boolean;
  /** Only the sign-in host may refresh. */
  blocks(pool: PoolId): boolean;
  /** No refresh has been answered yet. */
  unknown(pool: PoolId): boolean;
  /** While it is unknown, one background refresh at a time. */
  mayStart(pool: PoolId): boolean;
  began(pool: PoolId): void;
  landed(pool: PoolId): void;
}

export function createRotationNotes(deps: {
  readonly store: StateStore;
  readonly found: ((pool: PoolId) => void) | undefined;
}): RotationNotes {
  const rotating = new Set<PoolId>();
  const steady = new Set<PoolId>();
  const underWay = new Map<PoolId, number>();
  const matters = deps.store.kind === 'cookie';
  return {
    rotating: () => rotating,
    note(pool) {
      steady.delete(pool);
      if (!matters || rotating.has(pool)) return;
      rotating.add(pool);
      deps.found?.(pool);
    },
    noteSteady(pool) {
      if (!rotating.has(pool)) steady.add(pool);
    },
    isSteady: (pool) => steady.has(pool),
    blocks: (pool) => rotating.has(pool),
    unknown: (pool) => matters && !steady.has(pool) && !rotating.has(pool),
    mayStart: (pool) => !matters || steady.has(pool) || (underWay.get(pool) ?? 0) === 0,
    began: (pool) => void underWay.set(pool, (underWay.get(pool) ?? 0) + 1),
    landed: (pool) => void underWay.set(pool, (underWay.get(pool) ?? 1) - 1),
  };
}
