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
  readonly session: Session;
  readonly keyTag: string;
}

/**
 * A hit counts only while the ring still has that very key. Failures are remembered apart, so that a flood of forged
 * cookies pushes no session out, and only where the key is known: an unknown one may come with the next reading.
 */
export function createOpenedSessions(sealer: Sealer, limits: Limits): OpenedSessions {
  const opened = createBoundedCache<Entry>({ entries: limits.openedEntries, bytes: limits.openedBytes });
  const failed = createBoundedCache<string>({ entries: limits.failedEntries, bytes: limits.failedBytes });
  const openFresh = (text: string, keyTag: string): Session | undefined => {
    const result = sealer.open('session', text);
    const session = result === undefined ? undefined : decodeSession(result.plaintext, result)?.session;
    if (result === undefined || session === undefined) {
      failed.set(text, keyTag, text.length + 100);
      return undefined;
    }
    opened.set(text, { session, keyTag }, memoryOf(text, result.plaintext.length));
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
      const hit = opened.get(text);
      if (hit?.keyTag === keyTag) {
        return hit.session;
      }
      return failed.get(text) === keyTag ? undefined : openFresh(text, keyTag);
    },
    get size() {
      return opened.size;
    },
  };
}

/** A generous estimate: the key, the strings of the identity (deflate rarely beats 4:1 here), and the objects. */
function memoryOf(text: string, plaintextBytes: number): number {
  return text.length + plaintextBytes * 6 + 1500;
}
