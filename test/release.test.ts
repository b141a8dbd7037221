/** The release workflow as far as this machine can try it: its own script, its shape, and what its steps name. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly needs?: string | readonly string[];
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
}

const workflow = parse(read('.github/workflows/release.yaml')) as {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
};

/** A checkout of a version of its own. */
function checkout(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cg-release-'));
  mkdirSync(join(folder, 'scripts'));
  mkdirSync(join(folder, 'charts/cognito-gate'), { recursive: true });
  mkdirSync(join(folder, 'test/session/frozen'), { recursive: true });
  cpSync(join(root, 'scripts/release-version.sh'), join(folder, 'scripts/release-version.sh'));
  for (const [name, text] of Object.entries(files)) if (text !== '') writeFileSync(join(folder, name), text);
  return folder;
}

const good = {
  'package.json': '{\n  "name": "x",\n  "version": "1.2.3",\n  "private": true\n}\n',
  'charts/cognito-gate/Chart.yaml': 'version: 0.4.0\nappVersion: 1.2.3\n',
  'test/session/frozen/1.2.3.json': '{}\n',
  'CHANGELOG.md': '# Changelog\n\n## Unreleased\n\n## 1.2.3\n\n### Added\n\n- That.\n\n## 1.2.2\n\n- Older.\n',
};

const rows: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ['package.json', { 'package.json': good['package.json'].replace('1.2.3', '1.2.4') }, 'package.json says 1.2.4'],
  ['the chart', { 'charts/cognito-gate/Chart.yaml': 'appVersion: 1.2.4\n' }, 'Chart.yaml says 1.2.4, the tag v1.2.3'],
  ['a file of samples', { 'test/session/frozen/1.2.3.json': '' }, 'is missing: node scripts/freeze-samples.ts 1.2.3'],
  ['the changelog', { 'CHANGELOG.md': '# Changelog\n\n## Unreleased\n' }, 'has no section "## 1.2.3"'],
];

for (const [what, files, message] of rows) {
  test(`a tag whose version ${what} doesn’t name is no release`, () => {
    const folder = checkout({ ...good, ...files });
    const { status, stderr } = spawnSync('bash', ['scripts/release-version.sh', 'v1.2.3'], {
      cwd: folder,
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    assert.equal(status, 1);
    assert.ok(stderr.includes(message), stderr);
  });
}

test('the notes of a release are its section of the changelog', () => {
  const folder = checkout(good);
  const args = ['scripts/release-version.sh', '--notes', 'v1.2.3'];
  const { status, stdout } = spawnSync('bash', args, { cwd: folder, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  assert.equal(status, 0);
  assert.equal(stdout.trim(), '### Added\n\n- That.');
});

test('the chart installs the version of package.json', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const { appVersion } = parse(read('charts/cognito-gate/Chart.yaml')) as { appVersion: string };
  assert.equal(appVersion, version);
});

test('each job of the release has only the permissions that it names, a time limit, and needs the tests', () => {
  assert.deepEqual(workflow.permissions, {});
  for (const [name, job] of Object.entries(workflow.jobs)) {
    assert.ok(job.permissions !== undefined, name);
    assert.ok(job['timeout-minutes'] !== undefined, name);
    assert.ok(name === 'check' || job.needs !== undefined, name);
    for (const { uses } of job.steps) assert.ok(uses === undefined || /@v\d+$/.test(uses), uses);
  }
});

test('the lines that write the image into the chart find what they replace', () => {
  const values = read('charts/cognito-gate/values.yaml').split('\n');
  assert.equal(values.filter((line) => /^ {2}repository: /.test(line)).length, 1);
  assert.equal(values.filter((line) => line.startsWith("  digest: ''")).length, 1);
});

test('every shell line of the release parses', () => {
  for (const { run } of Object.values(workflow.jobs).flatMap(({ steps }) => steps)) {
    if (run === undefined) continue;
    const { status, stderr } = spawnSync('bash', ['-n'], { input: run, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
});
