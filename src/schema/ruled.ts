import type { z } from 'zod';

/** What the API server holds beside the schema of a CRD; messages are shown to whoever writes the object. */
export interface Validation {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

const key = 'x-kubernetes-validations';

/** Attached to the schema itself: `.describe()` and `.refine()` that follow keep it. */
function withKeyword<S extends z.ZodType>(schema: S, keyword: string, value: unknown): S {
  return schema.meta({ ...schema.meta(), [keyword]: value });
}

/** A rule for the API server alone, where translation says the same with more knowledge. */
export function withCel<S extends z.ZodType>(schema: S, validation: Validation): S {
  const before: unknown = schema.meta()?.[key];
  const others: readonly unknown[] = Array.isArray(before) ? before : [];
  return withKeyword(schema, key, [...others, validation]);
}

interface Rule<T> {
  readonly holds: (value: T) => boolean;
  /** The same in CEL. */
  readonly cel: string;
  readonly message: string;
  /** The field of the object that the message is about. */
  readonly field?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** One rule, held by this program (objects may come from a folder) and by the API server, in the same words. */
export function ruled<S extends z.ZodType>(schema: S, rule: Rule<z.output<S>>): S {
  const { holds, cel, message, field, params } = rule;
  const checked = schema.refine((value) => holds(value), {
    message,
    ...(field === undefined ? {} : { path: [field] }),
    ...(params === undefined ? {} : { params: { ...params } }),
  });
  return withCel(checked, { rule: cel, message, ...(field === undefined ? {} : { fieldPath: `.${field}` }) });
}

/** Text of a shape. The pattern must mean the same in JavaScript and RE2, and hold no single quote. */
export function shaped<S extends z.ZodType<string>>(schema: S, pattern: RegExp, message: string): S {
  return ruled(schema, { holds: (value) => pattern.test(value), cel: `self.matches(r'${pattern.source}')`, message });
}

/** How server-side apply merges a list: whole (`atomic`), by value (`set`) or by keys (`map`). */
export function listType<S extends z.ZodType>(schema: S, type: 'atomic' | 'set' | readonly string[]): S {
  if (typeof type === 'string') return withKeyword(schema, 'x-kubernetes-list-type', type);
  return withKeyword(withKeyword(schema, 'x-kubernetes-list-type', 'map'), 'x-kubernetes-list-map-keys', type);
}

/** The most keys that a map may have, for the API server. */
export function atMostProperties<S extends z.ZodType>(schema: S, maximum: number): S {
  return withKeyword(schema, 'maxProperties', maximum);
}
