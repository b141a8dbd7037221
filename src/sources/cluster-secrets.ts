import type { KubeObject } from '../kubernetes/object.ts';
import { Secret } from '../model/secret.ts';

/** `namespace/name` → key → value. A value that isn't base64 text is left out: whoever needs it says that it lacks. */
export function decodeSecrets(objects: readonly KubeObject[]): ReadonlyMap<string, ReadonlyMap<string, Secret>> {
  return new Map(
    objects.map(({ metadata, ...object }) => [`${metadata.namespace ?? ''}/${metadata.name}`, decode(object['data'])]),
  );
}

function decode(data: unknown): ReadonlyMap<string, Secret> {
  const entries = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  return new Map(
    entries.flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, new Secret(Buffer.from(value, 'base64').toString('utf8'))] as const] : [],
    ),
  );
}
