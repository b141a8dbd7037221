import { createBoundedCache } from './bounded-cache.ts';
import type { Limits } from './limits.ts';
import type { Opened, Sealer, SealKind } from './seal.ts';

/** Sealed text → session (or its handle), remembered. What holds at a moment (life, ended, policy) is checked by the caller each time. */
export interface OpenedSessions<T> {
  open(text: string): T | undefined;
  readonly size: number;
}

/** What is opened, and what is read from it. */
export interface Opening<T> {
  readonly kind: SealKind;
  readonly read: (opened: Opened) => T | undefined;
}

interface Entry<T> {
  readonly text: string;
  readonly keyTag: string;
  /** Undefined: it did not open. */
  readonly session: T | undefined;
}

/**
 * A hit counts only while the ring still has that very key. Failures are remembered apart, so that a flood of forged
 * cookies pushes no session out, and only where the key is known: an unknown one may come with the next reading.
 */
export function createOpenedSessions<T>(sealer: Sealer, limits: Limits, opening: Opening<T>): OpenedSessions<T> {
  const opened = createBoundedCache<Entry<T>>({ entries: limits.openedEntries, bytes: limits.openedBytes });
  const failed = createBoundedCache<Entry<T>>({ entries: limits.failedEntries, bytes: limits.failedBytes });
  const openFresh = (from: string, keyTag: string): T | undefined => {
    const text = ownCopy(from);
    const result = sealer.open(opening.kind, text);
    const session = result === undefined ? undefined : opening.read(result);
    const bytes = memoryOf(text, session === undefined ? 0 : (result?.plaintext.length ?? 0));
    (session === undefined ? failed : opened).set(shortKey(text), { text, keyTag, session }, bytes);
    return session;
  };
  return {
    open(text) {
      const keyTag = sealer.keyTag(text);
      if (keyTag === undefined) {
        // Opened all the same: that is what asks for another reading of the ring.
        sealer.open(opening.kind, text);
        return undefined;
      }
      const key = shortKey(text);
      const hit = same(opened.get(key), text, keyTag) ?? same(failed.get(key), text, keyTag);
      return hit === undefined ? openFresh(text, keyTag) : hit.session;
    },
    get size() {
      return opened.size;
    },
  };
}

/**
 * The end of the text, its tag: hashing all of 2,800 characters costs more than the rest of a warm decision. The whole
 * text is compared after that, so a forged end finds nothing.
 */
function shortKey(text: string): string {
  return text.slice(-32);
}

function same<T>(entry: Entry<T> | undefined, text: string, keyTag: string): Entry<T> | undefined {
  return entry !== undefined && entry.keyTag === keyTag && entry.text === text ? entry : undefined;
}

/** What is cut out of a string keeps all of it in memory, here a Cookie header of up to 64 KiB. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}

/** A generous estimate: the text, the strings of the identity (deflate rarely beats 4:1 here), and the objects. */
function memoryOf(text: string, plaintextBytes: number): number {
  return text.length + (plaintextBytes === 0 ? 200 : plaintextBytes * 6 + 1500);
}
