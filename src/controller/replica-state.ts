import type { KubeObject } from '../kubernetes/object.ts';

/** What one replica decides by. */
export interface ReplicaState {
  /** Hash of its table. */
  readonly table: string;
  /** The newest resource version of each collection that its table includes. */
  readonly versions: Readonly<Record<string, string>>;
  /** Id of the newest key of its ring. */
  readonly newestKey: string;
}

export function stateData(state: ReplicaState): Readonly<Record<string, string>> {
  return { state: JSON.stringify(state) };
}

/** undefined: it can't be read, and then nothing is known of that replica. */
export function parseState(map: KubeObject): ReplicaState | undefined {
  const data = map['data'];
  const text = isRecord(data) ? data['state'] : undefined;
  if (typeof text !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || !isRecord(value['versions'])) return undefined;
    const versions = Object.entries(value['versions']).filter(
      (pair): pair is [string, string] => typeof pair[1] === 'string',
    );
    return {
      table: String(value['table']),
      versions: Object.fromEntries(versions),
      newestKey: String(value['newestKey']),
    };
  } catch {
    return undefined;
  }
}

/**
 * Whether a replica knows at least what `mine` says. The same table decides the same; otherwise every collection has
 * to be as new: resource versions of one collection are numbers that grow (Kubernetes 1.35, KEP-5504; with etcd always).
 */
export function includes(theirs: ReplicaState, mine: ReplicaState): boolean {
  if (theirs.table === mine.table) return true;
  return Object.entries(mine.versions).every(([collection, version]) => asNew(theirs.versions[collection], version));
}

function asNew(theirs: string | undefined, mine: string): boolean {
  if (theirs === undefined || !/^\d+$/.test(theirs) || !/^\d+$/.test(mine)) return theirs === mine;
  return BigInt(theirs) >= BigInt(mine);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
