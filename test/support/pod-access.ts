import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster/cluster.ts';

export interface PodAccess {
  /** Fields of the configuration. */
  readonly config: { readonly source: unknown; readonly extraCaFile: string };
  readonly env: NodeJS.ProcessEnv;
}

/** What the kubelet gives a Pod: files with a token and a CA, and the server in its environment; for whatever user reads them. */
export async function podAccess(
  { server, ca }: Pick<Cluster, 'server' | 'ca'>,
  given: { readonly folder: string; readonly token: string; readonly extraCa: string },
): Promise<PodAccess> {
  // Of the folder only what is named in the configuration: what else is in it has modes of its own.
  await chmod(given.folder, 0o711);
  const folder = join(given.folder, 'pod');
  await mkdir(folder, { mode: 0o755 });
  await writeFile(join(folder, 'token'), given.token, { mode: 0o644 });
  await writeFile(join(folder, 'ca.crt'), ca, { mode: 0o644 });
  const extraCaFile = join(folder, 'extra-ca.pem');
  await copyFile(given.extraCa, extraCaFile);
  await chmod(extraCaFile, 0o644);
  const { hostname, port } = new URL(server);
  return {
    config: { source: { cluster: { serviceAccountFolder: folder } }, extraCaFile },
    env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
  };
}
