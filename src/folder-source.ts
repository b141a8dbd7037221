import type { Config } from './config.ts';
import { installationOf } from './installation.ts';
import type { Parts, Source } from './source.ts';
import { FolderError, openFolder } from './sources/folder.ts';
import { StartError } from './start-error.ts';

/** Objects and secrets of folders; rejects with a StartError that names the field where one can't be read. */
export async function openFolderSource({ config, inForce }: Parts): Promise<Source> {
  const opening = openFolder({
    folder: config.source.folder ?? '',
    secretsDir: config.secretsDir,
    installation: installationOf(config),
    onSnapshot: inForce.accept,
    onError: inForce.failed,
  });
  const source = await opening.catch((error: unknown) => {
    throw nameField(error, config);
  });
  return {
    ready: Promise.resolve(),
    missing: () => undefined,
    rereadKeys: () => source.reread(),
    resign: async () => undefined,
    close: async () => source.close(),
  };
}

/** A folder that can't be read at the start is a mistake of the configuration: the message names its field. */
function nameField(error: unknown, { source, secretsDir }: Config): unknown {
  if (!(error instanceof FolderError)) return error;
  const field = error.file === source.folder ? 'source.folder' : error.file === secretsDir ? 'secretsDir' : undefined;
  return field === undefined ? error : new StartError(`${field}: ${error.message}`, { cause: error });
}
