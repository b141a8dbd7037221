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
  readonly additionalProperties?: unknown;
}

/** Types stand outside of `allOf` in a structural schema. */
function untyped(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(Object.entries(part).filter(([key]) => key !== 'type'));
}

/**
 * A structural schema forbids `additionalProperties: false` (the API server prunes by itself) and `propertyNames`;
 * an object of which we read nothing keeps its fields.
 */
function structural(key: string, value: unknown): unknown {
  if (key === 'allOf' && Array.isArray(value)) return value.map(untyped);
  if (key === 'propertyNames' || (key === 'additionalProperties' && value === false)) return undefined;
  if (typeof value !== 'object' || value === null || !('additionalProperties' in value)) return value;
  const { additionalProperties, ...rest } = value;
  const open = JSON.stringify(additionalProperties) === '{}';
  return open ? { ...rest, 'x-kubernetes-preserve-unknown-fields': true } : value;
}

export function jsonSchema(schema: z.ZodType): JsonSchema {
  const full = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' });
  return JSON.parse(JSON.stringify(full, structural)) as JsonSchema;
}
