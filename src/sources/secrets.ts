import { Secret } from '../model/secret.ts';
import { asFolderError } from './folder-error.ts';
import { listFiles, readAll } from './files.ts';
import type { Listing } from './files.ts';

export type Secrets = ReadonlyMap<string, ReadonlyMap<string, Secret>>;

/** `<dir>/namespace/name/key`: other depths are not ours. */
export async function listSecrets(dir: string): Promise<Listing> {
  return listFiles(dir, (path) => path.split('/').length === 3);
}

/** One trailing newline goes: editors and `echo` add it, Kubernetes' own mounts don't. */
export async function readListedSecrets(listing: Listing): Promise<Secrets> {
  const secrets = new Map<string, Map<string, Secret>>();
  for (const { path, text } of await readAll(listing)) {
    const [namespace = '', name = '', key = ''] = path.split('/');
    const keys = secrets.get(`${namespace}/${name}`) ?? new Map<string, Secret>();
    secrets.set(`${namespace}/${name}`, keys.set(key, new Secret(text.replace(/\r?\n$/, ''))));
  }
  return secrets;
}

/** Reads the folder once. Throws FolderError. */
export async function readSecrets(dir: string): Promise<Secrets> {
  try {
    return await readListedSecrets(await listSecrets(dir));
  } catch (error) {
    throw asFolderError(error, dir);
  }
}
