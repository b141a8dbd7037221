import type { PoolId } from '../model/pool.ts';
import type { KubeObject } from '../kubernetes/object.ts';

/** Sids of sign-ins with the time, in seconds, when all of each is over by itself. */
export type EndedEntries = readonly (readonly [sid: string, until: number])[];

/** What one replica decides by. */
export interface ReplicaState {
  /** Hash of its table. */
  readonly table: string;
  /** The newest resource version of each collection that its table includes. */
  readonly versions: Readonly<Record<string, string>>;
  /** Id of the newest key of its ring. */
  readonly newestKey: string;
  /** Sign-ins that were ended there before their time. A list is never edited, and the same while nothing changes. */
  readonly ended: EndedEntries;
  /** Pools that were seen to answer a refresh with another refresh token. */
  readonly rotating: readonly PoolId[];
}

/** What decides, and what is known beside it, apart: the second may be large, and changes at other times. */
export function stateData({ ended, ...state }: ReplicaState): { readonly state: string; readonly ended: string } {
  return { state: JSON.stringify(state), ended: endedText(ended) };
}

const texts = new WeakMap<EndedEntries, string>();

function endedText(ended: EndedEntries): string {
  const known = texts.get(ended);
  if (known !== undefined) return known;
  const text = ended.map(([sid, until]) => `${sid} ${until.toString(36)}`).join('\n');
  texts.set(ended, text);
  return text;
}

/** Of what can't be read nothing is known; it is never a reason to know less of the rest. */
export function parseEnded(text: string): EndedEntries {
  return text.split('\n').flatMap((line) => {
    const [sid = '', until = ''] = line.split(' ');
    const seconds = Number.parseInt(until, 36);
    return sid === '' || !Number.isFinite(seconds) ? [] : [[sid, seconds] as const];
  });
}

export function endedOf(map: KubeObject): string {
  const data = map['data'];
  const text = isRecord(data) ? data['ended'] : undefined;
  return typeof text === 'string' ? text : '';
}

/** An object that was read is never edited. */
const parsed = new WeakMap<KubeObject, ToldState | undefined>();

export type ToldState = Omit<ReplicaState, 'ended'>;

/** undefined: it can't be read, and then nothing is known of that replica. */
export function parseState(map: KubeObject): ToldState | undefined {
  if (!parsed.has(map)) parsed.set(map, readState(map));
  return parsed.get(map);
}

function readState(map: KubeObject): ToldState | undefined {
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
      rotating: textsOf(value['rotating']),
    };
  } catch {
    return undefined;
  }
}

/**
 * Whether a replica knows at least what `mine` says. The same table decides the same; otherwise every collection has
 * to be as new: resource versions of one collection are numbers that grow (Kubernetes 1.35, KEP-5504; with etcd always).
 */
export function includes(theirs: ToldState, mine: ToldState): boolean {
  if (theirs.table === mine.table) return true;
  return Object.entries(mine.versions).every(([collection, version]) => asNew(theirs.versions[collection], version));
}

/** Also for one collection alone. */
export function asNew(theirs: string | undefined, mine: string): boolean {
  if (theirs === undefined || !/^\d+$/.test(theirs) || !/^\d+$/.test(mine)) return theirs === mine;
  return BigInt(theirs) >= BigInt(mine);
}

/** A replica of an older version says nothing about them. */
function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
