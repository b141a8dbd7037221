import { setTimeout } from 'node:timers/promises';
import type { Installation, Snapshot } from '../model/snapshot.ts';
import { asFolderError, codeOf, FolderError } from './folder-error.ts';
import { listFiles, printOf, readAll } from './files.ts';
import type { Listing } from './files.ts';
import { parseYaml } from './parse-yaml.ts';
import { regularly } from './regularly.ts';
import { listSecrets, readListedSecrets, readSecrets } from './secrets.ts';
import { watchFolders } from './watch-folders.ts';

export { FolderError, readSecrets };

export interface FolderOptions {
  readonly folder: string;
  /** Secrets are the files `<secretsDir>/namespace/name/key`. */
  readonly secretsDir: string | undefined;
  readonly installation: Installation;
  onSnapshot(snapshot: Snapshot): void;
  /** The last good snapshot stays in force. */
  onError(error: FolderError): void;
}

const noFiles: Listing = { files: [], folders: [] };

interface Look {
  readonly objects: Listing;
  readonly secrets: Listing;
}

function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

async function look({ folder, secretsDir }: FolderOptions): Promise<Look> {
  const at = async (dir: string, list: () => Promise<Listing>): Promise<Listing> => {
    try {
      return await list();
    } catch (error) {
      throw asFolderError(error, dir);
    }
  };
  const objects = await at(folder, () => listFiles(folder, isYaml));
  const secrets = secretsDir === undefined ? noFiles : await at(secretsDir, () => listSecrets(secretsDir));
  return { objects, secrets };
}

function printOfLook({ objects, secrets }: Look): string {
  return `objects ${printOf(objects)}\nsecrets ${printOf(secrets)}`;
}

async function read(seen: Look, { folder, secretsDir, installation }: FolderOptions): Promise<Snapshot> {
  try {
    const texts = await readAll(seen.objects);
    const objects = texts.flatMap(({ path, text }) => parseYaml(text, path));
    return { installation, objects, secrets: await readListedSecrets(seen.secrets) };
  } catch (error) {
    throw asFolderError(error, secretsDir === undefined ? folder : `${folder} or ${secretsDir}`);
  }
}

type Attempt =
  | { readonly kind: 'same'; readonly print: string }
  /** Files changed while they were read: what was read may be half of it. */
  | { readonly kind: 'moving' }
  | { readonly kind: 'read'; readonly print: string; readonly snapshot: Snapshot; readonly folders: readonly string[] }
  | { readonly kind: 'failed'; readonly print: string; readonly error: FolderError };

async function attempt(known: string, options: FolderOptions): Promise<Attempt> {
  let print = '';
  try {
    const seen = await look(options);
    print = printOfLook(seen);
    if (print === known) return { kind: 'same', print };
    const snapshot = await read(seen, options);
    if (printOfLook(await look(options)) !== print) return { kind: 'moving' };
    return { kind: 'read', print, snapshot, folders: [...seen.objects.folders, ...seen.secrets.folders] };
  } catch (error) {
    if (!(error instanceof FolderError)) throw error;
    // Gone after it was listed: an editor or the kubelet is at work.
    if (print !== '' && codeOf(error.cause) === 'ENOENT') return { kind: 'moving' };
    return { kind: 'failed', print: print === '' ? `failed ${error.message}` : print, error };
  }
}

async function firstAttempt(options: FolderOptions): Promise<Extract<Attempt, { kind: 'read' }>> {
  for (let tries = 0; tries < 20; tries += 1) {
    const outcome = await attempt('', options);
    if (outcome.kind === 'read') return outcome;
    if (outcome.kind === 'failed') throw outcome.error;
    await setTimeout(50);
  }
  throw new FolderError(options.folder, undefined, 'changes all the time and can not be read');
}

/**
 * Reads a folder and keeps reading it. Resolves once the first snapshot was handed over, rejects with FolderError
 * where that can't be; from then on an edit is handed over within a second, or reported.
 */
export async function openFolder(options: FolderOptions): Promise<{ reread(): void; close(): void }> {
  const first = await firstAttempt(options);
  options.onSnapshot(first.snapshot);
  let known = first.print;
  let closed = false;
  const loop = regularly(async () => {
    const outcome = await attempt(known, options);
    if (closed) return false;
    if (outcome.kind === 'moving') return true;
    const again = outcome.print === known;
    known = outcome.print;
    if (outcome.kind === 'read') {
      watcher.set(outcome.folders);
      options.onSnapshot(outcome.snapshot);
    } else if (outcome.kind === 'failed' && !again) {
      options.onError(outcome.error);
    }
    return false;
  });
  const watcher = watchFolders(() => loop.hint());
  watcher.set(first.folders);
  return {
    reread: loop.hint,
    close() {
      closed = true;
      loop.close();
      watcher.close();
    },
  };
}
