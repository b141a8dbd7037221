import { isRecord } from '../kubernetes/object.ts';
import type { KubeObject } from '../kubernetes/object.ts';

const authUrl = 'f:nginx.ingress.kubernetes.io/auth-url';

/** Memory: managed fields are often larger than the object, and `last-applied-configuration` is the object again. */
export function keptObject(object: KubeObject): KubeObject {
  const { managedFields: _dropped, ...metadata } = object.metadata;
  return { ...object, metadata: withoutLastApplied(metadata) };
}

/** Of an Ingress only those stay who own its auth-url: whether it may be taken over hangs on them. */
export function keptIngress(object: KubeObject): KubeObject {
  const owners = list(object.metadata.managedFields).filter(ownsAuthUrl).map(nameOwner);
  const { status: _status, ...rest } = keptObject(object);
  const metadata = { ...rest.metadata, ...(owners.length > 0 ? { managedFields: owners } : {}) };
  return { ...rest, metadata };
}

function withoutLastApplied(metadata: Omit<KubeObject['metadata'], 'managedFields'>): KubeObject['metadata'] {
  const key = 'kubectl.kubernetes.io/last-applied-configuration';
  if (metadata.annotations?.[key] === undefined) return metadata;
  const { [key]: _copy, ...annotations } = metadata.annotations;
  return { ...metadata, annotations };
}

function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function ownsAuthUrl(entry: Readonly<Record<string, unknown>>): boolean {
  let value: unknown = entry['fieldsV1'];
  for (const key of ['f:metadata', 'f:annotations', authUrl]) {
    if (typeof value !== 'object' || value === null) return false;
    value = Reflect.get(value, key);
  }
  return value !== undefined;
}

function nameOwner({ manager, operation }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { manager, operation };
}
