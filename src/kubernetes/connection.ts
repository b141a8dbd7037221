import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { kubeconfigConnection } from './kubeconfig.ts';

export interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** How to reach an API server. Nothing here ever goes through HTTPS_PROXY: the API server is inside. */
export interface Connection {
  readonly server: URL;
  /** Asked for every call, after `headers`: the CA file, and a certificate of an exec plugin, are replaced while we run. */
  tls(): TlsOptions;
  /** Asked for every call: a projected service account token is replaced while we run. */
  headers(): Promise<Readonly<Record<string, string>>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Through a kubeconfig file where one is named (its current context, or `context`), else as the Pod that we are.
 * Only the former needs client-node, whose import is a third of a second and tens of megabytes (decisions/0005).
 */
export function openConnection(
  from: { readonly kubeconfig?: string; readonly context?: string; readonly serviceAccountFolder?: string },
  env: Environment,
): Connection {
  if (from.kubeconfig !== undefined) return kubeconfigConnection(from.kubeconfig, from.context);
  return inCluster(env, from.serviceAccountFolder ?? serviceAccountFolder);
}

/** https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
function inCluster(env: Environment, folder: string): Connection {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === undefined || host === '')
    throw new Error('KUBERNETES_SERVICE_HOST is not set: this is no Pod; name a kubeconfig file');
  const readCa = rereadFile(`${folder}/ca.crt`);
  readCa();
  return {
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    tls: () => ({ ca: readCa() }),
    headers: async () => {
      const token = (await readFile(`${folder}/token`, 'utf8')).trim();
      if (token === '') throw new Error(`${folder}/token is empty`);
      return { authorization: `Bearer ${token}` };
    },
  };
}

/** The file as it is now; as it last was where it can't be read: the kubelet swaps it, and a moment's gap is no outage. */
export function rereadFile(path: string): () => Buffer {
  let last: Buffer | undefined;
  return () => {
    try {
      last = readFileSync(path);
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}
