import { limits } from '../session/limits.ts';

/**
 * Where a browser may be sent back to: a path on the host itself. Undefined for everything else, in particular
 * for what some reader could take for another host, raw or decoded once or twice (T8), and for paths of ours.
 * Characters outside ASCII come back percent-encoded: a Location header holds none.
 */
export function readReturnPath(text: string | undefined, prefix: string): string | undefined {
  if (text === undefined || text.length > limits.returnPath || !text.isWellFormed()) {
    return undefined;
  }
  // Raw controls, white space and backslashes have no place in a URL; browsers drop or turn them.
  if (/[\p{Cc}\p{Z}\\]/u.test(text)) {
    return undefined;
  }
  const ascii = text.replaceAll(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part));
  if (ascii.length > limits.returnPath) {
    return undefined;
  }
  const path = /^[^?#]*/.exec(ascii)?.[0] ?? '';
  return readings(path).every((reading) => isPathHere(reading, prefix)) ? ascii : undefined;
}

/** The path as it stands, decoded once, and decoded twice. */
function readings(path: string): readonly string[] {
  const once = decode(path);
  return [path, once, decode(once)];
}

/** Decodes what can be decoded and leaves the rest: no reader agrees with another on malformed escapes. */
function decode(path: string): string {
  return path.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (part) =>
    Buffer.from(part.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function isPathHere(reading: string, prefix: string): boolean {
  // A slash, then nothing or only white space and dots, then a slash of either kind: some reader sees a host.
  if (!reading.startsWith('/') || /^.[\s.\p{Z}]*[/\\]/u.test(reading) || /\p{Cc}/u.test(reading)) {
    return false;
  }
  const normalized = normalize(reading);
  return normalized !== undefined && !normalized.startsWith('//') && !isUnder(normalized, prefix);
}

/** As a browser resolves it; undefined when it would leave the host. */
function normalize(reading: string): string | undefined {
  const base = 'https://host.invalid';
  const url = URL.parse(`${base}${reading}`);
  return url?.origin === base && URL.parse(reading, base)?.origin === base ? url.pathname : undefined;
}

function isUnder(path: string, prefix: string): boolean {
  const lower = path.toLowerCase();
  return lower === prefix.toLowerCase() || lower.startsWith(`${prefix.toLowerCase()}/`);
}

/** Path and query of a return path, as a request for it would have them. */
export function splitReturnPath(returnPath: string): { readonly path: string; readonly query: string } {
  const withoutFragment = /^[^#]*/.exec(returnPath)?.[0] ?? '/';
  const question = withoutFragment.indexOf('?');
  return question === -1
    ? { path: withoutFragment, query: '' }
    : { path: withoutFragment.slice(0, question), query: withoutFragment.slice(question + 1) };
}
