export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Who owns which fields (server-side apply); only what we read of it. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFields[];
}

/** An object as the API server sent it: raw JSON, so times are strings. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What came from the wire, if it is an object of Kubernetes. Only what a copy of a collection hangs on is checked:
 * everything else of `metadata` was checked by the API server, and the rest is read through schemas.
 * Items of a list carry neither apiVersion nor kind; those of the list are filled in.
 */
export function kubeObject(value: unknown, filled?: { apiVersion: string; kind: string }): KubeObject {
  const metadata = isRecord(value) ? value['metadata'] : undefined;
  if (!isRecord(value) || !isRecord(metadata)) throw new Error('the API server sent something that is no object');
  for (const field of ['name', 'uid', 'resourceVersion'])
    if (typeof metadata[field] !== 'string') throw new Error(`the API server sent an object without metadata.${field}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the fields that are relied on were checked above
  return { ...filled, ...value } as unknown as KubeObject;
}
