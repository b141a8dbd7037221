/** Least recently used goes first, once there are too many entries or too many bytes. */
export interface BoundedCache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, bytes: number): void;
  delete(key: string): void;
  readonly size: number;
  readonly bytes: number;
}

export interface CacheBounds {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * On a Map, which remembers the order of insertion. Reading an entry moves it to the end, once the cache is half full:
 * before that nothing is about to go, and a small Map that is deleted from and set at every read is built anew all the
 * time (its garbage cost a warm decision several microseconds, `make bench`).
 */
export function createBoundedCache<Value>(bounds: CacheBounds): BoundedCache<Value> {
  const entries = new Map<string, { readonly value: Value; readonly bytes: number }>();
  let total = 0;
  const remove = (key: string): void => {
    const entry = entries.get(key);
    if (entry !== undefined) {
      total -= entry.bytes;
      entries.delete(key);
    }
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) {
        return undefined;
      }
      if (entries.size * 2 >= bounds.entries || total * 2 >= bounds.bytes) {
        entries.delete(key);
        entries.set(key, entry);
      }
      return entry.value;
    },
    set(key, value, bytes) {
      remove(key);
      entries.set(key, { value, bytes });
      total += bytes;
      for (const oldest of entries.keys()) {
        if (entries.size <= bounds.entries && total <= bounds.bytes) {
          break;
        }
        remove(oldest);
      }
    },
    delete: remove,
    get size() {
      return entries.size;
    },
    get bytes() {
      return total;
    },
  };
}
