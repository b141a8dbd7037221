import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { suite, test } from 'node:test';

/** Who may import whom. A folder under `src/` that isn't here fails: name its floor first. */
const floors: Readonly<Record<string, readonly string[]>> = {
  model: [],
  schema: ['model'],
  translate: ['model', 'schema', 'decide'],
  decide: ['model'],
  session: ['model'],
  identity: ['model'],
  'sign-in': ['model', 'decide', 'session', 'identity'],
  planes: ['model'],
  kubernetes: ['model'],
  sources: ['model', 'schema', 'kubernetes'],
  controller: ['model', 'planes', 'kubernetes'],
  http: 'model schema translate decide session identity sign-in planes kubernetes sources controller'.split(' '),
  telemetry: ['model'],
};

/** Who may import a package: rooms, or single files of `src/` itself. A package without an owner fails. */
const owners: Readonly<Record<string, readonly string[]>> = {
  zod: ['schema', 'config.ts', 'config-cluster.ts', 'config-fields.ts', 'config-store.ts'],
  yaml: ['sources', 'config.ts'],
  '@redis/client': ['session'],
  re2js: ['decide'],
  jose: ['identity'],
  'openid-client': ['identity'],
  fastify: ['http'],
  undici: ['http', 'serve.ts'],
  pino: ['telemetry'],
  'prom-client': ['telemetry'],
  '@kubernetes/client-node': ['kubernetes'],
  '@peculiar/x509': ['controller'],
  'reflect-metadata': ['controller'],
};

/** Rooms without I/O, clock, randomness and environment, and what of Node they may use. */
const pureRooms: Readonly<Record<string, readonly string[]>> = {
  model: ['node:util'],
  schema: ['node:net'],
  translate: ['node:crypto', 'node:net'],
  decide: ['node:crypto', 'node:net'],
  planes: ['node:net'],
};

const impure = /\b(Date\.now\(|new Date\(\)|Math\.random\(|process\.[a-z]|performance\.now\(|fetch\()/;
const grabBags = /(^|[/-])(utils?|helpers?|common|manager|index)(\.ts|\/)/;
const importForms = [
  /^(?:import|export)\s[^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^import\s*['"]([^'"]+)['"]/gm,
  /\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g,
];

/** The room of a path below `src/`; the file's own name where it lies in `src/` itself. */
function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function importsOf(text: string): string[] {
  return importForms.flatMap((form) => [...text.matchAll(form)].map((match) => match[1] ?? ''));
}

function relativeImport(path: string, target: string): string[] {
  const room = roomOf(path);
  const to = posix.join(posix.dirname(path), target);
  if (to.startsWith('..')) return [`imports ${target}, which is outside of src`];
  const other = roomOf(to);
  if (room.endsWith('.ts') || other === room) return [];
  return floors[room]?.includes(other) ? [] : [`${room} may not import ${other} (${target})`];
}

function packageImport(path: string, target: string): string[] {
  const room = roomOf(path);
  if (target.startsWith('node:')) {
    const allowed = pureRooms[room];
    return allowed === undefined || allowed.includes(target)
      ? []
      : [`${room} does no I/O and may not import ${target}`];
  }
  if (builtinModules.includes(target)) return [`imports ${target} without node:`];
  const name = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
  const owner = owners[name];
  if (owner === undefined) return [`package ${name} has no owner`];
  return owner.includes(room) ? [] : [`package ${name} belongs to ${owner.join(', ')}, not to ${room}`];
}

/** Everything that is wrong with one file; `path` is relative to `src/`. */
function violations(path: string, text: string): string[] {
  const room = roomOf(path);
  const found = importsOf(text).flatMap((target) =>
    target.startsWith('.') ? relativeImport(path, target) : packageImport(path, target),
  );
  if (!room.endsWith('.ts') && !(room in floors)) found.push(`${room} is no room of the house`);
  if (/^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/m.test(text)) found.push('has a default export');
  if (/^export\s*\*/m.test(text)) found.push('is a barrel');
  const lines = text.split('\n').length - 1;
  if (lines > 300) found.push(`has ${lines} lines: two subjects`);
  if (grabBags.test(path)) found.push('has a name that says nothing');
  if (room in pureRooms && impure.test(text)) found.push(`${room} reads a clock, randomness, environment or network`);
  return found;
}

suite('the floors of the house', () => {
  for (const file of globSync('src/**/*.ts').toSorted()) {
    test(file, () => assert.deepEqual(violations(file.slice('src/'.length), readFileSync(file, 'utf8')), []));
  }
});

const broken: readonly (readonly [rule: string, path: string, text: string, complaint: RegExp])[] = [
  ['an import of a higher floor', 'decide/a.ts', "import { a } from '../http/a.ts';", /may not import http/],
  ['a type import, over lines', 'model/a.ts', "import type {\n  A,\n} from '../decide/a.ts';", /may not import decide/],
  ['a re-export of a higher floor', 'planes/a.ts', "export { a } from '../sign-in/a.ts';", /may not import sign-in/],
  ['a dynamic import', 'session/a.ts', "const a = await import('../http/a.ts');", /may not import http/],
  ['an import of the root', 'http/a.ts', "import { config } from '../config.ts';", /may not import config/],
  [
    'a room importing telemetry',
    'sign-in/a.ts',
    "import { log } from '../telemetry/log.ts';",
    /may not import telemetry/,
  ],
  ['an import from outside of src', 'serve.ts', "import { a } from '../test/a.ts';", /outside of src/],
  ['a package of another room', 'sign-in/a.ts', "import * as jose from 'jose';", /belongs to identity/],
  ['a part of a package of another room', 'http/a.ts', "import { x } from 'jose/jwt/verify';", /belongs to identity/],
  ['a package that only the root may have', 'session/a.ts', "import 'undici';", /belongs to http, serve\.ts/],
  ['a package without an owner', 'http/a.ts', "import _ from 'lodash';", /lodash has no owner/],
  ['a scoped package without an owner', 'http/a.ts', "import x from '@a/b/c';", /@a\/b has no owner/],
  ['a builtin without node:', 'http/a.ts', "import fs from 'fs';", /without node:/],
  ['I/O in a pure room', 'translate/a.ts', "import fs from 'node:fs';", /no I\/O/],
  ['a clock in a pure room', 'decide/a.ts', 'const now = Date.now();', /reads a clock/],
  ['environment in a pure room', 'schema/a.ts', "const a = process.env['A'];", /environment/],
  ['a default export', 'http/a.ts', 'export default function a() {}', /default export/],
  ['a default export by name', 'http/a.ts', 'export { a as default };', /default export/],
  ['a barrel', 'session/a.ts', "export * from './b.ts';", /barrel/],
  ['a file with two subjects', 'http/a.ts', 'a;\n'.repeat(301), /301 lines/],
  ['a room that the house lacks', 'things/a.ts', '', /no room of the house/],
  ['a name that says nothing', 'http/string-utils.ts', '', /says nothing/],
];

suite('the check of the floors can fail', () => {
  for (const [rule, path, text, complaint] of broken) {
    test(`on ${rule}`, () => {
      const found = violations(path, text);
      assert.ok(
        found.some((line) => complaint.test(line)),
        `no complaint; found: ${found.join('; ')}`,
      );
    });
  }

  test('and passes what is allowed', () => {
    const text = [
      "import { inspect } from 'node:util';",
      "import type { Route } from '../model/route.ts';",
      "import { judge } from './judge.ts';",
      "import { RE2JS } from 're2js';",
      "// taken from '../http/a.ts'",
      'export const a = 1;',
    ].join('\n');
    assert.deepEqual(violations('decide/a.ts', text.replace('node:util', 'node:net')), []);
    assert.deepEqual(violations('serve.ts', "import { a } from './http/a.ts';\nimport { fetch } from 'undici';"), []);
    assert.deepEqual(violations('http/a.ts', 'a;\n'.repeat(300)), []);
  });
});
