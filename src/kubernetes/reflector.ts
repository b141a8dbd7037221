import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiError, type KubeClient, type WatchEvent } from './client.ts';
import { createHeldObjects, keyOf, objectKey, withoutManagedFields } from './held-objects.ts';
import type { KubeObject } from './object.ts';
import type { Collection } from './resources.ts';

/** A copy of one collection, kept up to date. */
export interface Reflector {
  /** Until `signal` aborts; never rejects for what the API server does. */
  run(signal: AbortSignal): Promise<void>;
  /** Whether a full list has been seen; stays true while the API server is away, so that serving goes on. */
  synced(): boolean;
  items(): readonly KubeObject[];
  get(namespace: string | undefined, name: string): KubeObject | undefined;
  /** A full list as soon as can be, whatever the stream says: somebody knows of something newer. */
  again(): void;
  /** The newest version that `items()` includes. */
  version(): string | undefined;
  /** Seconds since the epoch of the last byte. */
  lastHeard(): number | undefined;
}

interface Timings {
  /** Backoff after a failure: doubled with each, and never more than the maximum. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** A kind that isn't there (404) is asked for again at least this often. */
  readonly missingDelayMs: number;
  /** A stream that is silent for longer is given up: bookmarks come about every minute. */
  readonly idleMs: number;
  /** A full list this often, whatever the stream said: cheap insurance. */
  readonly relistMs: number;
  /** How often deletions that weren't believed are asked about again. */
  readonly recheckMs: number;
}

export interface ReflectorOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly collection: Collection;
  /** Carries nothing: whoever needs the objects reads `items()`, so a missed or doubled event decides nothing. */
  onChange(): void;
  onError(error: KubeApiError | Error): void;
  /** Milliseconds since the epoch. */
  now(): number;
  random(): number;
  /** What of an object is kept; without it everything but managedFields. */
  keep?(object: KubeObject): KubeObject;
  /**
   * Asked once for each chunk or list that lacks objects, before they are dropped. False, or a throw: the kind itself is
   * going (a CRD takes its objects along), so they stay, and the question comes again.
   */
  believeDeletions?(): Promise<boolean>;
  readonly timings?: Partial<Timings>;
}

const defaults: Timings = {
  minDelayMs: 500,
  // Not client-go's 30 s: a server that comes back refuses for a moment (its rights aren't read yet), a policy that was
  // changed meanwhile can't wait, and a dozen watches a replica are no herd. Who says Retry-After is waited for longer.
  maxDelayMs: 5000,
  missingDelayMs: 5000,
  idleMs: 90_000,
  relistMs: 3_600_000,
  recheckMs: 10_000,
};

/** A server that says "later" is believed, up to this. */
const maxRetryAfterSeconds = 300;
/** A stream that lived shorter than this counts as a failure, or a server that ends each at once would be hammered. */
const shortLifeMs = 1000;

/**
 * Lists, then watches from there, for ever. client-node's informer gives up after one failed list or watch, so this is ours.
 *
 *   list ──▶ watch ──▶ (stream ends) ──▶ watch from the last version seen
 *    ▲         │
 *    │         ├─ 410 ──────────────▶ list at once
 *    │         ├─ 404, 504, no event ▶ list after a backoff
 *    └─────────┴─ anything else ─────▶ watch again (or list, if there was none yet) after a backoff
 */
export function createReflector(options: ReflectorOptions): Reflector {
  const { client, collection, onChange, onError, now, random, believeDeletions } = options;
  const timings = { ...defaults, ...options.timings };
  const held = createHeldObjects(options.keep ?? withoutManagedFields);
  /** Keys of objects whose deletion came and wasn't believed. */
  const doubted = new Set<string>();
  /** Where a watch goes on; undefined: a list first. */
  let from: string | undefined;
  let version: string | undefined;
  let listedAt = 0;
  let heardAt: number | undefined;
  let isLive = false;
  let listFirst = false;
  let interrupt = (): void => undefined;

  function put(object: KubeObject): void {
    held.put(object);
    doubted.delete(objectKey(object));
  }

  function drop(keys: Iterable<string>): void {
    for (const key of keys) {
      held.drop(key);
      doubted.delete(key);
    }
  }

  async function isBelieved(): Promise<boolean> {
    try {
      return believeDeletions === undefined || (await believeDeletions());
    } catch (error) {
      onError(toError(error));
      return false;
    }
  }

  /** What is gone goes, if that is believed. What else changed is told before the question, which may take its time. */
  async function settle(gone: readonly string[], changed: boolean): Promise<boolean> {
    if (gone.length === 0) return changed;
    if (believeDeletions !== undefined && changed) onChange();
    if (!(await isBelieved())) {
      for (const key of gone) doubted.add(key);
      return false;
    }
    drop(gone);
    return true;
  }

  async function relist(signal: AbortSignal): Promise<void> {
    listFirst = false;
    const list = await client.list(collection, signal);
    const there = new Set(list.items.map(objectKey));
    for (const object of list.items) put(object);
    await settle(
      held.keys().filter((key) => !there.has(key)),
      true,
    );
    from = list.resourceVersion;
    version = from;
    listedAt = now();
    heardAt = listedAt;
    onChange();
  }

  async function take(events: readonly WatchEvent[]): Promise<void> {
    const gone = new Set<string>();
    let changed = false;
    for (const event of events) {
      if (event.type === 'BOOKMARK') continue;
      const key = objectKey(event.object);
      if (event.type === 'DELETED') {
        if (held.has(key)) gone.add(key);
        continue;
      }
      gone.delete(key);
      put(event.object);
      changed = true;
    }
    const hasChanged = await settle([...gone], changed);
    from = lastVersion(events) ?? from;
    version = from ?? version;
    if (hasChanged) onChange();
  }

  async function follow(signal: AbortSignal, onEvents: () => void): Promise<void> {
    if (listFirst) return;
    const timeoutSeconds = 240 + Math.floor(random() * 121);
    const interruption = new AbortController();
    interrupt = () => interruption.abort();
    try {
      for await (const events of client.watch(collection, from ?? '', {
        signal: AbortSignal.any([signal, interruption.signal]),
        idleMs: timings.idleMs,
        timeoutSeconds,
      })) {
        heardAt = now();
        isLive = true;
        if (events.length === 0) continue;
        onEvents();
        await take(events);
      }
    } catch (error) {
      if (!interruption.signal.aborted) throw error;
    } finally {
      isLive = false;
    }
  }

  function delayAfter(error: unknown, failures: number): number {
    if (isStatus(error, 410) && failures === 1) return 0;
    const most = isStatus(error, 404) ? Math.min(timings.missingDelayMs, timings.maxDelayMs) : timings.maxDelayMs;
    const backoff = Math.min(most, timings.minDelayMs * 2 ** Math.min(failures - 1, 30)) * (0.5 + random() / 2);
    const told = error instanceof KubeApiError ? (error.retryAfterSeconds ?? 0) : 0;
    return Math.max(backoff, Math.min(told, maxRetryAfterSeconds) * 1000);
  }

  function isListDue(): boolean {
    return from === undefined || listFirst || now() - listedAt >= timings.relistMs;
  }

  async function keepUp(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let startedAt = now();
      let failure: unknown;
      try {
        if (isListDue()) await relist(signal);
        startedAt = now();
        await follow(signal, () => {
          failures = 0;
        });
        if (listFirst || now() - startedAt >= shortLifeMs) continue;
      } catch (error) {
        if (signal.aborted) return;
        if (needsList(error)) from = undefined;
        onError(toError(error));
        failure = error;
        // A stream that lived was no failure: what was before it doesn't make this one worse.
        if (from !== undefined && now() - startedAt >= shortLifeMs) failures = 0;
      }
      failures += 1;
      await pause(delayAfter(failure, failures), signal);
    }
  }

  /** Only beside a live watch: after a kind came back its list must come first, or what was put back would be dropped. */
  async function recheck(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(timings.recheckMs, signal);
      if (signal.aborted || !isLive || doubted.size === 0 || !(await isBelieved())) continue;
      if (doubted.size === 0) continue;
      drop(doubted);
      onChange();
    }
  }

  return {
    run: async (signal) => {
      await Promise.all([keepUp(signal), believeDeletions === undefined ? undefined : recheck(signal)]);
    },
    synced: () => version !== undefined,
    items: () => held.items(),
    get: (namespace, name) => held.get(keyOf(namespace, name)),
    again: () => {
      listFirst = true;
      interrupt();
    },
    version: () => version,
    lastHeard: () => (heardAt === undefined ? undefined : Math.floor(heardAt / 1000)),
  };
}

function lastVersion(events: readonly WatchEvent[]): string | undefined {
  const last = events.at(-1);
  return last?.type === 'BOOKMARK' ? last.resourceVersion : last?.object.metadata.resourceVersion;
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof KubeApiError && error.status === status;
}

/**
 * 410: too old. 404: the kind went, and may come back as another. 504: the version is newer than what the server has
 * (a restored etcd). A line that is no event would come again.
 */
function needsList(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return error.status === 410 || error.status === 404 || error.status === 504 || error.reason === 'Malformed';
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
