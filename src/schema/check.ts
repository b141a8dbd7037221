import type { z } from 'zod';
import { problemsOf } from './problems.ts';
import type { Problem } from './problems.ts';

/** A schema, for rooms that only hand it on. */
export type Schema<T> = z.ZodType<T>;

export type Checked<T> = { readonly ok: T } | { readonly problems: readonly Problem[] };

export function check<T>(schema: Schema<T>, value: unknown): Checked<T> {
  const result = schema.safeParse(value);
  return result.success ? { ok: result.data } : { problems: problemsOf(result.error, schema) };
}
