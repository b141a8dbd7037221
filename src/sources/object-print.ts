import type { KubeObject } from '../kubernetes/object.ts';

/** An object that a reflector holds is never edited, so its print is made once. */
const prints = new WeakMap<KubeObject, string>();

/**
 * Everything of an object that can decide. The generation moves with the spec of kinds that have one (status writes
 * leave it alone); others, Secrets above all, are known by their resource version.
 */
export function printOfObject(object: KubeObject): string {
  const known = prints.get(object);
  if (known !== undefined) return known;
  const { uid, generation, resourceVersion, labels, annotations, deletionTimestamp, managedFields } = object.metadata;
  const content = hasGeneration(object) ? generation : isNamespace(object) ? 0 : resourceVersion;
  const print = JSON.stringify([uid, content, labels, annotations, deletionTimestamp, managedFields]);
  prints.set(object, print);
  return print;
}

function hasGeneration({ metadata }: KubeObject): boolean {
  return metadata.generation !== undefined;
}

/** Only its labels matter; its conditions come and go. */
function isNamespace({ kind }: KubeObject): boolean {
  return kind === 'Namespace';
}
