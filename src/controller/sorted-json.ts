import { isRecord } from '../kubernetes/object.ts';

/** JSON that doesn't depend on the order of keys: the API server gives them back in its own. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
