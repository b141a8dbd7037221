import type { GroupsSource } from '../model/pool.ts';

export type GroupsRead =
  | { readonly kind: 'known'; readonly names: readonly string[] }
  /** The claim is there in another shape than the pool says. */
  | { readonly kind: 'wrong_shape' };

/** Cognito leaves the claim out where there are no groups, so absent means none (S3). */
export function readGroups(value: unknown, format: GroupsSource['format']): GroupsRead {
  if (value === undefined || value === null) {
    return { kind: 'known', names: [] };
  }
  if (format === 'Array') {
    return list(value);
  }
  if (typeof value !== 'string') {
    return { kind: 'wrong_shape' };
  }
  if (format === 'JSON') {
    return readJson(value);
  }
  return { kind: 'known', names: words(value, format === 'Comma' ? ',' : /\s+/u) };
}

function list(value: unknown): GroupsRead {
  if (!Array.isArray(value) || !value.every((item: unknown) => typeof item === 'string')) {
    return { kind: 'wrong_shape' };
  }
  return { kind: 'known', names: value.filter((name) => name !== '') };
}

/** Also `[a, b]`: what a SAML attribute with several values becomes in a custom attribute. */
function readJson(text: string): GroupsRead {
  const trimmed = text.trim();
  if (trimmed === '') {
    return { kind: 'known', names: [] };
  }
  try {
    return list(JSON.parse(trimmed) as unknown);
  } catch {
    const bare = /^\[([^[\]"']*)\]$/u.exec(trimmed)?.[1];
    return bare === undefined ? { kind: 'wrong_shape' } : { kind: 'known', names: words(bare, ',') };
  }
}

function words(text: string, separator: string | RegExp): readonly string[] {
  return text
    .split(separator)
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
