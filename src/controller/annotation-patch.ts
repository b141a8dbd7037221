/** One operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** What is to become of annotations, by name; null takes one off. */
export type AnnotationChanges = Readonly<Record<string, string | null>>;

const annotationsPath = '/metadata/annotations';

/** JSON pointer (RFC 6901, section 3): annotation names have slashes in them. */
function pointer(name: string): string {
  return `${annotationsPath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Annotations as they are in the request, and what is to become of them. `add` replaces what is there; to remove what
 * isn't there is an error, and so is adding to a map that isn't there.
 */
export function annotationPatch(
  present: Readonly<Record<string, string>> | undefined,
  changes: AnnotationChanges,
): readonly PatchOperation[] {
  const entries = Object.entries(changes).filter(([name, value]) => (present?.[name] ?? null) !== value);
  if (entries.length === 0) return [];
  if (present === undefined) {
    return [{ op: 'add', path: annotationsPath, value: Object.fromEntries(entries) }];
  }
  return entries.map(([name, value]) =>
    value === null ? { op: 'remove', path: pointer(name) } : { op: 'add', path: pointer(name), value },
  );
}
