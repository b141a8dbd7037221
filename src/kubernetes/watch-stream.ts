import { errorFromStatus, KubeApiError } from './api-error.ts';
import { isRecord, kubeObject, type KubeObject } from './object.ts';

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  /** Nothing changed up to this version. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

const changes: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED']);

/**
 * Events by chunk, as they came: a chunk without a whole line gives an empty list (something was heard).
 * An ERROR event throws as the call itself would have, a line that is no event throws `Malformed`, both after the
 * events before it. A line that the end of the stream cut off is dropped: the next watch brings it again.
 */
export async function* watchEvents(
  chunks: AsyncIterable<unknown>,
  call: string,
): AsyncGenerator<readonly WatchEvent[]> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    const events: WatchEvent[] = [];
    let failure: unknown;
    for (const line of lines) {
      try {
        events.push(eventOf(line, call));
      } catch (error) {
        failure = error;
        break;
      }
    }
    yield events;
    if (failure !== undefined) throw failure;
  }
}

function eventOf(line: string, call: string): WatchEvent {
  const event = parsed(line, call);
  const { type, object } = isRecord(event) ? event : {};
  if (type === 'ERROR') throw errorFromStatus(object, 0, `in the stream of ${call}`);
  try {
    if (type === 'BOOKMARK') return { type, resourceVersion: versionOf(object) };
    if (isChange(type)) return { type, object: kubeObject(object) };
  } catch (error) {
    throw malformed(call, error);
  }
  throw malformed(call, new Error(`an event of type ${JSON.stringify(type)}`));
}

function isChange(type: unknown): type is 'ADDED' | 'MODIFIED' | 'DELETED' {
  return changes.has(type);
}

/** A bookmark's object has a version and nothing else. */
function versionOf(object: unknown): string {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined;
  if (typeof version !== 'string' || version === '') throw new Error('a bookmark without resourceVersion');
  return version;
}

function parsed(line: string, call: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw malformed(call, error);
  }
}

function malformed(call: string, cause: unknown): KubeApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KubeApiError({ status: 0, reason: 'Malformed' }, `${call}: a line of the stream is no event: ${why}`, {
    cause,
  });
}
