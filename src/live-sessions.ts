import type { Identity } from './model/identity.ts';
import type { Pool } from './model/pool.ts';
import type { RevocationAnswer } from './model/revocation.ts';
import { systemClock } from './session/clock.ts';
import { createFreshness, type Freshness } from './session/freshness.ts';
import { createRefreshLimiter, type RefreshLimiter } from './session/refresh-limiter.ts';
import type { Sealer } from './session/seal.ts';
import { createSessions, type Sessions } from './session/sessions.ts';
import type { StateStore } from './session/state-store.ts';
import type { Parts } from './source.ts';

/** Sessions and what keeps them fresh, wired to pools, table and metrics. */
export interface LiveSessions {
  readonly sessions: Sessions;
  readonly freshness: Freshness;
  readonly revoked: (identity: Identity) => RevocationAnswer;
  measure(): void;
}

export interface LiveSessionsDeps extends Parts {
  readonly sealer: Sealer;
  readonly store: StateStore;
  readonly limit: RefreshLimiter;
  readonly now: () => number;
}

/** A request waits 2 s for a refresh; the refresh itself may take longer and serves the next request (S11). */
const refreshSeconds = 10;

export function createLimit(config: Parts['config']): RefreshLimiter {
  return createRefreshLimiter({ perSecond: config.refreshesPerSecond, clock: systemClock });
}

export function createLiveSessions(deps: LiveSessionsDeps): LiveSessions {
  const { sealer, store, now, ended, metrics, log, pools, inForce, limit } = deps;
  const poolLabel = (id: string): string => nameOf(inForce.table()?.pools.get(id));
  const freshness = createFreshness({
    store,
    ended,
    now,
    clock: systemClock,
    random: Math.random,
    limit,
    refresh: (pool, token) => pools.of(pool).refresh(token, refreshSeconds),
    refreshed: (pool, outcome) => metrics.count('cognito_gate_refreshes_total', nameOf(pool), outcome),
    paused: (pool, paused) => {
      metrics.set('cognito_gate_refreshes_paused', Number(paused), poolLabel(pool));
      if (paused)
        log.warn({ pool: poolLabel(pool) }, 'Cognito does not answer refreshes; what is known serves meanwhile');
      else log.info({ pool: poolLabel(pool) }, 'Cognito answers refreshes again');
    },
    rotationFound: (pool) =>
      log.warn(
        { pool: poolLabel(pool), reason: 'RotationNeedsRedis' },
        'the pool rotates refresh tokens: without a store its people are not refreshed in the background',
      ),
  });
  deps.rotation.follow(freshness);
  const revoked = (identity: Identity): RevocationAnswer => inForce.table()?.revoked(identity) ?? 'no';
  const sessions = createSessions({ sealer, store, freshness, now, ended, revoked });
  return {
    sessions,
    freshness,
    revoked,
    measure() {
      metrics.set('cognito_gate_known_sign_ins', freshness.known);
      metrics.set('cognito_gate_refreshes_waiting', limit.waiting);
    },
  };
}

function nameOf(pool: Pool | undefined): string {
  return pool === undefined ? 'unknown' : `${pool.namespace}/${pool.name}`;
}
