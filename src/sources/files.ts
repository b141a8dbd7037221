import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, FolderError } from './folder-error.ts';

export const fileLimits = { depth: 8, files: 5000, bytes: 1024 * 1024, totalBytes: 64 * 1024 * 1024 } as const;

export interface FoundFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly full: string;
  /** Changes whenever the file may have other content. */
  readonly print: string;
}

export interface Listing {
  readonly files: readonly FoundFile[];
  readonly folders: readonly string[];
}

type Wanted = (path: string) => boolean;

/** undefined: it went away between being listed and being looked at, as it does while an editor saves. */
async function look(full: string) {
  try {
    return await stat(full, { bigint: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A folder below the first one may go away in the same way. */
async function namesIn(folder: string, inside: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if (inside !== '' && codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

interface Found {
  readonly files: FoundFile[];
  readonly folders: string[];
}

function addFile(found: Found, file: FoundFile, size: bigint): void {
  if (size > BigInt(fileLimits.bytes)) {
    throw new FolderError(file.path, undefined, `is larger than ${fileLimits.bytes} bytes`);
  }
  if (found.files.length >= fileLimits.files) {
    throw new FolderError(file.path, undefined, `there are more than ${fileLimits.files} files`);
  }
  found.files.push(file);
}

async function walk(folder: string, inside: string, wanted: Wanted, found: Found): Promise<void> {
  if (inside.split('/').length > fileLimits.depth) {
    throw new FolderError(inside, undefined, `folders are nested deeper than ${fileLimits.depth}`);
  }
  found.folders.push(folder);
  for (const name of await namesIn(folder, inside)) {
    // A mounted ConfigMap shows its files as links into a hidden folder that is swapped; editors hide drafts so too.
    if (name.startsWith('.')) continue;
    const full = join(folder, name);
    const path = inside === '' ? name : `${inside}/${name}`;
    const info = await look(full);
    if (info?.isDirectory() === true) await walk(full, path, wanted, found);
    if (info?.isFile() !== true || !wanted(path)) continue;
    const print = [path, info.dev, info.ino, info.size, info.mtimeNs, info.ctimeNs].join('\0');
    addFile(found, { path, full, print }, info.size);
  }
}

/** The wanted files below a folder, sorted, links followed; and the folders they are in. */
export async function listFiles(folder: string, wanted: Wanted): Promise<Listing> {
  const found: Found = { files: [], folders: [] };
  await walk(folder, '', wanted, found);
  return found;
}

/** Text of each file. Sizes are checked again: a file may have grown since. */
export async function readAll(listing: Listing): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const texts: { path: string; text: string }[] = [];
  let total = 0;
  for (const { path, full } of listing.files) {
    const content = await readFile(full);
    total += content.length;
    if (content.length > fileLimits.bytes || total > fileLimits.totalBytes) {
      throw new FolderError(path, undefined, 'too large, alone or together with the others');
    }
    texts.push({ path, text: content.toString('utf8') });
  }
  return texts;
}

export function printOf(listing: Listing): string {
  return listing.files.map((file) => file.print).join('\n');
}
