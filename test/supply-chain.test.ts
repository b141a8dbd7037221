/** What the program is made of: licences, known faults, and the list that a release carries. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test from 'node:test';
import { allowedLicences, productionDependencies } from '../scripts/generated/licences.ts';
import { advisoriesOf, arguedIn, judge } from '../scripts/supply/advisories.ts';

const root = join(import.meta.dirname, '..');
const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

test('every package of the program has a licence that may be in it', () => {
  const all = productionDependencies();
  assert.ok(all.length > 50);
  assert.deepEqual(
    all.filter(({ licence }) => !allowedLicences.includes(licence)),
    [],
  );
});

test('the lockfile tells the licence that the installed package declares', () => {
  // Optional ones of other platforms are not here.
  const installed = productionDependencies().filter(({ path }) => existsSync(join(root, path, 'package.json')));
  assert.ok(installed.length > 50);
  for (const { path, version, licence } of installed) {
    const declared = json(join(root, path, 'package.json')) as { version?: string; license?: unknown };
    assert.deepEqual([declared.version, declared.license], [version, licence], path);
  }
});

/** As npm 11 prints it. */
const report = {
  auditReportVersion: 2,
  vulnerabilities: {
    wrapper: { name: 'wrapper', severity: 'high', via: ['inner'], effects: [], range: '<2' },
    inner: {
      name: 'inner',
      severity: 'high',
      via: [
        {
          source: 1101234,
          name: 'inner',
          dependency: 'inner',
          title: 'inner does too much',
          url: 'https://github.com/advisories/GHSA-2345-6789-cfgh',
          severity: 'high',
          range: '<1.2.3',
        },
      ],
      effects: ['wrapper'],
      range: '<1.2.3',
    },
  },
  metadata: {},
};

test('a fault is named once, by its advisory', () => {
  assert.deepEqual(
    advisoriesOf(report)?.map(({ id, package: name, severity }) => [id, name, severity]),
    [['GHSA-2345-6789-cfgh', 'inner', 'high']],
  );
  assert.deepEqual(advisoriesOf({ auditReportVersion: 2, vulnerabilities: {} }), []);
  assert.equal(advisoriesOf({ message: '405 Method Not Allowed', statusCode: 405 }), undefined);
  assert.equal(advisoriesOf(undefined), undefined);
});

test('one that the page argues about passes; a new one does not; a row that nothing needs is told', () => {
  const page = '| id | package |\n| --- | --- |\n| GHSA-2345-6789-cfgh | inner |\n| `GHSA-3333-4444-5555` | gone |\n';
  const found = advisoriesOf(report) ?? [];
  assert.deepEqual(judge(found, arguedIn(page)), { unargued: [], settled: ['GHSA-3333-4444-5555'] });
  assert.deepEqual(judge(found, arguedIn('')).unargued, found);
});

/** `make audit` with an npm that prints this. */
function audit(stdout: string, ...args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'cg-audit-'));
  try {
    writeFileSync(join(folder, 'answer'), stdout);
    writeFileSync(join(folder, 'npm'), '#!/bin/sh\ncat "$(dirname "$0")/answer"\n', { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` };
    return spawnSync(process.execPath, ['scripts/audit.ts', ...args], { cwd: root, encoding: 'utf8', env });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('make audit fails for a fault that nobody has argued about, with package, range and address', () => {
  const { status, stdout } = audit(JSON.stringify(report));
  assert.equal(status, 1);
  assert.match(stdout, /error: high: inner <1\.2\.3: inner does too much \(GHSA-2345-6789-cfgh, https:/);
});

test('a registry that does not answer is said, and stops a release only', () => {
  const refused = JSON.stringify({ message: '405 Method Not Allowed', statusCode: 405 });
  const here = audit(refused);
  assert.deepEqual([here.status, /could not be asked/.test(here.stdout)], [0, true]);
  assert.equal(audit(refused, '--required').status, 1);
  assert.equal(audit('<html>', '--required').status, 1);
  assert.equal(audit(JSON.stringify({ auditReportVersion: 2, vulnerabilities: {} }), '--required').status, 0);
});

test('make sbom lists every package of the program, none of development, with licence and checksum', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/sbom.ts'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { version } = json(join(root, 'package.json')) as { version: string };
  const bom = json(join(root, `dist/cognito-gate-${version}.cdx.json`)) as {
    readonly bomFormat: string;
    readonly metadata: { readonly component: { readonly name: string } };
    readonly components: readonly { name: string; version: string; licenses?: unknown[]; hashes?: unknown[] }[];
  };
  assert.deepEqual([bom.bomFormat, bom.metadata.component.name], ['CycloneDX', 'cognito-gate']);
  const wanted = new Set(productionDependencies().map((one) => `${one.name}@${one.version}`));
  assert.deepEqual(new Set(bom.components.map((one) => `${one.name}@${one.version}`)), wanted);
  for (const one of bom.components) assert.ok(one.licenses?.length === 1 && one.hashes?.length === 1, one.name);
});
