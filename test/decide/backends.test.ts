import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/decide/decide.ts';
import { options, person, request, shop } from './samples.ts';

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return unescape(path);
  }
}

function decodeButSlashes(segment: string): string {
  return decode(segment.replace(/%(2f|5c)/gi, '%25$1'));
}

/** What real servers do with a path before they route it, written independently of how we read paths. */
const backends: Readonly<Record<string, (path: string) => string>> = {
  'takes it as it is': (path) => path,
  'decodes, then resolves (NGINX, Apache)': (path) => posix.normalize(decode(path)),
  'resolves, then decodes': (path) => decode(posix.normalize(path)),
  'decodes twice': (path) => posix.normalize(decode(decode(path))),
  'drops parameters, decodes, resolves (Tomcat, Jetty)': (path) => posix.normalize(decode(path.replace(/;[^/]*/g, ''))),
  'decodes, drops parameters, resolves': (path) => posix.normalize(decode(path).replace(/;[^/]*/g, '')),
  'reads backslashes as slashes (IIS)': (path) => posix.normalize(decode(path).replaceAll('\\', '/')),
  'reads it as a URL (WHATWG)': (path) => new URL(path, 'http://app.test').pathname,
  'reads it as a URL, then decodes': (path) => decode(new URL(path, 'http://app.test').pathname),
  'joins it to an origin': (path) => decode(new URL(`http://app.test${path}`).pathname),
  'decodes, then reads it as a URL': (path) => new URL(decode(path), 'http://app.test').pathname,
  'a gateway that cleans, an app that decodes': (path) => posix.normalize(decode(new URL(`http://a${path}`).pathname)),
  'cuts at NUL (C)': (path) => posix.normalize(decode(path).split('\0')[0] ?? ''),
  'decodes each segment (Express)': (path) => path.split('/').map(decode).join('/'),
  'decodes all but slashes, then resolves (Traefik)': (path) =>
    posix.normalize(path.split('/').map(decodeButSlashes).join('/')),
  'normalises Unicode': (path) => posix.normalize(decode(path).normalize('NFKC')),
};

const pieces = ['/', '/', '//', '.', '..', '%2f', '%2E', '%2e%2e', '%5c', '%25', '%252e', '%252f', '%23', '%3b', '%3f'];
const more = ['%00', '%09', ';', ';a=b', '#', '\\', '%EF%BC%8F', '%EF%BD%81', '%C0%AE', '\u00e9', '@', ':', 'x'];
const words = ['admin', 'admin', 'admin', 'public', 'public', 'healthz', '%61dmin', '%2561dmin', 'adm', 'in'];

function under(path: string): boolean {
  return path === '/admin' || path.startsWith('/admin/');
}

for (const [what, read] of Object.entries(backends)) {
  test(`T16: a backend that ${what} serves /admin to nobody who may not have it`, () => {
    let reached = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces, ...more, ...words), { minLength: 1, maxLength: 9 }), (parts) => {
        const path = `/${parts.join('')}`;
        if (!servesAdmin(read, path)) return;
        reached += 1;
        for (const who of [[], [person({ in: ['staff'] })]]) {
          const verdict = decide(request({ path }), who, shop, options);
          assert.equal(verdict.kind, 'refuse', `${path}: ${verdict.reason} by ${String(verdict.rule)}`);
        }
      }),
      { numRuns: 4_000 },
    );
    assert.ok(reached > 20, `only ${String(reached)} of the paths reached it`);
  });
}

function servesAdmin(read: (path: string) => string, path: string): boolean {
  try {
    return under(read(path));
  } catch {
    return false;
  }
}
