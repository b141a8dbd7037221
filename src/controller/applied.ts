/**
 * What the API server made of what was applied. Where that isn't what was asked for (an older CRD prunes a field, a
 * webhook adds one), applying it again would change nothing, and never end.
 */
export interface Applied {
  /** Whether this was applied before, and what came of it still stands. */
  stands(key: string, wanted: string, current: string): boolean;
  note(key: string, wanted: string, result: string): void;
  keepOnly(keys: ReadonlySet<string>): void;
}

export function createApplied(): Applied {
  const all = new Map<string, { readonly wanted: string; readonly result: string }>();
  return {
    stands: (key, wanted, current) => {
      const last = all.get(key);
      return last !== undefined && last.wanted === wanted && last.result === current;
    },
    note: (key, wanted, result) => void all.set(key, { wanted, result }),
    keepOnly: (keys) => {
      for (const key of all.keys()) if (!keys.has(key)) all.delete(key);
    },
  };
}
