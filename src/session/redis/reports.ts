import type { RedisFailure } from './failure.ts';
import type { RedisStoreDeps, StoreOperation } from './settings.ts';

/** Says what an operator has to know, once and not at every request. */
export interface Reports {
  up(): void;
  down(failure: RedisFailure): void;
  /** Gives the failure back, to be thrown. */
  failed(operation: StoreOperation, failure: RedisFailure): RedisFailure;
  unreadable(): void;
}

const againMs = 60_000;

export function createReports(
  deps: Pick<RedisStoreDeps, 'log' | 'observe' | 'reachable'>,
  reachable: () => boolean,
): Reports {
  const told = new Map<string, number>();
  let state: boolean | undefined;
  const tell = (about: string, message: string): void => {
    const now = performance.now();
    const last = told.get(about);
    if (last === undefined || now - last > againMs) {
      told.set(about, now);
      deps.log('warn', message);
    }
  };
  const note = (): boolean => {
    const is = reachable();
    if (is !== state) deps.reachable(is);
    const changed = is !== state;
    state = is;
    return changed;
  };
  return {
    up() {
      if (note() && state === true) {
        told.clear();
        deps.log('info', 'the session store answers');
      }
    },
    down(failure) {
      note();
      tell(`down ${failure.reason}`, `the session store is away: ${failure.message}`);
    },
    failed(operation, failure) {
      deps.observe(operation, failure.reason);
      // That a connection is lost, or away, was told already.
      if (failure.reason === 'full' || failure.reason === 'forbidden' || failure.reason === 'error') {
        tell(`${operation} ${failure.reason}`, `the session store did not ${operation}: ${failure.message}`);
      }
      return failure;
    },
    unreadable() {
      tell('unreadable', 'a record of the session store was not sealed by a key of the ring, or for another sign-in');
    },
  };
}
