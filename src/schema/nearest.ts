import { z } from 'zod';

function below(schema: unknown, part: PropertyKey): unknown {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, part) ? schema.shape[String(part)] : undefined;
  return schema instanceof z.ZodArray ? schema.element : undefined;
}

/** The schema itself without defaults and "optional". */
export function bare(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap();
  }
  return inner;
}

/** Levenshtein; both texts are short. */
export function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [i, a] of [...left].entries()) {
    const next = [i + 1];
    for (const [j, b] of [...right].entries()) {
      next.push(Math.min((row[j] ?? 0) + (a === b ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The known name that is probably meant. */
export function guessName(name: string, known: readonly string[]): string | undefined {
  if (name.length > 64) return undefined;
  const close = known.filter((candidate) => distance(name.toLowerCase(), candidate.toLowerCase()) <= 2);
  return close.toSorted((a, b) => distance(name, a) - distance(name, b))[0];
}

/** Which fields the schema knows at the path, and the one that is probably meant. */
export function nearest(schema: z.ZodType, path: readonly PropertyKey[], key: string) {
  let at: unknown = bare(schema);
  for (const part of path) at = bare(below(at, part));
  const known = at instanceof z.ZodObject ? Object.keys(at.shape) : [];
  return { known, guess: guessName(key, known) };
}
