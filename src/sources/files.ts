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

async function walk(folder: string, inside: string, wanted: Wanted, found: { files: FoundFile[]; folders: string[] }) {
  found.folders.push(folder);
  const depth = inside === '' ? 0 : inside.split('/').length;
  if (depth > fileLimits.depth) throw new FolderError(inside, undefined, `folders are nested deeper than ${fileLimits.depth}`);
  for (const name of (await readdir(folder)).toSorted()) {
    // A mounted ConfigMap shows its files as links into a hidden folder that is swapped; editors hide drafts so too.
    if (name.startsWith('.')) continue;
    const full = join(folder, name);
    const path = inside === '' ? name : `${inside}/${name}`;
    const info = await look(full);
    if (info?.isDirectory() === true) await walk(full, path, wanted, found);
    else if (info?.isFile() === true && wanted(path)) {
      if (info.size > BigInt(fileLimits.bytes)) throw new FolderError(path, undefined, `is larger than ${fileLimits.bytes} bytes`);
      found.files.push({ path, full, print: [path, info.dev, info.ino, info.size, info.mtimeNs, info.ctimeNs].join('\0') });
    }
    if (found.files.length > fileLimits.files) throw new FolderError(path, undefined, `more than ${fileLimits.files} files`);
  }
}

/** The wanted files below a folder, sorted, links followed; and the folders they are in. */
export async function listFiles(folder: string, wanted: Wanted): Promise<Listing> {
  const found = { files: [], folders: [] };
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
