import type { TokenState } from '../../model/session.ts';
import { decodeState, encodeState } from '../codec.ts';
import type { Sealer } from '../seal.ts';

/** What Redis holds about a sign-in. */
export interface StateRecord {
  readonly state: TokenState;
  /** When it ends at the latest, in seconds; undefined: its writer didn't know. */
  readonly until: number | undefined;
}

export interface Records {
  /** Undefined: more than a record may hold. */
  seal(sid: string, pool: string, record: StateRecord): string | undefined;
  /** Undefined for whatever was not sealed for this very sign-in at this very pool. */
  open(sid: string, pool: string, text: string): StateRecord | undefined;
  /** Changes when the key does that sealed the record. */
  keyTag(text: string): string | undefined;
}

/**
 * Sealed under a kind of its own, with the sid where cookies have the host: who can write to Redis can neither make a
 * record nor move one to another sign-in or pool. (Putting an older one back is possible: docs/decisions/0023.)
 */
export function createRecords(sealer: Sealer): Records {
  return {
    seal(sid, pool, { state, until }) {
      const plaintext = encodeState(state, until);
      return plaintext === undefined ? undefined : sealer.seal('record', { pool, host: sid }, plaintext);
    },
    open(sid, pool, text) {
      const opened = sealer.open('record', text);
      return opened?.pool === pool && opened.host === sid ? decodeState(opened.plaintext, opened) : undefined;
    },
    keyTag: (text) => sealer.keyTag(text),
  };
}
