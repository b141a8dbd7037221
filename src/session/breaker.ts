import type { PoolId } from '../model/pool.ts';
import { createBoundedCache } from './bounded-cache.ts';
import type { Clock } from './clock.ts';

/** `passing`: 429, 5xx, time-out, network. `lasting`: an answer that the next try will not change. */
export type PoolFault = 'passing' | 'throttled' | 'lasting';

export interface Attempt {
  answered(): void;
  failed(fault: PoolFault): void;
  /** The pool was not asked after all. */
  abandoned(): void;
}

/**
 * Keeps refreshes away from a pool that doesn't answer them, and lets one through now and then to see. A person whose
 * refreshes fail where those of others don't (a trigger of the pool that stumbles over a name) is paused alone, or
 * whoever asks all the time would be the one that is let through each time.
 */
export interface Breaker {
  /** The fault that it pauses for; undefined: it doesn't. */
  pausedFor(pool: PoolId, person: string): PoolFault | undefined;
  /** Undefined while it pauses. After a pause one at a time may try, and others before who failed. */
  enter(pool: PoolId, person: string): Attempt | undefined;
  /** Whether the last that is known of the pool is a passing failure. */
  failing(pool: PoolId): boolean;
}

export interface BreakerDeps {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly changed?: (pool: PoolId, paused: boolean) => void;
}

interface State {
  failures: number;
  until: number;
  fault: PoolFault;
  probing: boolean;
  /** Who failed last, and the time before which it is the others' turn. */
  failed: { readonly person: string; readonly until: number };
}

/** A fault of one person alone. */
interface Alone {
  readonly fault: PoolFault;
  readonly until: number;
  readonly over: number;
}

const firstPause = 250;
const longestPause = 30_000;
/** One try in two seconds takes nothing from anybody, and who throttles is there: it will answer soon. */
const longestThrottledPause = 2000;
/** How long others go first, how long one person alone is paused, and how long that is remembered. */
const others = 2000;
const alonePause = 2000;
const aloneFor = 60_000;
const nobody = { person: '', until: 0 };

export function createBreaker({ clock, random, changed }: BreakerDeps): Breaker {
  const states = new Map<PoolId, State>();
  const alone = createBoundedCache<Alone>({ entries: 10_000, bytes: Infinity });
  const stateOf = (pool: PoolId): State => {
    const known = states.get(pool) ?? {
      failures: 0,
      until: 0,
      fault: 'passing',
      probing: false,
      failed: nobody,
    };
    states.set(pool, known);
    return known;
  };
  const isPaused = (state: State): boolean =>
    state.failures > 0 && (state.probing || clock.milliseconds() < state.until);
  const keyOf = (pool: PoolId, person: string): string => `${pool} ${person}`;
  const pauseAlone = (key: string, fault: PoolFault): void => {
    const now = clock.milliseconds();
    alone.set(key, { fault, until: now + alonePause, over: now + aloneFor }, 0);
  };
  const close = (pool: PoolId, state: State, person: string): void => {
    const was = state.failures > 0;
    // The same pool answers somebody else: it was theirs. Who throttles refuses now this one, now that one.
    const wasTheirs = was && state.fault !== 'throttled' && state.failed.person !== person;
    if (wasTheirs) pauseAlone(keyOf(pool, state.failed.person), state.fault);
    Object.assign(state, { failures: 0, probing: false });
    if (was) changed?.(pool, false);
  };
  const open = (pool: PoolId, state: State, fault: PoolFault, person: string): void => {
    const was = state.failures > 0;
    const longest = fault === 'throttled' ? longestThrottledPause : longestPause;
    const pause = Math.min(longest, firstPause * 2 ** Math.min(state.failures, 16));
    // Half of it by chance, so that replicas don't come back together.
    const until = clock.milliseconds() + pause * (0.5 + random() / 2);
    const failed = { person, until: until + Math.min(pause, others) };
    Object.assign(state, { failures: state.failures + 1, until, fault, probing: false, failed });
    if (!was) changed?.(pool, true);
  };
  const isTurnOfOthers = ({ failures, failed }: State, person: string): boolean =>
    failures > 0 && failed.person === person && clock.milliseconds() < failed.until;
  const pausedFor = (pool: PoolId, person: string): PoolFault | undefined => {
    const state = states.get(pool);
    if (state !== undefined && (isPaused(state) || isTurnOfOthers(state, person))) return state.fault;
    const own = alone.get(keyOf(pool, person));
    return own !== undefined && clock.milliseconds() < own.until ? own.fault : undefined;
  };
  /** What they meet says nothing about the pool. */
  const tryAlone = (pool: PoolId, person: string): Attempt => ({
    answered() {
      alone.delete(keyOf(pool, person));
      close(pool, stateOf(pool), person);
    },
    failed: (fault) => pauseAlone(keyOf(pool, person), fault),
    abandoned: () => undefined,
  });
  return {
    pausedFor,
    enter(pool, person) {
      if (pausedFor(pool, person) !== undefined) return undefined;
      if ((alone.get(keyOf(pool, person))?.over ?? 0) > clock.milliseconds()) return tryAlone(pool, person);
      const state = stateOf(pool);
      const before = state.failures;
      state.probing = before > 0;
      return {
        answered: () => close(pool, state, person),
        // Many that were under way together and fail together are one failure.
        failed: (fault) => {
          if (state.failures === before) open(pool, state, fault, person);
        },
        abandoned() {
          if (state.failures === before) state.probing = false;
        },
      };
    },
    failing(pool) {
      const state = states.get(pool);
      return state !== undefined && state.failures > 0 && state.fault !== 'lasting';
    },
  };
}
