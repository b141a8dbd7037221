import type { KubeObject } from '../kubernetes/object.ts';

/**
 * What our own writes returned, until the watch has caught up: nothing is written twice because the world of the
 * moment is a little older than the last write.
 */
export interface KnownObjects {
  /** The newest that is known of an object; undefined: it isn't there. */
  newest(key: string, watched: KubeObject | undefined): KubeObject | undefined;
  /** `existed`: the watch had shown the object before. */
  wrote(key: string, object: KubeObject, existed: boolean): void;
  removed(key: string, object: KubeObject): void;
  /** Drops what nobody asked for in the last minute: the object is gone. */
  sweep(): void;
  keys(): Iterable<string>;
}

interface Own {
  readonly object: KubeObject;
  readonly gone: boolean;
  readonly at: number;
  /** Whether the watch ever showed the object: one that is missing from then on was deleted. */
  watched: boolean;
  asked: number;
}

/** A watch that is behind for longer than this counts as right. */
const patience = 60;

export function createKnownObjects(now: () => number): KnownObjects {
  const own = new Map<string, Own>();
  return {
    newest: (key, watched) => {
      const mine = own.get(key);
      if (mine === undefined) return watched;
      mine.asked = now();
      if (caughtUp(mine, watched, now())) {
        own.delete(key);
        return watched;
      }
      mine.watched ||= watched !== undefined;
      return mine.gone ? undefined : mine.object;
    },
    wrote: (key, object, existed) =>
      void own.set(key, { object, gone: false, at: now(), watched: existed, asked: now() }),
    removed: (key, object) => void own.set(key, { object, gone: true, at: now(), watched: true, asked: now() }),
    keys: () => own.keys(),
    sweep: () => {
      for (const [key, mine] of own) if (now() - mine.asked > patience) own.delete(key);
    },
  };
}

function caughtUp(mine: Own, watched: KubeObject | undefined, now: number): boolean {
  if (now - mine.at > patience) return true;
  if (watched === undefined) return mine.gone || mine.watched;
  if (mine.gone) return watched.metadata.uid !== mine.object.metadata.uid;
  return !older(watched.metadata.resourceVersion, mine.object.metadata.resourceVersion);
}

/** Versions of one kind are ordered (Kubernetes, KEP-5504); one that is no number orders after everything. */
function older(version: string, than: string): boolean {
  return /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
}
