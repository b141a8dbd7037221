import type { RefusalReason } from '../model/verdict.ts';
import { identityHeaders, isAlias } from './identity-headers.ts';

/** Node's `rawHeaders`: name, value, name, value. */
export type RawHeaders = readonly string[];

/** The headers that a decision reads, by lower-case name. */
export type ReadHeaders = ReadonlyMap<string, string>;

/** Written by the proxy: two of one name mean that the client's own came through. */
const single = new Set(['x-original-url', 'x-original-method', 'x-forwarded-uri', 'x-forwarded-method', 'x-real-ip']);

/** The client's own. Several of a name are read as one list, which then fits no value that we look for. */
const listed = new Set([
  'cookie',
  'authorization',
  'origin',
  'accept',
  'upgrade',
  'purpose',
  'sec-purpose',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'sec-fetch-site',
  'sec-websocket-key',
  'sec-websocket-version',
  'access-control-request-method',
]);

/** Most headers of a browser aren't looked at: their length tells, before any text is made or hashed. */
const lengths = lookUp([...single, ...listed, ...identityHeaders].map((name) => name.length));

function lookUp(values: readonly number[]): Uint8Array {
  const table = new Uint8Array(Math.max(...values) + 1);
  for (const value of values) table[value] = 1;
  return table;
}

/** Counts bytes as they came in, line ends included. */
export function readHeaders(raw: RawHeaders, maxBytes: number): ReadHeaders | RefusalReason {
  const read = new Map<string, string>();
  let bytes = 0;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const spelled = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    bytes += spelled.length + value.length + 4;
    if (bytes > maxBytes) return 'headers_too_large';
    if (lengths[spelled.length] !== 1) continue;
    const name = spelled.toLowerCase();
    if (isAlias(name)) return 'header_alias';
    const refusal = add(read, name, value);
    if (refusal !== undefined) return refusal;
  }
  return read;
}

/** What no value can hold: it tells two `Authorization` headers from one. */
const twice = '\n';

const separators: ReadonlyMap<string, string> = new Map([
  // RFC 9113 8.2.3: cookies are split over several fields in HTTP/2.
  ['cookie', '; '],
  ['authorization', twice],
]);

/** RFC 9110 11.6.2 allows one; of two a proxy, an app and we might each take another. */
export function cameTwice(value: string | undefined): boolean {
  return value?.includes(twice) === true;
}

function add(read: Map<string, string>, name: string, value: string): RefusalReason | undefined {
  const isSingle = single.has(name);
  if (!isSingle && !listed.has(name)) return undefined;
  const before = read.get(name);
  if (before === undefined) read.set(name, value);
  else if (isSingle) return 'witness_malformed';
  else read.set(name, `${before}${separators.get(name) ?? ', '}${value}`);
  return undefined;
}
