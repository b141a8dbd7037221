import type { Clock } from './clock.ts';
import { createRefreshShares } from './refresh-shares.ts';

/** `background`: nobody waits for it. The others go first, in the order in which they came. */
export type Urgency = 'background' | 'waiting' | 'person';

export interface Turn {
  /** Resolves when it may ask Cognito; false: too many wait already. */
  readonly come: Promise<boolean>;
  /** Somebody waits for it now. */
  hurry(): void;
}

/**
 * How often this replica asks Cognito for refreshes: 120 a second are allowed for all apps of an account together
 * (cognito.md 4), and after a restart of everything all sessions are due at once.
 */
export interface RefreshLimiter {
  /** `person`: of whom; no one person gets more than a share. */
  turn(urgency: Urgency, person: string): Turn;
  /** A code is redeemed now: never held up, but refreshes make room for it. */
  countSignIn(): void;
  readonly waiting: number;
}

export interface RefreshLimiterDeps {
  readonly perSecond: number;
  readonly clock: Clock;
  /** Most that wait in each of the two queues. */
  readonly queued?: { readonly background: number; readonly waiting: number };
}

interface Waiter {
  readonly person: string;
  readonly settle: (come: boolean) => void;
  hurried: boolean;
  done: boolean;
}

const defaultQueued = { background: 5000, waiting: 1000 };

/**
 * Exact: in no second (or, below one a second, in no such interval) do more than that many begin. Sign-ins take at most
 * three quarters of it, so that a rush of them in the morning leaves no session unread for good.
 */
export function createRefreshLimiter(deps: RefreshLimiterDeps): RefreshLimiter {
  const { clock, perSecond } = deps;
  const queued = deps.queued ?? defaultQueued;
  const shares = createRefreshShares(clock);
  const span = 1000 * Math.max(1, 1 / perSecond);
  const most = Math.max(1, Math.floor(perSecond));
  const mostSignIns = Math.floor(most * 0.75);
  const queues = { hurried: [] as Waiter[], background: [] as Waiter[] };
  const begun: number[] = [];
  const signIns: number[] = [];
  let waiting = 0;
  let waking = false;

  const free = (now: number): boolean => {
    forget(begun, now - span);
    forget(signIns, now - span);
    return begun.length + Math.min(signIns.length, mostSignIns) < most;
  };
  const next = (): Waiter | undefined => takeFrom(queues.hurried) ?? takeFrom(queues.background);
  const serve = (): void => {
    for (let now = clock.milliseconds(); waiting > 0 && free(now); now = clock.milliseconds()) {
      const waiter = next();
      if (waiter === undefined) {
        break;
      }
      waiting -= 1;
      waiter.done = true;
      shares.left(waiter.person);
      begun.push(now);
      waiter.settle(true);
    }
    if (waiting > 0 && !waking) {
      waking = true;
      // When the oldest of them is a span ago there is room again; a little later rather than just before.
      const oldest = Math.min(begun[0] ?? Infinity, signIns[0] ?? Infinity);
      clock.after(Math.max(1, oldest + span - clock.milliseconds()), () => {
        waking = false;
        serve();
      });
    }
  };

  return {
    turn(urgency, person) {
      const hurried = urgency !== 'background' && shares.mayHurry(person);
      const queue = hurried ? queues.hurried : queues.background;
      const isFull = queue.length >= (hurried ? queued.waiting : queued.background);
      if (isFull || !(hurried || shares.mayStand(person))) {
        return { come: Promise.resolve(false), hurry: () => undefined };
      }
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const waiter: Waiter = { person, settle: resolve, hurried, done: false };
      queue.push(waiter);
      shares.stands(person);
      waiting += 1;
      serve();
      return {
        come: promise,
        hurry() {
          const isRoom = queues.hurried.length < queued.waiting;
          if (!waiter.done && !waiter.hurried && isRoom && shares.mayHurry(person)) {
            waiter.hurried = true;
            queues.hurried.push(waiter);
          }
        },
      };
    },
    countSignIn() {
      const now = clock.milliseconds();
      // Also while nobody asks for a refresh: a hundred thousand forgotten at once hold everything up.
      forget(signIns, now - span);
      signIns.push(now);
    },
    get waiting() {
      return waiting;
    },
  };
}

/** One that was hurried stands in both queues; it is served once. */
function takeFrom(queue: Waiter[]): Waiter | undefined {
  for (let waiter = queue.shift(); waiter !== undefined; waiter = queue.shift()) {
    if (!waiter.done) {
      return waiter;
    }
  }
  return undefined;
}

/** `<=`: what began exactly a span ago is out of it. */
function forget(times: number[], until: number): void {
  while ((times[0] ?? Infinity) <= until) {
    times.shift();
  }
}
