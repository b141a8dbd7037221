import type { KubeObject, ManagedFields } from '../kubernetes/object.ts';

/**
 * Who else writes this object: the manager that owns its auth-url, or the one that wrote last. An annotation that was
 * taken off has no owner any more.
 */
export function otherManager(object: KubeObject, ours: string): string | undefined {
  const others = (object.metadata.managedFields ?? []).filter(
    (entry) => entry.manager !== undefined && entry.manager !== ours && (entry.subresource ?? '') === '',
  );
  const owner = others.find((entry) =>
    JSON.stringify(entry.fieldsV1 ?? {}).includes('ingress.kubernetes.io/auth-url"'),
  );
  return (owner ?? others.toSorted((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1))?.manager;
}

function timeOf(entry: ManagedFields): string {
  return 'time' in entry && typeof entry.time === 'string' ? entry.time : '';
}
