import type { Session } from '../model/session.ts';
import { createBoundedCache } from './bounded-cache.ts';
import { decodeSession } from './codec.ts';
import type { Limits } from './limits.ts';
import type { Sealer } from './seal.ts';

/** Sealed text → session, remembered. What holds at a moment (life, ended, policy) is checked by the caller each time. */
export interface OpenedSessions {
  open(text: string): Session | undefined;
  readonly size: number;
}

interface Entry {
  readonly text: string;
  readonly keyTag: string;
  /** Undefined: it did not open. */
  readonly session: Session | undefined;
}

/**
 * A hit counts only while the ring still has that very key. Failures are remembered apart, so that a flood of forged
 * cookies pushes no session out, and only where the key is known: an unknown one may come with the next reading.
 */
export function createOpenedSessions(sealer: Sealer, limits: Limits): OpenedSessions {
  const opened = createBoundedCache<Entry>({ entries: limits.openedEntries, bytes: limits.openedBytes });
  const failed = createBoundedCache<Entry>({ entries: limits.failedEntries, bytes: limits.failedBytes });
  const openFresh = (from: string, keyTag: string): Session | undefined => {
    const text = ownCopy(from);
    const result = sealer.open('session', text);
    const session = result === undefined ? undefined : decodeSession(result.plaintext, result)?.session;
    const bytes = memoryOf(text, session === undefined ? 0 : (result?.plaintext.length ?? 0));
    (session === undefined ? failed : opened).set(shortKey(text), { text, keyTag, session }, bytes);
    return session;
  };
  return {
    open(text) {
      const keyTag = sealer.keyTag(text);
      if (keyTag === undefined) {
        // Opened all the same: that is what asks for another reading of the ring.
        sealer.open('session', text);
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

function same(entry: Entry | undefined, text: string, keyTag: string): Entry | undefined {
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
