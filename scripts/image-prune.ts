/**
 * Takes out of a production node_modules what no running program reads: declarations, source maps, and of client-node
 * everything but what KubeConfig needs (decisions/0005: 65 MB of generated API classes of which none is called).
 * In: the folder with package.json and node_modules. test/image.test.ts runs what is left.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = process.argv[2] ?? '.';
const clientNode = join(root, 'node_modules/@kubernetes/client-node');

/** What is left of the two barrels of client-node: src/kubernetes/kubeconfig.ts takes KubeConfig, and config.js these two. */
const barrels = {
  'dist/index.js': "export { KubeConfig } from './config.js';\n",
  'dist/gen/index.js':
    "export { createConfiguration } from './configuration.js';\nexport { ServerConfiguration } from './servers.js';\n",
};

const imported = /(?:\bfrom|\bimport|\brequire\()\s*['"]([^'"]+)['"]/g;

function files(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Files that a module leads to by relative paths, itself included, and the packages that they name. */
function reach(entry: string): { readonly modules: Set<string>; readonly packages: Set<string> } {
  const modules = new Set<string>();
  const packages = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (modules.has(file)) continue;
    modules.add(file);
    if (!file.endsWith('.js')) continue;
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(imported)) {
      if (name.startsWith('.')) waiting.push(join(dirname(file), name));
      else if (!name.startsWith('node:')) packages.add(packageOf(name));
    }
  }
  return { modules, packages };
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Leaves the modules that KubeConfig needs; out: the packages that they import. */
function pruneClientNode(): ReadonlySet<string> {
  for (const [name, text] of Object.entries(barrels)) {
    if (!existsSync(join(clientNode, name))) throw new Error(`client-node has no ${name}: it is laid out anew`);
    writeFileSync(join(clientNode, name), text);
  }
  const { modules, packages } = reach(join(clientNode, 'dist/index.js'));
  for (const file of files(join(clientNode, 'dist'))) if (!modules.has(file)) rmSync(file);
  return packages;
}

/** Where node finds a package that a folder asks for. */
function locate(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (folder === root || folder === dirname(folder)) return undefined;
  }
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Folders of the packages that the program leads to. Declarations are packages of their own, and no program. */
function neededPackages(ofClientNode: ReadonlySet<string>): ReadonlySet<string> {
  const needed = new Set<string>();
  const waiting = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    const names = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    }).filter((name) => !name.startsWith('@types/') && (folder !== clientNode || ofClientNode.has(name)));
    for (const name of names) {
      const found = locate(name, folder);
      if (found === undefined || needed.has(found)) continue;
      needed.add(found);
      waiting.push(found);
    }
  }
  return needed;
}

/** Every package folder under a node_modules. */
function packagesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory() || entry.name.startsWith('.')) return [];
    if (entry.name.startsWith('@')) return packagesIn(path);
    return [path, ...packagesIn(join(path, 'node_modules'))];
  });
}

const leaveOut =
  /\.d\.[cm]?ts$|(?<!\.d)\.[cm]?ts$|\.map$|\.flow$|\.tsbuildinfo$|(^|\/)(?!licen[cs]e|notice)[^/]*\.(md|markdown)$/i;

const packages = pruneClientNode();
const needed = neededPackages(packages);
for (const folder of packagesIn(join(root, 'node_modules'))) {
  if (!needed.has(folder)) rmSync(folder, { recursive: true, force: true });
}
// A scope whose packages are all gone.
for (const name of readdirSync(join(root, 'node_modules'))) {
  const folder = join(root, 'node_modules', name);
  if (name.startsWith('@') && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}
rmSync(join(root, 'node_modules/.bin'), { recursive: true, force: true });
for (const file of files(join(root, 'node_modules'))) if (leaveOut.test(file)) rmSync(file);
const bytes = files(join(root, 'node_modules')).reduce((sum, file) => sum + statSync(file).size, 0);
console.log(`node_modules: ${needed.size} packages, ${(bytes / 1e6).toFixed(1)} MB`);
