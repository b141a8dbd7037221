import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Installation, Snapshot } from '../../src/model/snapshot.ts';
import { FolderError, openFolder, readSecrets } from '../../src/sources/folder.ts';

const installation: Installation = {
  signInHost: 'auth.example.com',
  defaultPool: undefined,
  poolNamespaces: [],
  clientAddressKnown: false,
  prefix: '/_cognito-gate',
  controllerName: 'cognito-gate',
  decisionsUrl: 'http://cognito-gate-decisions.cognito-gate.svc.cluster.local:8080/nginx/',
  releaseNamespace: undefined,
  ingressControllers: ['k8s.io/ingress-nginx'],
  onPolicyGone: 'Refuse',
};

async function temporary(t: TestContext, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'folder-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await put(folder, name, text);
  return folder;
}

async function put(folder: string, name: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

interface Seen {
  readonly snapshots: Snapshot[];
  readonly errors: FolderError[];
}

async function open(t: TestContext, folder: string, secretsDir?: string): Promise<Seen> {
  const seen: Seen = { snapshots: [], errors: [] };
  const source = await openFolder({
    folder,
    secretsDir,
    installation,
    onSnapshot: (snapshot) => seen.snapshots.push(snapshot),
    onError: (error) => seen.errors.push(error),
  });
  t.after(() => source.close());
  return seen;
}

/** An edit has to be in force within a second. */
async function soon(what: () => boolean): Promise<void> {
  const until = Date.now() + 1000;
  while (!what()) {
    assert.ok(Date.now() < until, 'not within a second');
    await setTimeout(10);
  }
}

function values(seen: Seen): unknown {
  return seen.snapshots.at(-1)?.objects.map(({ value }) => value);
}

function shows(seen: Seen, wanted: unknown): () => boolean {
  return () => JSON.stringify(values(seen)) === JSON.stringify(wanted);
}

test('reads all YAML below the folder, many documents a file, with file and line', async (t) => {
  const folder = await temporary(t, {
    'b.yml': '# first\nn: 1\n---\n\nn: 2\n---\n',
    'a/c.yaml': 'n: 3\n',
    'readme.md': 'n: 4',
    '.hidden.yaml': 'n: 5',
  });
  const seen = await open(t, folder);
  assert.deepEqual(seen.snapshots[0]?.objects, [
    { value: { n: 3 }, origin: 'a/c.yaml:1' },
    { value: { n: 1 }, origin: 'b.yml:2' },
    { value: { n: 2 }, origin: 'b.yml:5' },
  ]);
  assert.equal(seen.snapshots[0]?.installation, installation);
});

test('an edit, a new file, a removed file and a new folder are in force within a second', async (t) => {
  const folder = await temporary(t, { 'a.yaml': 'n: 1' });
  const seen = await open(t, folder);
  await put(folder, 'a.yaml', 'n: 2');
  await soon(shows(seen, [{ n: 2 }]));
  await put(folder, 'b.yaml', 'n: 3');
  await soon(shows(seen, [{ n: 2 }, { n: 3 }]));
  await rm(join(folder, 'a.yaml'));
  await soon(shows(seen, [{ n: 3 }]));
  await put(folder, 'deep/er/c.yaml', 'n: 4');
  await soon(shows(seen, [{ n: 3 }, { n: 4 }]));
  await put(folder, 'deep/er/c.yaml', 'n: 5');
  await soon(shows(seen, [{ n: 3 }, { n: 5 }]));
  assert.deepEqual(seen.errors, []);
});

test('editors that save beside and rename are followed, again and again', async (t) => {
  const folder = await temporary(t, { 'a.yaml': 'n: 0' });
  const seen = await open(t, folder);
  for (const n of [1, 2, 3]) {
    await put(folder, '.a.yaml.swp', `n: ${n}`);
    await rename(join(folder, '.a.yaml.swp'), join(folder, 'a.yaml'));
    await soon(shows(seen, [{ n }]));
  }
  assert.deepEqual(seen.errors, []);
});

test('a mounted ConfigMap is followed when its link is swapped', async (t) => {
  const folder = await temporary(t, { '..one/a.yaml': 'n: 1', '..two/a.yaml': 'n: 2' });
  await symlink('..one', join(folder, '..data'));
  await symlink('..data/a.yaml', join(folder, 'a.yaml'));
  const seen = await open(t, folder);
  assert.deepEqual(values(seen), [{ n: 1 }]);
  await symlink('..two', join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  await rm(join(folder, '..one'), { recursive: true });
  await soon(shows(seen, [{ n: 2 }]));
  assert.deepEqual(seen.errors, []);
});

test('a file that does not parse leaves the last good snapshot and says file, line and reason, once', async (t) => {
  const folder = await temporary(t, { 'a.yaml': 'n: 1' });
  const seen = await open(t, folder);
  await put(folder, 'a.yaml', 'n: 1\nrules: [a\nx: {\n');
  await soon(() => seen.errors.length > 0);
  await setTimeout(900);
  assert.equal(seen.errors.length, 1);
  const [error] = seen.errors;
  assert.equal(error?.file, 'a.yaml');
  assert.ok((error?.line ?? 0) >= 2);
  assert.match(error?.message ?? '', /^a\.yaml:\d+: \S/);
  assert.equal(seen.snapshots.length, 1);
  await put(folder, 'a.yaml', 'n: 2');
  await soon(shows(seen, [{ n: 2 }]));
});

test('a folder that goes away leaves the last good snapshot, and is read again when it is back', async (t) => {
  const parent = await temporary(t, { 'f/a.yaml': 'n: 1' });
  const seen = await open(t, join(parent, 'f'));
  await rename(join(parent, 'f'), join(parent, 'g'));
  await soon(() => seen.errors.length === 1);
  assert.match(seen.errors[0]?.message ?? '', /is not there/);
  await rename(join(parent, 'g'), join(parent, 'f'));
  await put(parent, 'f/a.yaml', 'n: 2');
  await soon(shows(seen, [{ n: 2 }]));
});

test('folders that come and go while they are read are no error', async (t) => {
  const folder = await temporary(t, { 'a.yaml': 'n: 1' });
  const seen = await open(t, folder);
  for (let i = 0; i < 150; i += 1) {
    await put(folder, `x/${i}/b.yaml`, 'n: 2');
    await rm(join(folder, 'x'), { recursive: true });
    await setTimeout(5);
  }
  await soon(shows(seen, [{ n: 1 }]));
  assert.deepEqual(seen.errors, []);
});

const broken: readonly (readonly [string, string, RegExp])[] = [
  ['a syntax error', 'a: 1\nb: [', /^x\.yaml:2: /],
  ['the same key twice', 'a: 1\na: 2', /^x\.yaml:[12]: Map keys must be unique/],
  ['a tag that nobody knows', 'a: !!js/function "x"', /^x\.yaml:1: /],
  ['an alias that nobody made', 'a: *x', /^x\.yaml:1: /],
  ['a ring', 'a: &x { b: *x }', /^x\.yaml:1: /],
  ['a document that is nested too deeply', '['.repeat(100_000), /^x\.yaml:\d+: /],
  ['a tab as indentation', 'a:\n\tb: 1', /^x\.yaml:2: /],
];

for (const [what, text, message] of broken) {
  test(`at start ${what} ends with file and line`, async (t) => {
    const folder = await temporary(t, { 'x.yaml': text });
    await assert.rejects(open(t, folder), (error) => error instanceof FolderError && message.test(error.message));
  });
}

test('a bomb of aliases is an error', async (t) => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i += 1)
    lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
  const folder = await temporary(t, { 'x.yaml': lines.join('\n') });
  await assert.rejects(open(t, folder), /x\.yaml:1: too many/);
});

test('a missing folder and a file that is too large end with their names', async (t) => {
  const folder = await temporary(t, { 'x.yaml': `a: ${'x'.repeat(1024 * 1024)}` });
  await assert.rejects(open(t, folder), /^FolderError: x\.yaml: is larger than 1048576 bytes/);
  await assert.rejects(open(t, join(folder, 'gone')), /gone: is not there/);
});

test('a message about a file never quotes it', async (t) => {
  const folder = await temporary(t, { 'x.yaml': 'password: "hunter2\nb: [hunter2' });
  await assert.rejects(open(t, folder), (error) => error instanceof FolderError && !error.message.includes('hunter2'));
});

test('secrets are files of namespace, name and key; one newline at the end goes', async (t) => {
  const dir = await temporary(t, {
    'ns/name/key': 'value\n',
    'ns/name/other': 'a\n\n',
    'ns/stray': 'x',
    'n/a/b/c': 'x',
  });
  const secrets = await readSecrets(dir);
  assert.deepEqual([...secrets.keys()], ['ns/name']);
  assert.equal(secrets.get('ns/name')?.get('key')?.reveal(), 'value');
  assert.equal(secrets.get('ns/name')?.get('other')?.reveal(), 'a\n');
  assert.doesNotMatch(JSON.stringify([...secrets].map(([, keys]) => [...keys])), /value/);
  await assert.rejects(readSecrets(join(dir, 'gone')), /is not there/);
});

test('a changed secret is in force within a second', async (t) => {
  const folder = await temporary(t, { 'a.yaml': 'n: 1' });
  const dir = await temporary(t, { 'ns/name/key': 'one' });
  const seen = await open(t, folder, dir);
  const shown = () => seen.snapshots.at(-1)?.secrets.get('ns/name')?.get('key')?.reveal();
  assert.equal(shown(), 'one');
  await put(dir, 'ns/name/key', 'two');
  await soon(() => shown() === 'two');
  await put(dir, 'ns/name/new', 'three');
  await soon(() => seen.snapshots.at(-1)?.secrets.get('ns/name')?.has('new') === true);
});

test('after close nothing is handed over', async (t) => {
  const folder = await temporary(t, { 'a.yaml': 'n: 1' });
  const snapshots: Snapshot[] = [];
  const source = await openFolder({
    folder,
    secretsDir: undefined,
    installation,
    onSnapshot: (snapshot) => snapshots.push(snapshot),
    onError: () => assert.fail('no error'),
  });
  source.close();
  await put(folder, 'a.yaml', 'n: 2');
  await setTimeout(700);
  assert.equal(snapshots.length, 1);
});
