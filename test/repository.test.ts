import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

// Spelled in parts, so that this file doesn't find itself.
const folders = ['work', 'farm', 'root', 'home', 'Users'];
const machinePath = new RegExp(`(?<![\\w.~:/-])/(?:${folders.join('|')})/[\\w.-]`);
const hosts = [
  'registry.npmjs',
  'registry.yarnpkg',
  'npm.pkg.github',
  'artifactory',
  'files.pythonhosted',
  'proxy.golang',
];
const registryHost = new RegExp(hosts.map((host) => `//[^/\\s]*${host.replace('.', '\\.')}[.\\w]*`).join('|'), 'i');
const downloadAddress = /"resolved"\s*:\s*"https?:/;

function firstLine(text: string, pattern: RegExp): string | undefined {
  const lines = text.split('\n');
  const index = lines.findIndex((line) => pattern.test(line));
  return index < 0 ? undefined : `line ${index + 1}: ${lines[index]?.trim().slice(0, 120)}`;
}

/** What git has or would take, without binary files. */
function repositoryFiles(): { name: string; text: string }[] {
  const names = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  return names
    .split('\0')
    .filter((name) => name !== '' && existsSync(name))
    .map((name) => ({ name, text: readFileSync(name, 'utf8') }))
    .filter(({ text }) => !text.includes('\0'));
}

suite('the repository belongs to no machine', () => {
  const files = repositoryFiles();

  test('no file holds a path of a machine', () => {
    const found = files.flatMap(({ name, text }) => firstLine(text, machinePath)?.replace(/^/, `${name} `) ?? []);
    assert.deepEqual(found, []);
  });

  test('no file names the host of a registry', () => {
    const found = files.flatMap(({ name, text }) => firstLine(text, registryHost)?.replace(/^/, `${name} `) ?? []);
    assert.deepEqual(found, []);
  });

  test('package-lock.json records no download addresses', () => {
    assert.equal(firstLine(readFileSync('package-lock.json', 'utf8'), downloadAddress), undefined);
  });

  test('dependencies are pinned exactly', () => {
    const manifest: unknown = JSON.parse(readFileSync('package.json', 'utf8'));
    const { dependencies, devDependencies } = manifest as Record<string, Record<string, string>>;
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, at]) => !/^\d+\.\d+\.\d+$/.test(at),
    );
    assert.deepEqual(loose, []);
  });

  test('the patterns find what they are for', () => {
    for (const folder of folders) assert.match(`see ${['', folder, 'someone'].join('/')}`, machinePath);
    for (const host of hosts) assert.match(['https:', '', `${host}.org`, 'x'].join('/'), registryHost);
    assert.match(JSON.stringify({ resolved: 'https://example.com/a.tgz' }), downloadAddress);
    assert.doesNotMatch('https://example.com/home/page and ./work/a', machinePath);
  });
});
