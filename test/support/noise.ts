import fc from 'fast-check';

/** Real values, to be mangled. */
export interface Real {
  readonly name: string;
  readonly session: string;
  readonly grant: string;
  readonly state: string;
  readonly request: string;
}

/** A text of ours with something wrong in it: cut, a character exchanged, put in, doubled. */
export function mangled(text: () => string): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    length: fc.nat(6),
    put: fc.string({ unit: 'binary-ascii', maxLength: 4 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    let out = text();
    for (const { at, length, put } of changes) {
      const start = Math.floor(at * out.length);
      out = `${out.slice(0, start)}${put}${out.slice(start + length)}`;
    }
    return out === text() ? `${out}A` : out;
  });
}

/** What a reader would take for the real session: no attack. */
export const isReal = (jar: string, session: string): boolean =>
  jar.split(';').some((pair) => pair.slice(pair.indexOf('=') + 1).trim() === session);
export const headerText = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '');
const pathParts = fc.constantFrom(
  'admin',
  'healthz',
  '..',
  '.',
  '%2e%2e',
  '%2f',
  '%5c',
  '\\',
  ';x',
  '//',
  '%00',
  '%',
  '%zz',
  '%ff',
  '\u00e9',
  '#',
  '?',
  '_cognito-gate',
  'start',
  '%252e',
  'A',
  '~',
  ':',
  '@',
  '{',
  '"',
  "'",
  '<',
  '|',
  '^',
  '`',
  '$',
);
export const path = fc
  .array(pathParts, { maxLength: 8 })
  .map((parts) => `/${parts.join(parts.length % 2 === 0 ? '/' : '')}`);
export const cookies = (real: () => Real): fc.Arbitrary<string> =>
  fc.oneof(
    mangled(() => real().session).map((value) => `${real().name}=${value}`),
    mangled(() => `${real().name}=${real().session}x`),
    mangled(() => real().grant).map((value) => `${real().name}=${value}`),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .array(
        mangled(() => `${real().session}x`).map((value) => `${real().name}=${value}`),
        { maxLength: 3 },
      )
      .map((list) => list.join('; ')),
  );
const names = fc.constantFrom(
  'X-Forwarded-Uri',
  'X-Forwarded-Method',
  'X-Forwarded-Host',
  'X-Original-URI',
  'X-Rewrite-URL',
  'Accept',
  'Sec-Fetch-Mode',
  'Sec-Fetch-Dest',
  'Upgrade',
  'Origin',
  'X-Real-IP',
  'X-Forwarded-For',
  'Authorization',
  'X-Auth-Request-User',
  'X-Auth-Request-Groups',
  'Purpose',
  'Range',
  'If-None-Match',
  'Content-Type',
  'X-HTTP-Method-Override',
  'Expect',
);
const values = fc.oneof(
  fc.constantFrom(
    '/healthz',
    'GET',
    'OPTIONS',
    'navigate',
    'document',
    'websocket',
    'text/html',
    '127.0.0.1',
    'admins',
    '*',
    'bytes=0-',
    '100-continue',
    'x',
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
export const headers = fc
  .array(fc.tuple(names, values.map(headerText)), { maxLength: 6 })
  .map((list) => Object.fromEntries(list));
