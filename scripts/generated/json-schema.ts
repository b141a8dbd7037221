import { z } from 'zod';

/** The part of JSON Schema that our schemas come to. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly maxProperties?: number;
  readonly additionalProperties?: unknown;
}

type Node = Readonly<Record<string, unknown>>;

function patternOf(part: unknown): readonly string[] {
  return typeof part === 'object' && part !== null && 'pattern' in part ? [String(part.pattern)] : [];
}

/**
 * Of several patterns the API server would say only "must validate all the schemas". The first is the one of all
 * texts, against control characters, which the narrower ones exclude as well (test/generated.test.ts).
 */
function onePattern({ allOf, ...node }: Node): Node {
  const last = Array.isArray(allOf) ? allOf.flatMap(patternOf).at(-1) : undefined;
  return last === undefined ? node : { ...node, pattern: last };
}

/**
 * A structural schema forbids `additionalProperties: false` (the API server prunes by itself) and `propertyNames`;
 * an object of which we read nothing keeps its fields. JavaScript's bounds of whole numbers say nothing here.
 */
function structural(key: string, value: unknown): unknown {
  if (key === 'propertyNames' || (key === 'additionalProperties' && value === false)) return undefined;
  if (key === 'maximum' && value === Number.MAX_SAFE_INTEGER) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const node = onePattern(value as Node);
  const { additionalProperties, ...rest } = node;
  const open = JSON.stringify(additionalProperties) === '{}';
  if (open) return { ...rest, 'x-kubernetes-preserve-unknown-fields': true };
  return node['format'] === 'date-time' ? { ...node, pattern: undefined } : node;
}

export function jsonSchema(schema: z.ZodType): JsonSchema {
  const full = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' });
  return JSON.parse(JSON.stringify(full, structural)) as JsonSchema;
}
