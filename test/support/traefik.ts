import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from './certificates.ts';
import type { Child } from './child.ts';
import type { Cluster } from './cluster/cluster.ts';
import { toolPath } from './cluster/tools.ts';
import { startGuardedChild } from './guarded-child.ts';
import { waitForPort } from './ports.ts';

export interface TraefikInput {
  readonly cluster: Pick<Cluster, 'server' | 'ca' | 'adminToken'>;
  /** For its configuration and log. */
  readonly folder: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** For every host; what an Ingress has in `spec.tls` goes first. */
  readonly tls: Certificate;
  /** More arguments of Traefik. */
  readonly args?: readonly string[];
}

export interface Traefik {
  readonly child: Child;
  /** What it logged so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** Traefik reads certificates from a file of its own (JSON is YAML). */
async function writeCertificates(file: string, tls: Certificate): Promise<string> {
  const defaultCertificate = { certFile: tls.cert, keyFile: tls.key };
  await writeFile(file, JSON.stringify({ tls: { stores: { default: { defaultCertificate } } } }));
  return file;
}

/**
 * Traefik with its provider that reads the annotations of ingress-nginx, on a real API server (dataplanes.md 4.2). It
 * serves Ingresses of every class whose controller is `k8s.io/ingress-nginx`; ready when its ports answer, which is
 * before it has read the first Ingress.
 */
export async function startTraefik(input: TraefikInput): Promise<Traefik> {
  await mkdir(input.folder, { recursive: true, mode: 0o700 });
  const ca = join(input.folder, 'api-server-ca.pem');
  const token = join(input.folder, 'token');
  await writeFile(ca, input.cluster.ca);
  await writeFile(token, input.cluster.adminToken, { mode: 0o600 });
  const provider = '--providers.kubernetesingressnginx';
  const args = [
    `--entrypoints.web.address=127.0.0.1:${input.httpPort}`,
    `--entrypoints.websecure.address=127.0.0.1:${input.httpsPort}`,
    `--providers.file.filename=${await writeCertificates(join(input.folder, 'certificates.yaml'), input.tls)}`,
    `${provider}=true`,
    `${provider}.endpoint=${input.cluster.server}`,
    `${provider}.token=${token}`,
    `${provider}.certauthfilepath=${ca}`,
    `${provider}.httpentrypoint=web`,
    `${provider}.httpsentrypoint=websecure`,
    // Default 2 s: how long it gathers changes before it puts them in force.
    '--providers.providersthrottleduration=50ms',
    '--global.checknewversion=false',
    '--global.sendanonymoususage=false',
    ...(input.args ?? []),
  ];
  const logFile = join(input.folder, 'traefik.log');
  const child = startGuardedChild({ name: 'Traefik', command: toolPath('traefik'), args, logFile });
  const log = async (): Promise<string> => await readFile(logFile, 'utf8').catch(() => '');
  try {
    for (const port of [input.httpPort, input.httpsPort]) await waitForPort(port, () => child.how());
  } catch (error) {
    await child.stop();
    throw new Error(`Traefik did not start: ${(await log()).slice(-2000)}`, { cause: error });
  }
  return { child, log, stop: async () => await child.stop() };
}
