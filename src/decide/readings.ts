/**
 * More than this and the path is refused unread: nobody needs such a path, and judging one must stay cheap. One thread
 * decides for everybody, so what a hostile path costs, others wait (a path of 8 kB: 6 ms with five times the characters).
 */
const maxReadings = 128;
const maxCharacters = 16_000;

/**
 * Every path that some backend could make out of one ambiguous path: the closure of the steps below, in any order and
 * any number of times, so that neither the order of decoding and resolving nor the depth of an encoding needs guessing.
 * `undefined`: too many or too long to judge.
 */
export function readingsOf(raw: string): readonly string[] | undefined {
  const seen = new Set<string>([raw]);
  let characters = 0;
  for (const reading of seen) {
    characters += reading.length;
    if (seen.size > maxReadings || characters > maxCharacters) return undefined;
    for (const step of steps) {
      for (const next of step(reading)) seen.add(next);
    }
  }
  return [...seen];
}

type Step = (path: string) => readonly string[];

/** Raw bytes come from Node as Latin-1 characters. A lone one that isn't UTF-8 was refused as malformed before. */
const readAsUtf8: Step = (path) => {
  if (!/[\u0080-\u00ff]/.test(path) || /[^\u0000-\u00ff]/.test(path)) return [];
  const text = Buffer.from(path, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? [] : [text];
};

const decode: Step = (path) => (path.includes('%') ? [decodeLeniently(path)] : []);

/** Routers that split into segments first (Express, Go's RawPath, Tomcat) leave encoded slashes alone. */
const decodeWithinSegments: Step = (path) => {
  if (!path.includes('%')) return [];
  const kept = path.replace(/%(2f|5c)/gi, '%25$1');
  return [decodeLeniently(kept)];
};

function decodeLeniently(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

/** RFC 3986 5.2.4, and the same without the slash that a last dot segment leaves (Node's and Java's normalisers). */
const resolveDots: Step = (path) => {
  if (!/\/\.{1,2}(\/|$)/.test(path)) return [];
  const resolved: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') resolved.pop();
    else if (segment !== '.') resolved.push(segment);
  }
  const last = segments.at(-1);
  const text = `/${resolved.join('/')}`;
  return (last === '.' || last === '..') && !text.endsWith('/') ? [text, `${text}/`] : [text];
};

const mergeSlashes: Step = (path) => (path.includes('//') ? [path.replace(/\/{2,}/g, '/')] : []);

/** `new URL('//x/admin', base)` reads `x` as a host: the path is then `/admin`. */
const dropAuthority: Step = (path) => (path.startsWith('//') ? [path.replace(/^\/{2,}[^/]*/, '') || '/'] : []);

const readBackslashAsSlash: Step = (path) => (path.includes('\\') ? [path.replaceAll('\\', '/')] : []);

/** Servlet containers drop `;name=value` from every segment before they resolve dots. */
const stripParameters: Step = (path) => (path.includes(';') ? [path.replace(/;[^/]*/g, '')] : []);

const cutAt =
  (mark: string): Step =>
  (path) => {
    const at = path.indexOf(mark);
    return at < 0 ? [] : [path.slice(0, at) || '/'];
  };

const controls = /[\u0000-\u001f\u007f-\u009f]/g;
/** URL parsers after WHATWG remove tabs and line ends. */
const dropControls: Step = (path) => [path.replace(controls, '')];

const normalise: Step = (path) => [path.normalize('NFC'), path.normalize('NFKC')];

const steps: readonly Step[] = [
  readAsUtf8,
  decode,
  decodeWithinSegments,
  resolveDots,
  mergeSlashes,
  dropAuthority,
  readBackslashAsSlash,
  stripParameters,
  cutAt('?'),
  cutAt('#'),
  cutAt(';'),
  cutAt('\0'),
  dropControls,
  normalise,
];
