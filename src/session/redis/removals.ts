import type { Keys } from './keys.ts';
import type { Ask } from './settings.ts';

/** Sign-ins that ended here and that Redis may hold still. */
export interface Removals {
  has(sid: string): boolean;
  /** Settles once it was tried; what failed is tried again until Redis has taken it. */
  remove(sid: string): Promise<void>;
  /** Redis is back: all that wait for it. */
  tryAll(): void;
  stop(): void;
}

/** The oldest are forgotten first: those of which the other replicas heard otherwise long ago. */
const most = 100_000;
const againMs = 5000;

export function createRemovals(ask: Ask, keys: Keys): Removals {
  const sids = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const attempt = async (sid: string): Promise<void> => {
    try {
      await Promise.all([keys.record(sid), keys.seen(sid)].map(async (key) => await ask('remove', sid, ['DEL', key])));
      sids.delete(sid);
    } catch {
      // A connection that comes back tries at once; this is for a server that is there and doesn't want to.
      timer ??= setTimeout(tryAll, againMs).unref();
    }
  };
  const tryAll = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const sid of sids) void attempt(sid);
  };
  return {
    has: (sid) => sids.has(sid),
    async remove(sid) {
      sids.add(sid);
      for (const oldest of sids) {
        if (sids.size <= most) break;
        sids.delete(oldest);
      }
      await attempt(sid);
    },
    tryAll,
    stop: () => clearTimeout(timer),
  };
}
