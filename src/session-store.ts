import { milliseconds } from './config-fields.ts';
import type { Config } from './config.ts';
import { openRedisStore } from './session/redis/store.ts';
import type { Sealer } from './session/seal.ts';
import { createCookieStore } from './session/state-store.ts';
import type { StateStore } from './session/state-store.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface SessionStoreParts {
  readonly config: Pick<Config, 'store'>;
  readonly sealer: Sealer;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/** Where token states of sign-ins live. Never a reason not to start, and never one to be unready. */
export async function openSessionStore(parts: SessionStoreParts): Promise<StateStore> {
  const { redis } = parts.config.store;
  if (redis === undefined) {
    return createCookieStore();
  }
  const { sealer, log, metrics, now, random } = parts;
  metrics.set('cognito_gate_store_reachable', 0);
  return await openRedisStore(
    { ...redis, unreachableFor: milliseconds(redis.unreachableFor) / 1000 },
    {
      sealer,
      now,
      random,
      log: (level, message) => log[level](message),
      observe: (operation, outcome) => metrics.count('cognito_gate_store_requests_total', operation, outcome),
      reachable: (is) => metrics.set('cognito_gate_store_reachable', is ? 1 : 0),
    },
  );
}
