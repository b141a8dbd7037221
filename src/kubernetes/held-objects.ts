import type { KubeObject } from './object.ts';

/** A copy of a collection, by name: an object that was deleted and made again is one place. */
export interface HeldObjects {
  put(object: KubeObject): void;
  drop(key: string): void;
  has(key: string): boolean;
  keys(): readonly string[];
  get(key: string): KubeObject | undefined;
  /** The same array until something changes. */
  items(): readonly KubeObject[];
}

export function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

export function objectKey({ metadata }: KubeObject): string {
  return keyOf(metadata.namespace, metadata.name);
}

export function createHeldObjects(keep: (object: KubeObject) => KubeObject): HeldObjects {
  const objects = new Map<string, KubeObject>();
  let items: readonly KubeObject[] | undefined;
  return {
    put: (object) => {
      objects.set(objectKey(object), keep(object));
      items = undefined;
    },
    drop: (key) => {
      if (objects.delete(key)) items = undefined;
    },
    has: (key) => objects.has(key),
    keys: () => [...objects.keys()],
    get: (key) => objects.get(key),
    items: () => (items ??= [...objects.values()]),
  };
}

/** Who owns which field is most of an object's size, and nothing decides by it. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
