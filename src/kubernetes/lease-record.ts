import { isRecord, type KubeObject, type OwnerReference } from './object.ts';

/** What a coordination.k8s.io Lease says. */
export interface LeaseRecord {
  /** undefined: nobody's. */
  readonly holder: string | undefined;
  readonly durationSeconds: number | undefined;
  readonly acquireTime: string | undefined;
  readonly transitions: number;
}

export function readLease(lease: KubeObject): LeaseRecord {
  const spec = isRecord(lease['spec']) ? lease['spec'] : {};
  const { holderIdentity, leaseDurationSeconds, acquireTime, leaseTransitions } = spec;
  return {
    holder: typeof holderIdentity === 'string' && holderIdentity !== '' ? holderIdentity : undefined,
    durationSeconds: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds : undefined,
    acquireTime: typeof acquireTime === 'string' ? acquireTime : undefined,
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
  };
}

export interface LeaseNames {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owner?: OwnerReference;
}

/** The whole Lease as it is to be written; `resourceVersion` makes a replacement conditional. */
export function leaseObject(
  names: LeaseNames,
  record: LeaseRecord,
  renewedAt: number,
  resourceVersion?: string,
): unknown {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: names.name,
      namespace: names.namespace,
      ...(names.labels !== undefined && { labels: names.labels }),
      ...(names.owner !== undefined && { ownerReferences: [names.owner] }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    spec: {
      holderIdentity: record.holder ?? '',
      leaseDurationSeconds: record.durationSeconds,
      acquireTime: record.acquireTime,
      renewTime: microTime(renewedAt),
      leaseTransitions: record.transitions,
    },
  };
}

/** metav1.MicroTime wants exactly six digits. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
