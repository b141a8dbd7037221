import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolId } from '../model/pool.ts';
import type { PoolState } from '../model/pool-state.ts';

export interface PoolProbesOptions {
  /** Asks Cognito what a pool really answers; never rejects. */
  readonly probe: (pool: Pool) => Promise<PoolState>;
  readonly leading: () => boolean;
  /** Milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  /** A pool was asked; `before` is what it answered last. */
  onAnswer(pool: Pool, state: PoolState, before: PoolState | undefined): void;
}

/** Asks the pools in force what they answer: soon after a change, seldom while all is well. */
export interface PoolProbes {
  watch(pools: ReadonlyMap<PoolId, Pool>): void;
  /** By `namespace/name`. */
  states(): ReadonlyMap<string, PoolState>;
  run(signal: AbortSignal): Promise<void>;
}

const lookEvery = 500;
const again = { good: 600_000, bad: 30_000 };

interface Known {
  readonly pool: Pool;
  /** What of the pool changes the answers. */
  readonly print: string;
  due: number;
  state: PoolState | undefined;
}

export function createPoolProbes({ probe, leading, now, random, onAnswer }: PoolProbesOptions): PoolProbes {
  let known: ReadonlyMap<PoolId, Known> = new Map();
  const ask = async (entry: Known): Promise<void> => {
    entry.due = Infinity;
    const state = await probe(entry.pool);
    const good = [state.discovery, state.keys, state.authorize, state.logout].every(({ ok }) => ok);
    // Replicas and pools that started together shall not ask together for ever.
    entry.due = now() + (good ? again.good : again.bad) * (0.75 + random() / 2);
    const before = entry.state;
    entry.state = state;
    onAnswer(entry.pool, state, before);
  };
  return {
    watch: (pools) => {
      known = new Map(
        [...pools].map(([id, pool]) => {
          const print = printOf(pool);
          const before = known.get(id);
          return [id, before?.print === print ? before : { pool, print, due: 0, state: undefined }];
        }),
      );
    },
    states: () =>
      new Map(
        [...known.values()].flatMap(({ pool, state }) =>
          state === undefined ? [] : [[`${pool.namespace}/${pool.name}`, state] as const],
        ),
      ),
    run: async (signal) => {
      while (!signal.aborted) {
        const due = leading() ? [...known.values()].filter((entry) => entry.due <= now()) : [];
        await Promise.all(due.map(ask));
        await sleep(lookEvery, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

function printOf({ issuers, endpoints, domain, clientId, scopes, authorize, clientSecret }: Pool): string {
  return JSON.stringify([issuers, endpoints, domain, clientId, scopes, authorize, clientSecret !== undefined]);
}
