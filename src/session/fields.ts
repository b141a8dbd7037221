/** Readers of unpacked JSON. What is sealed may have been sealed by another version of ours. */
export type Fields = ReadonlyMap<string, unknown>;

export class WrongField extends Error {}

export function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WrongField('not an object');
  }
  return new Map<string, unknown>(Object.entries(value));
}

export function text(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (typeof value !== 'string') {
    throw new WrongField(name);
  }
  return value;
}

export function optionalText(fields: Fields, name: string): string | undefined {
  return fields.has(name) ? text(fields, name) : undefined;
}

export function time(fields: Fields, name: string): number {
  const value = fields.get(name);
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new WrongField(name);
  }
  return value;
}

export function texts(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value)) {
    throw new WrongField(name);
  }
  return value.map((item: unknown) => {
    if (typeof item !== 'string') {
      throw new WrongField(name);
    }
    return item;
  });
}

export function optionalTexts(fields: Fields, name: string): readonly string[] | undefined {
  return fields.has(name) ? texts(fields.get(name), name) : undefined;
}
