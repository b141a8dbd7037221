import type { PoolId } from '../model/pool.ts';
import type { Clock } from './clock.ts';

/** `passing`: 429, 5xx, time-out, network. `lasting`: an answer that the next try will not change. */
export type PoolFault = 'passing' | 'throttled' | 'lasting';

export interface Attempt {
  answered(): void;
  failed(fault: PoolFault): void;
  /** The pool was not asked after all. */
  abandoned(): void;
}

/** Keeps refreshes away from a pool that doesn't answer them, and lets one through now and then to see. */
export interface Breaker {
  /** The fault that it pauses for; undefined: it doesn't. */
  pausedFor(pool: PoolId): PoolFault | undefined;
  /** Undefined while it pauses. After a pause one at a time may try. */
  enter(pool: PoolId): Attempt | undefined;
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
}

const firstPause = 250;
const longestPause = 30_000;
/** One try in two seconds takes nothing from anybody, and who throttles is there: it will answer soon. */
const longestThrottledPause = 2000;

export function createBreaker({ clock, random, changed }: BreakerDeps): Breaker {
  const states = new Map<PoolId, State>();
  const stateOf = (pool: PoolId): State => {
    const known = states.get(pool) ?? { failures: 0, until: 0, fault: 'passing', probing: false };
    states.set(pool, known);
    return known;
  };
  const isPaused = (state: State): boolean =>
    state.failures > 0 && (state.probing || clock.milliseconds() < state.until);
  const close = (pool: PoolId, state: State): void => {
    const was = state.failures > 0;
    Object.assign(state, { failures: 0, probing: false });
    if (was) changed?.(pool, false);
  };
  const open = (pool: PoolId, state: State, fault: PoolFault): void => {
    const was = state.failures > 0;
    const longest = fault === 'throttled' ? longestThrottledPause : longestPause;
    const pause = Math.min(longest, firstPause * 2 ** Math.min(state.failures, 16));
    // Half of it by chance, so that replicas don't come back together.
    const until = clock.milliseconds() + pause * (0.5 + random() / 2);
    Object.assign(state, { failures: state.failures + 1, until, fault, probing: false });
    if (!was) changed?.(pool, true);
  };
  return {
    pausedFor(pool) {
      const state = states.get(pool);
      return state !== undefined && isPaused(state) ? state.fault : undefined;
    },
    enter(pool) {
      const state = stateOf(pool);
      if (isPaused(state)) return undefined;
      const before = state.failures;
      state.probing = before > 0;
      return {
        answered: () => close(pool, state),
        // Many that were under way together and fail together are one failure.
        failed: (fault) => {
          if (state.failures === before) open(pool, state, fault);
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
