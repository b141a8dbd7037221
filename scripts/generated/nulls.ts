import type { JsonSchema } from './json-schema.ts';

/**
 * The API server drops a null (`match:` with nothing behind it) before anything is checked: a Public rule would become
 * one for every request, a deny list would be gone. It can't be told to refuse nulls, but it keeps those of nullable
 * fields; then this program refuses the object. Where there is a default, null becomes that.
 */
export function keepNulls(schema: JsonSchema): JsonSchema {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const optional = field.default === undefined && schema.required?.includes(name) !== true;
    return [name, optional ? { ...keepNulls(field), nullable: true } : keepNulls(field)] as const;
  });
  const values = schema.additionalProperties;
  const isSchema = typeof values === 'object' && values !== null;
  return {
    ...schema,
    ...(schema.properties === undefined ? {} : { properties: Object.fromEntries(fields) }),
    ...(schema.items === undefined ? {} : { items: keepNulls(schema.items) }),
    ...(isSchema ? { additionalProperties: { ...values, nullable: true } } : {}),
  };
}
