import { createRequire } from 'node:module';
import type { RequestOptions } from 'node:https';
import type * as ClientNode from '@kubernetes/client-node';
import type { Connection, TlsOptions } from './connection.ts';

const require = createRequire(import.meta.url);

/**
 * A kubeconfig file, exec plugins included, as client-node reads it. Loaded here and not at the top of the file,
 * so that a Pod, which has no kubeconfig, doesn't pay for it; by `require`, so that whoever opens a connection needn't wait.
 */
export function kubeconfigConnection(file: string, context: string | undefined): Connection {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a require gives has no type
  const { KubeConfig } = require('@kubernetes/client-node') as typeof ClientNode;
  const config = new KubeConfig();
  config.loadFromFile(file);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(`${file}: context ${config.getCurrentContext()} names no cluster that is there`);
  if (cluster.proxyUrl !== undefined)
    throw new Error(
      `${file}: cluster ${cluster.name} has a proxy-url, which is not supported: the API server is reached directly`,
    );
  let tls: TlsOptions = {};
  return {
    server: new URL(cluster.server),
    tls: () => tls,
    headers: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      tls = tlsOf(options);
      return headersOf(options);
    },
  };
}

function tlsOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): TlsOptions {
  return {
    ...(isPem(ca) && { ca }),
    ...(isPem(cert) && { cert }),
    ...(isPem(key) && { key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const basic = typeof auth === 'string' ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  const said = Object.entries(headers ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { ...basic, ...Object.fromEntries(said.map(([name, value]) => [name.toLowerCase(), value])) };
}
