import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiError, type KubeClient } from './client.ts';
import { leaseObject, microTime, readLease, type LeaseNames, type LeaseRecord } from './lease-record.ts';
import type { KubeObject } from './object.ts';
import { resources, type Place } from './resources.ts';

export interface Lease {
  /** Asked before every write; false before anybody else can hold the Lease. */
  leading(): boolean;
  /** Until `signal` aborts; then the Lease is given back. */
  run(signal: AbortSignal): Promise<void>;
}

interface Holder extends LeaseNames {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace' | 'remove'>;
  readonly identity: string;
  /** Milliseconds since the epoch; only written down, for people: nothing is decided by it. */
  now(): number;
  random(): number;
  readonly durationSeconds?: number;
  readonly renewSeconds?: number;
  /** Milliseconds that never jump; every duration is measured by it. */
  monotonic?(): number;
  onError?(error: Error): void;
}

export interface LeaseOptions extends Holder {
  onChange(leading: boolean): void;
}

/** The part of its duration that a Lease which can't be renewed is still acted on: the rest is for writes under way. */
const usedPart = 0.75;

/**
 * As client-go's leader election: whoever holds the Lease renews it; another takes it once it hasn't seen it change for
 * the holder's duration, by its own clock from when it saw it, so that wall clocks never matter. Holding counts from
 * *before* the renewal was sent, so ours ends before the other's wait does.
 */
export function createLease(options: LeaseOptions): Lease {
  const { identity, client, now, random, onChange } = options;
  const durationSeconds = options.durationSeconds ?? 9;
  const renewMs = (options.renewSeconds ?? 3) * 1000;
  const monotonic = options.monotonic ?? (() => performance.now());
  const place = placeOf(options);
  /** As it was last read or written, and when that version was first seen. */
  let seen: { readonly lease: KubeObject; readonly at: number } | undefined;
  let heldUntil = -Infinity;
  let hasTold = false;
  /** A call that was given up may still come back. */
  let isOver = false;
  let expiry: NodeJS.Timeout | undefined;

  const leading = (): boolean => !isOver && monotonic() < heldUntil;

  function tell(): void {
    clearTimeout(expiry);
    const isLeading = leading();
    if (isLeading) expiry = setTimeout(tell, Math.max(1, Math.ceil(heldUntil - monotonic())));
    if (isLeading === hasTold) return;
    hasTold = isLeading;
    onChange(isLeading);
  }

  function observe(lease: KubeObject): void {
    if (seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    seen = { lease, at: monotonic() };
  }

  /** What we would write over `old`; undefined while it is another's. */
  function claim(old: LeaseRecord | undefined, at: number): LeaseRecord | undefined {
    const acquireTime = microTime(now());
    if (old === undefined) return { holder: identity, durationSeconds, acquireTime, transitions: 0 };
    if (old.holder === identity) return { ...old, durationSeconds, acquireTime: old.acquireTime ?? acquireTime };
    if (old.holder !== undefined && monotonic() < at + (old.durationSeconds ?? durationSeconds) * 1000)
      return undefined;
    return { holder: identity, durationSeconds, acquireTime, transitions: old.transitions + 1 };
  }

  /** One try: reads the Lease unless we hold it as we last wrote it, and writes it where it is ours or nobody's. */
  async function attempt(): Promise<void> {
    if (seen === undefined || readLease(seen.lease).holder !== identity) {
      const lease = await client.get(place);
      if (lease === undefined) seen = undefined;
      else observe(lease);
    }
    const record = claim(seen && readLease(seen.lease), seen?.at ?? 0);
    if (record === undefined) {
      heldUntil = -Infinity;
      return;
    }
    const sentAt = monotonic();
    const version = seen?.lease.metadata.resourceVersion;
    const object = leaseObject(options, record, now(), version);
    observe(await (version === undefined ? client.create(place, object) : client.replace(place, object)));
    heldUntil = sentAt + durationSeconds * 1000 * usedPart;
  }

  async function tryOnce(): Promise<boolean> {
    try {
      await within(renewMs, attempt());
      return true;
    } catch (error) {
      if (isLost(error)) seen = undefined;
      options.onError?.(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  /** Until the next renewal, or until another's Lease has run out, whichever is first; sooner after a failure. */
  function nextMs(isDone: boolean): number {
    const wait = (isDone ? renewMs : renewMs / 3) * (0.9 + random() / 10);
    if (seen === undefined || leading()) return wait;
    const { durationSeconds: others = durationSeconds } = readLease(seen.lease);
    return Math.max(10, Math.min(wait, seen.at + others * 1000 - monotonic() + random() * 100));
  }

  async function giveBack(): Promise<void> {
    if (seen === undefined || readLease(seen.lease).holder !== identity) return;
    const record = { ...readLease(seen.lease), holder: undefined, durationSeconds: 1 };
    const object = leaseObject(options, record, now(), seen.lease.metadata.resourceVersion);
    await within(renewMs, client.replace(place, object)).catch((error: Error) => options.onError?.(error));
  }

  return {
    leading,
    run: async (signal) => {
      while (!signal.aborted) {
        const isDone = await tryOnce();
        if (signal.aborted) break;
        tell();
        await pause(nextMs(isDone), signal);
      }
      isOver = true;
      tell();
      await giveBack();
    },
  };
}

/** A Lease of one's own, which says that one lives; taken away at the end. */
export function createHeartbeat(options: Holder): { run(signal: AbortSignal): Promise<void> } {
  const { client, identity, now, random } = options;
  const durationSeconds = options.durationSeconds ?? 9;
  const renewMs = (options.renewSeconds ?? 3) * 1000;
  const place = placeOf(options);
  const acquireTime = microTime(now());
  let version: string | undefined;

  async function beat(): Promise<void> {
    version ??= (await client.get(place))?.metadata.resourceVersion;
    const object = leaseObject(
      options,
      { holder: identity, durationSeconds, acquireTime, transitions: 0 },
      now(),
      version,
    );
    const written = await (version === undefined ? client.create(place, object) : client.replace(place, object));
    version = written.metadata.resourceVersion;
  }

  return {
    run: async (signal) => {
      const report = (error: Error): void => options.onError?.(error);
      while (!signal.aborted) {
        const isDone = await within(renewMs, beat()).then(
          () => true,
          (error: Error) => {
            version = undefined;
            report(error);
            return false;
          },
        );
        await pause((isDone ? renewMs : renewMs / 3) * (0.9 + random() / 10), signal);
      }
      await within(renewMs, client.remove(place)).catch(report);
    },
  };
}

function placeOf({ namespace, name }: LeaseNames): Place {
  return { resource: resources.leases, namespace, name };
}

/** Somebody else wrote it, or it is gone: read it again. */
function isLost(error: unknown): boolean {
  return error instanceof KubeApiError && (error.status === 409 || error.status === 404);
}

/** A call may hang for longer than the Lease lasts. What comes of it later is seen by the next read. */
async function within<T>(ms: number, call: Promise<T>): Promise<T> {
  const done = new AbortController();
  const limit = sleep(ms, undefined, { signal: done.signal }).then(() => {
    throw new Error(`nothing came for ${ms / 1000} s`);
  });
  try {
    return await Promise.race([call, limit]);
  } finally {
    limit.catch(() => undefined);
    done.abort();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
