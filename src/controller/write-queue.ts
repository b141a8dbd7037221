import { KubeApiError } from '../kubernetes/client.ts';

/** One write that is wanted. Of jobs with one key, one runs at a time. */
export interface Job {
  readonly key: string;
  /** For metrics: what is written. */
  readonly kind: string;
  /** What it is based on and what it wants: when this changes, a refused or conflicting job is tried again at once. */
  readonly signature: string;
  run(): Promise<void>;
}

export interface WriteQueue {
  /** What is wanted now, most urgent first; what was wanted before and isn't any more is forgotten. */
  submit(jobs: readonly Job[]): void;
  /** When something that waits may be tried again. */
  due(): number | undefined;
  /** The API server's words about each key that it refused when it was last tried. */
  refusals(): ReadonlyMap<string, string>;
  busy(): boolean;
  /** Resolves when nothing is in flight any more. */
  idle(): Promise<void>;
}

export type Outcome = 'done' | 'failed' | 'conflict';

export interface QueueDeps {
  readonly limit: number;
  /** Seconds. */
  now(): number;
  /** Asked before each write. */
  allowed(): boolean;
  onSettled(job: Job, outcome: Outcome, error: unknown): void;
  /** Nothing is in flight any more. */
  onQuiet(): void;
}

interface Failure {
  readonly until: number;
  readonly tries: number;
  readonly signature: string;
  /** Tried again as soon as the signature differs. */
  readonly released: boolean;
  readonly refusal: string | undefined;
}

/** Writes at most `limit` at once; one that fails waits by itself and holds up no other. */
export function createWriteQueue(deps: QueueDeps): WriteQueue {
  let pending = new Map<string, Job>();
  const flying = new Map<string, Promise<void>>();
  const failures = new Map<string, Failure>();

  const startable = (job: Job): boolean => {
    const failure = failures.get(job.key);
    if (flying.has(job.key)) return false;
    if (failure === undefined || failure.until <= deps.now()) return true;
    return failure.released && failure.signature !== job.signature;
  };
  const run = async (job: Job): Promise<void> => {
    let [outcome, cause]: [Outcome, unknown] = ['done', undefined];
    try {
      await job.run();
      failures.delete(job.key);
    } catch (error) {
      failures.set(job.key, failureOf(error, job, failures.get(job.key), deps.now()));
      [outcome, cause] = [isConflict(error) ? 'conflict' : 'failed', error];
    }
    flying.delete(job.key);
    // Made before the answer was known: whether it is still wanted shows the next look.
    pending.delete(job.key);
    deps.onSettled(job, outcome, cause);
    pump();
    if (flying.size === 0) deps.onQuiet();
  };
  const pump = (): void => {
    for (const job of pending.values()) {
      if (flying.size >= deps.limit || !deps.allowed()) return;
      if (!startable(job)) continue;
      pending.delete(job.key);
      flying.set(job.key, run(job));
    }
  };
  return {
    submit: (jobs) => {
      pending = new Map(jobs.map((job) => [job.key, job]));
      for (const key of failures.keys()) if (!pending.has(key) && !flying.has(key)) failures.delete(key);
      pump();
    },
    due: () => {
      const times = [...failures].flatMap(([key, { until }]) => (pending.has(key) ? [until] : []));
      return times.length === 0 ? undefined : Math.min(...times);
    },
    refusals: () =>
      new Map([...failures].flatMap(([key, { refusal }]) => (refusal === undefined ? [] : [[key, refusal]]))),
    busy: () => flying.size > 0,
    idle: async () => {
      pending.clear();
      await Promise.all(flying.values());
    },
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof KubeApiError && (error.status === 409 || error.status === 404);
}

const conflictSeconds = 5;
const refusedSeconds = 60;
const longestBackoff = 30;

function failureOf(error: unknown, job: Job, before: Failure | undefined, now: number): Failure {
  const tries = (before?.tries ?? 0) + 1;
  const backoff = Math.min(longestBackoff, 0.25 * 2 ** Math.min(tries, 10));
  const base = { tries, signature: job.signature };
  // Somebody was faster, or the object is gone: the newer world says what is to be done.
  if (isConflict(error)) return { ...base, until: now + conflictSeconds, released: true, refusal: ownedBy(error) };
  if (!(error instanceof KubeApiError)) return { ...base, until: now + backoff, released: false, refusal: undefined };
  if (!isPassing(error)) return { ...base, until: now + refusedSeconds, released: true, refusal: error.message };
  const until = now + Math.max(error.retryAfterSeconds ?? 0, backoff);
  // A webhook that isn't there answers as an error of the server (500), and stays away until somebody mends it.
  const stays = lacksRights(error) || /webhook/i.test(error.message);
  return { ...base, until, released: false, refusal: stays ? error.message : undefined };
}

function isPassing(error: KubeApiError): boolean {
  return error.status === 0 || error.status === 429 || error.status >= 500 || lacksRights(error);
}

/** An API server that has just started knows of no Role yet, and refuses everything for a second (measured). */
function lacksRights({ status, message }: KubeApiError): boolean {
  return status === 403 && message.includes('is forbidden: User ');
}

/** An apply that leaves a field to its owner doesn't pass by itself. */
function ownedBy(error: unknown): string | undefined {
  return error instanceof KubeApiError && error.message.startsWith('Apply failed') ? error.message : undefined;
}
