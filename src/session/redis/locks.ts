import type { Lock } from '../state-store.ts';
import type { Keys } from './keys.ts';
import type { Ask } from './settings.ts';

/** Longer than a refresh may take: a lock that is left behind ends by itself. */
const lockMs = 15_000;
/** Takes away the lock that is ours, and no other's. */
const release = "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0";

export function createLocks(
  ask: Ask,
  keys: Keys,
  random: (bytes: number) => Uint8Array,
): (sid: string) => Promise<Lock | undefined> {
  return async (sid) => {
    const key = keys.lock(sid);
    const token = Buffer.from(random(16)).toString('base64url');
    const reply = await ask('lock', sid, ['SET', key, token, 'NX', 'PX', String(lockMs)]);
    if (reply === null) {
      return undefined;
    }
    return {
      async release() {
        await ask('release', sid, ['EVAL', release, '1', key, token]).catch(() => undefined);
      },
    };
  };
}
