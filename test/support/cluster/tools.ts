import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../../..');

const versions = new Map(
  [...readFileSync(join(import.meta.dirname, 'versions.env'), 'utf8').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(
    ([, name = '', value = '']) => [name, value],
  ),
);

function version(name: string): string {
  const value = versions.get(name);
  if (value === undefined) throw new Error(`test/support/cluster/versions.env lacks ${name}`);
  return value;
}

function controlPlane(): string {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) hash.update(readFileSync(join(import.meta.dirname, 'control-plane', name)));
  return `control-plane/${hash.digest('hex').slice(0, 16)}`;
}

const kubectlFolder = (): string => `kubectl/${version('KUBECTL_PACKAGE').split('/').pop() ?? ''}`;
const pythonFolder = (): string => `python/traefik-${version('TRAEFIK')}-hadolint-${version('HADOLINT')}/bin`;

/** Where scripts/set-up-cluster.sh puts each program, below `.cache`. */
const folders = {
  'kube-apiserver': controlPlane,
  etcd: controlPlane,
  kubectl: kubectlFolder,
  helm: kubectlFolder,
  traefik: pythonFolder,
  hadolint: pythonFolder,
  'valkey-server': () => `python/valkey-${version('VALKEY')}/bin`,
} as const;

export type Tool = keyof typeof folders;

/** The path of a program in the version that the tests pin; never one that the machine happens to have. */
export function toolPath(tool: Tool): string {
  const path = join(repository, '.cache', folders[tool](), tool);
  if (!existsSync(path)) throw new Error(`${tool} is not set up; run scripts/set-up-cluster.sh`);
  return path;
}
