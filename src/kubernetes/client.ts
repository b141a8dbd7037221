import { isGone, KubeApiError } from './api-error.ts';
import type { Connection } from './connection.ts';
import { isRecord, kubeObject, type KubeObject } from './object.ts';
import { collectionPath, placePath, type Collection, type Place } from './resources.ts';
import { callName, createTransport, networkError, type Call, type Transport } from './transport.ts';
import { watchEvents, type WatchEvent } from './watch-stream.ts';

export { KubeApiError };
export type { WatchEvent };

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
  readonly subresource?: 'status';
  readonly dryRun?: boolean;
}

export interface KubeList {
  readonly items: KubeObject[];
  readonly resourceVersion: string;
}

/** The few calls that are made. Each throws KubeApiError, and nothing else, when it can't be done. */
export interface KubeClient {
  list(collection: Collection, signal?: AbortSignal): Promise<KubeList>;
  /** Events after `resourceVersion`, all of one chunk together, until the server ends the stream or nothing comes for `idleMs`. */
  watch(
    collection: Collection,
    resourceVersion: string,
    options: { readonly signal: AbortSignal; readonly idleMs: number; readonly timeoutSeconds: number },
  ): AsyncGenerator<readonly WatchEvent[]>;
  get(place: Place): Promise<KubeObject | undefined>;
  create(place: Place, object: unknown): Promise<KubeObject>;
  replace(place: Place, object: unknown): Promise<KubeObject>;
  /** Server-side apply: `object` names only the fields that are to be owned. */
  apply(place: Place, object: unknown, options: ApplyOptions): Promise<KubeObject>;
  /** JSON merge patch; `metadata.resourceVersion` in it makes it conditional. */
  merge(place: Place, patch: unknown, options: Pick<ApplyOptions, 'fieldManager' | 'subresource'>): Promise<KubeObject>;
  /** Whether it was there; with a uid or version that isn't its own: 409. */
  remove(place: Place, only?: { readonly uid?: string; readonly resourceVersion?: string }): Promise<boolean>;
  close(): void;
}

const pageSize = '500';
/** A list whose continue token expires half way starts over; more often than this, the collection outruns us. */
const maxStarts = 3;

export function createKubeClient(connection: Connection): KubeClient {
  const transport = createTransport(connection);
  const write = async (call: Call): Promise<KubeObject> => received(await transport.json(call), call);
  return {
    list: (collection, signal) => listed(transport, collection, signal),
    watch: (collection, resourceVersion, options) => watched(transport, collection, { resourceVersion, ...options }),
    get: async (place) => {
      const call: Call = { method: 'GET', path: placePath(place) };
      return await unlessMissing(async () => received(await transport.json(call), call), undefined);
    },
    create: (place, object) => write({ method: 'POST', path: collectionPath(place), body: object }),
    replace: (place, object) => write({ method: 'PUT', path: placePath(place), body: object }),
    apply: (place, object, options) => write(patchCall(place, object, { ...options, type: 'apply-patch+yaml' })),
    merge: (place, patch, options) => write(patchCall(place, patch, { ...options, type: 'merge-patch+json' })),
    remove: (place, only) =>
      unlessMissing(async () => {
        const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...(only !== undefined && { preconditions: only }) };
        await transport.json({ method: 'DELETE', path: placePath(place), body });
        return true;
      }, false),
    close: () => transport.close(),
  };
}

function selectors({ labelSelector, fieldSelector }: Collection): Record<string, string> {
  return {
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
}

async function listed(
  transport: Transport,
  collection: Collection,
  signal: AbortSignal | undefined,
): Promise<KubeList> {
  for (let start = 1; ; start += 1) {
    try {
      return await pages(transport, collection, signal);
    } catch (error) {
      if (!isGone(error) || start === maxStarts) throw error;
    }
  }
}

async function pages(transport: Transport, collection: Collection, signal: AbortSignal | undefined): Promise<KubeList> {
  const items: KubeObject[] = [];
  let next: string | undefined;
  for (;;) {
    const query = { ...selectors(collection), limit: pageSize, ...(next !== undefined && { continue: next }) };
    const call: Call = {
      method: 'GET',
      path: collectionPath(collection),
      query,
      ...(signal !== undefined && { signal }),
    };
    const page = pageOf(await transport.json(call), call);
    items.push(...page.items);
    next = page.next;
    if (next === undefined) return { items, resourceVersion: page.resourceVersion };
  }
}

function pageOf(body: unknown, call: Call): KubeList & { readonly next: string | undefined } {
  const list = isRecord(body) ? body : {};
  const metadata = isRecord(list['metadata']) ? list['metadata'] : {};
  const { resourceVersion, continue: next } = metadata;
  if (typeof resourceVersion !== 'string' || typeof list['kind'] !== 'string' || typeof list['apiVersion'] !== 'string')
    throw malformed(call, 'the answer is no list');
  const filled = { apiVersion: list['apiVersion'], kind: list['kind'].replace(/List$/, '') };
  const items = Array.isArray(list['items']) ? list['items'] : [];
  return {
    items: items.map((item) => received(item, call, filled)),
    resourceVersion,
    next: typeof next === 'string' && next !== '' ? next : undefined,
  };
}

type WatchOptions = Parameters<KubeClient['watch']>[2] & { readonly resourceVersion: string };

async function* watched(
  transport: Transport,
  collection: Collection,
  { resourceVersion, timeoutSeconds, idleMs, signal }: WatchOptions,
): AsyncGenerator<readonly WatchEvent[]> {
  const query = {
    ...selectors(collection),
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(timeoutSeconds),
    resourceVersion,
  };
  const call: Call = { method: 'GET', path: collectionPath(collection), query, signal };
  try {
    const response = await transport.stream(call, idleMs);
    yield* watchEvents(response.setEncoding('utf8'), `watch ${call.path}`);
  } catch (error) {
    throw networkError(error, call);
  }
}

type PatchOptions = ApplyOptions & { readonly type: string };

function patchCall(place: Place, body: unknown, { type, subresource, ...options }: PatchOptions): Call {
  return {
    method: 'PATCH',
    path: subresource === undefined ? placePath(place) : `${placePath(place)}/${subresource}`,
    query: {
      fieldManager: options.fieldManager,
      ...(options.force === true && { force: 'true' }),
      ...(options.dryRun === true && { dryRun: 'All' }),
    },
    body,
    contentType: `application/${type}`,
  };
}

async function unlessMissing<T>(call: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return otherwise;
    throw error;
  }
}

function received(body: unknown, call: Call, filled?: { apiVersion: string; kind: string }): KubeObject {
  try {
    return kubeObject(call.query?.['dryRun'] === undefined ? body : versioned(body), filled);
  } catch (error) {
    throw malformed(call, error instanceof Error ? error.message : String(error));
  }
}

/** What would only be created has no version yet. */
function versioned(body: unknown): unknown {
  if (!isRecord(body) || !isRecord(body['metadata'])) return body;
  return { ...body, metadata: { resourceVersion: '', ...body['metadata'] } };
}

function malformed(call: Call, why: string): KubeApiError {
  return new KubeApiError({ status: 0, reason: 'Malformed' }, `${callName(call)}: ${why}`);
}
