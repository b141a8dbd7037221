import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';

export interface FolderWatch {
  /** Watches exactly these from now on. */
  set(folders: readonly string[]): void;
  close(): void;
}

/**
 * Only a hint that something may have changed: inotify knows nothing of network file systems and loses a folder
 * that is swapped, so that the caller looks by itself as well, and an error here is no error.
 */
export function watchFolders(onHint: () => void): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const add = (folder: string): void => {
    try {
      const watcher = watch(folder, { persistent: false }, onHint);
      watcher.on('error', () => drop(folder));
      watchers.set(folder, watcher);
    } catch {
      // No watch left (ENOSPC) or the folder is gone: looking regularly is enough.
    }
  };
  return {
    set(folders) {
      const wanted = new Set(folders);
      for (const folder of watchers.keys()) if (!wanted.has(folder)) drop(folder);
      for (const folder of wanted) if (!watchers.has(folder)) add(folder);
    },
    close() {
      for (const folder of watchers.keys()) drop(folder);
    },
  };
}
