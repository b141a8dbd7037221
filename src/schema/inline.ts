import type { AnnotationName } from './annotations.ts';
import { groupName } from './fields.ts';
import { limits } from './limits.ts';

/** The annotations of one Ingress that stand for a policy, by name without the prefix. */
export type Annotations = ReadonlyMap<AnnotationName, string>;

export type Parsed<T> = { readonly ok: T } | { readonly wrong: string; readonly audience: boolean };

function wrong(text: string, audience = false): { wrong: string; audience: boolean } {
  return { wrong: text, audience };
}

/**
 * Groups of one annotation. A comma always separates, so a name that contains one can't be written here,
 * and an empty name is a mistake, not "everyone" (T24.1, T24.2).
 */
export function parseGroups(value: string): Parsed<readonly string[]> {
  const names = value.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) {
    return wrong(
      'an empty group name: write names with one comma between; a name with a comma needs an AccessPolicy',
      true,
    );
  }
  if (names.length > limits.values) return wrong(`at most ${limits.values} groups: use an AccessPolicy`);
  if (names.some((name) => !groupName.safeParse(name).success)) {
    return wrong('a group name has at most 128 characters and no spaces; a comma separates names');
  }
  return { ok: names };
}

export interface InlinePath {
  readonly type: 'Exact' | 'PathPrefix';
  readonly value: string;
}

function parsePath(path: string): InlinePath | undefined {
  const prefix = path.endsWith('/*');
  const value = prefix ? path.slice(0, -2) || '/' : path;
  const plain = value.startsWith('/') && !/[*?#%\\\s\p{Cc}]|\/\//u.test(value) && value.length <= limits.path;
  if (!plain || value.split('/').some((segment) => segment === '.' || segment === '..')) return undefined;
  return { type: prefix ? 'PathPrefix' : 'Exact', value };
}

/** Exact paths; a trailing `/*` means everything below, by segment. */
export function parsePublicPaths(value: string): Parsed<readonly InlinePath[]> {
  const parts = value.split(',').map((path) => path.trim());
  if (parts.length > limits.entries) return wrong(`at most ${limits.entries} paths: use an AccessPolicy`);
  const paths = parts.map(parsePath).filter((path) => path !== undefined);
  if (paths.length < parts.length) {
    return wrong('paths start with "/", are separated by one comma, and have "*" only as a trailing "/*"');
  }
  return { ok: paths };
}
