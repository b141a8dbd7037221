import { readingsOf } from './readings.ts';

/** How the path of a request can be understood. */
export type PathForm =
  | {
      readonly kind: 'plain';
      /** Percent-decoded once. */
      readonly path: string;
      /** The spelling as sent, where it encodes letters that need no encoding: a Public rule must match it too. */
      readonly needlesslyEncoded: string | undefined;
    }
  /** Every reading; `undefined` when there are too many. */
  | { readonly kind: 'ambiguous'; readonly readings: readonly string[] | undefined }
  | { readonly kind: 'malformed' };

/** Segments of harmless characters, none empty or a dot segment: what nearly every request has. */
const ordinary = /^(?=\/)(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9\-._~!$&'()*+,=:@]+)*\/?$/;

/** Reads a raw path (dataplanes.md 2.1). Pure; linear in the path's length. */
export function readPath(raw: string): PathForm {
  if (ordinary.test(raw)) return { kind: 'plain', path: raw, needlesslyEncoded: undefined };
  return readUnusual(raw);
}

const ambiguousSpelling = /\/\/|[\\;#?\u0080-\uffff]|\/\.{1,2}(?:\/|$)|%(?:2e|2f|5c|25|[01][0-9a-f]|7f|23|3b|3f)/i;
const control = /[\u0000-\u001f\u007f-\u009f]/;

function readUnusual(raw: string): PathForm {
  const decoded = decodeOnce(raw);
  if (decoded === undefined) return { kind: 'malformed' };
  const unstable = control.test(decoded) || decoded.normalize('NFKC') !== decoded;
  if (unstable || ambiguousSpelling.test(raw)) return { kind: 'ambiguous', readings: readingsOf(raw) };
  return { kind: 'plain', path: decoded, needlesslyEncoded: encodesUnreserved.test(raw) ? raw : undefined };
}

/** `%41`–`%5a`, `%61`–`%7a`, `%30`–`%39`, `-`, `_`, `~`: RFC 3986 2.3 says that nobody should encode these. */
const encodesUnreserved = /%(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|3[0-9]|2d|5f|7e)/i;

/** Undefined: malformed. RFC 3986 2.1 and 3.3; what NGINX itself refuses with 400, and bytes that are no text (T12). */
function decodeOnce(raw: string): string | undefined {
  if (!raw.startsWith('/') || /[\u0000-\u0020\u007f]|[^\u0000-\u00ff]/.test(raw)) return undefined;
  const text = /[\u0080-\u00ff]/.test(raw) ? Buffer.from(raw, 'latin1').toString('utf8') : raw;
  if (text.includes('\ufffd')) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The one canonical form of a path that has one. */
export function canonicalPath(raw: string): string | undefined {
  const form = readPath(raw);
  return form.kind === 'plain' ? form.path : undefined;
}

/** Whether a path is under a prefix by whole segments; `prefix` without a slash at its end. */
export function isUnder(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47);
}

/** Whether any reading of a path is under a prefix. */
export function someReadingUnder(form: PathForm, prefix: string): boolean {
  if (form.kind === 'plain') return isUnder(form.path, prefix);
  return form.kind === 'ambiguous' && (form.readings ?? []).some((reading) => isUnder(reading, prefix));
}
