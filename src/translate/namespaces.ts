import { labelsOfObject } from './label-selector.ts';
import type { Labels } from './label-selector.ts';
import type { Entry } from './objects.ts';

/** Labels of the namespaces that were read. */
export interface Namespaces {
  /** Undefined: the namespace isn't in the snapshot. Then nothing is known, and whoever asks has to fail closed. */
  labelsOf(name: string): Labels | undefined;
}

/** Of two documents about one namespace it isn't known which holds: it has no labels then, as one that isn't there. */
export function readNamespaces(entries: readonly Entry[]): Namespaces {
  const found = new Map<string, Labels>();
  for (const { ref, values } of entries) {
    const [only, second] = values;
    if (only !== undefined && second === undefined) found.set(ref.name, labelsOfObject(only));
  }
  return { labelsOf: (name) => found.get(name) };
}
