/** Writes dist/cognito-gate-VERSION.cdx.json: what the program depends on at run time, as CycloneDX. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { productionDependencies } from './generated/licences.ts';

interface Bom {
  readonly metadata: { readonly component: Readonly<Record<string, unknown>> };
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

interface Manifest {
  readonly [field: string]: unknown;
  readonly devDependencies?: unknown;
}

const root = join(import.meta.dirname, '..');
const read = (file: string): Manifest => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
const { devDependencies: _own, ...manifest } = read('package.json');
const name = String(manifest['name']);
const version = String(manifest['version']);

const bom = inFolder((folder) => {
  write(join(folder, 'package.json'), manifest);
  write(join(folder, 'package-lock.json'), productionLock());
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`);
  return JSON.parse(stdout) as Bom;
});

const listed = new Set(bom.components.map((one) => `${one.name}@${one.version}`));
const missing = productionDependencies().filter((one) => !listed.has(`${one.name}@${one.version}`));
if (missing.length > 0) throw new Error(`the SBOM lacks ${missing.map(({ path }) => path).join(', ')}`);

// npm names the component by its folder.
const component = { ...bom.metadata.component, name };
const file = `dist/${name}-${version}.cdx.json`;
mkdirSync(join(root, 'dist'), { recursive: true });
write(join(root, file), { ...bom, metadata: { ...bom.metadata, component } });
process.stdout.write(`wrote ${file}: ${bom.components.length} components\n`);

/** `npm sbom --omit=dev` (11.19) leaves out what a package for development needs as well: jose, zod. So nothing else is told. */
function productionLock(): unknown {
  const lock = read('package-lock.json') as Manifest & { readonly packages: Readonly<Record<string, Manifest>> };
  const { devDependencies: _dev, ...top } = lock.packages[''] ?? {};
  const kept = productionDependencies().map(({ path }) => [path, lock.packages[path]]);
  return { ...lock, packages: { '': top, ...(Object.fromEntries(kept) as object) } };
}

function inFolder<T>(act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'cg-sbom-'));
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function write(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
