import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startApp } from '../support/app.ts';
import { createAuthority } from '../support/certificates.ts';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { toolPath } from '../support/cluster/tools.ts';
import { startCognito } from '../support/cognito/cognito.ts';
import { ingressYaml } from '../support/gate-cluster.ts';
import { startNginxIngress } from '../support/nginx-ingress.ts';
import { freePort } from '../support/ports.ts';
import { people } from '../support/stack.ts';
import { startTraefik } from '../support/traefik.ts';
import { Kubelet } from './kubelet.ts';
import { repository } from './markdown.ts';

export type Front = 'ingress-nginx' | 'Traefik' | 'none';

export interface LabInput {
  readonly front: Front;
  /** Apps that are there, each with an Ingress of its name in a namespace of its name. */
  readonly apps: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Answer {
  readonly code: number;
  /** Standard output and errors, as a terminal shows them. */
  readonly output: string;
}

/** An operator's machine: a shell with helm, kubectl and curl, a folder, and a cluster that has an ingress controller. */
export interface Lab {
  readonly cluster: Cluster;
  readonly kubelet: Kubelet;
  write(name: string, text: string): Promise<void>;
  sh(script: string): Promise<Answer>;
  stop(): Promise<void>;
}

const release = 'cognito-gate';
const signInHost = 'auth.example.com';

/** What a machine without Pods and without Cognito lacks, put over every values file. */
async function overrides(folder: string, ports: Ports, issuer: string, domain: string): Promise<string> {
  const endpoints = {
    issuer,
    token: `${issuer.replace(/\/[^/]*$/, '')}/oauth2/token`,
    revocation: `${issuer.replace(/\/[^/]*$/, '')}/oauth2/revoke`,
    jwks: `${issuer}/.well-known/jwks.json`,
    authorization: `${domain}/oauth2/authorize`,
    logout: `${domain}/logout`,
  };
  const file = join(folder, 'overrides.yaml');
  const values = {
    pool: { endpoints },
    decisions: { address: `127.0.0.1:${ports.decisions}` },
    signIn: { service: { externalName: 'localhost', port: ports.signIn } },
    webhook: { url: `https://127.0.0.1:${ports.webhook}` },
  };
  await writeFile(file, stringify(values));
  return file;
}

interface Ports {
  readonly decisions: number;
  readonly signIn: number;
  readonly webhook: number;
  readonly public: number;
}

const program = join(import.meta.dirname, '../../src/main.ts');

/** Programs of the shell: the pinned ones, and a helm and curl that know this machine. */
async function programs(folder: string, o: { overrides: string; port: number }): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const scripts = {
    // No kubelet that could exec: the program itself, in place of the image's.
    kubectl: `if [ "$1" = exec ]; then while [ "$1" != -- ]; do shift; done; shift 3; exec ${process.execPath} ${program} "$@"; fi; exec ${toolPath('kubectl')} "$@"`,
    helm: `case "$1" in install|upgrade|template) exec ${toolPath('helm')} "$@" --values ${o.overrides};; *) exec ${toolPath('helm')} "$@";; esac`,
    // The CA of the tests vouches for hosts under .localhost only.
    curl: `exec /usr/bin/curl --connect-to ::127.0.0.1:${o.port} --insecure "$@"`,
  };
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}

async function startFront(
  cluster: Cluster,
  front: Front,
  o: { folder: string; port: number; tls: Tls },
): Promise<Stop> {
  const { folder, port, tls } = o;
  if (front === 'none') return async () => undefined;
  if (front === 'ingress-nginx') {
    const nginx = await startNginxIngress({ cluster, folder: join(folder, 'front'), port, tls });
    return async () => await nginx.stop();
  }
  const traefik = await startTraefik({
    cluster,
    folder: join(folder, 'front'),
    httpPort: await freePort(),
    httpsPort: port,
    tls,
  });
  return async () => await traefik.stop();
}

type Stop = () => Promise<unknown>;
interface Tls {
  readonly cert: string;
  readonly key: string;
}

export async function startLab({ front, apps }: LabInput): Promise<Lab> {
  const undo: Stop[] = [];
  const stop = async (): Promise<void> => {
    const failed: unknown[] = [];
    for (const step of undo.splice(0).toReversed()) await step().catch((error: unknown) => failed.push(error));
    if (failed.length > 0) throw failed[0];
  };
  try {
    return await start({ front, apps }, (step) => void undo.push(step), stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start({ front, apps }: LabInput, keep: (step: Stop) => void, stop: () => Promise<void>): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'cg-docs-'));
  keep(async () => await rm(folder, { recursive: true, force: true }));
  const cluster = await startCluster();
  keep(async () => await cluster.stop());
  const authority = await createAuthority(join(folder, 'certificates'));
  const hosts = Object.keys(apps).map((name) => `${name}.example.com`);
  const tls = await authority.issue('all', [...hosts, signInHost, 'cognito.localhost', 'localhost', '127.0.0.1']);
  const ports = {
    decisions: await freePort(),
    signIn: await freePort(),
    webhook: await freePort(),
    public: await freePort(),
  };
  const cognito = await startStandIn(tls);
  keep(async () => await cognito.close());
  const domain = `https://cognito.localhost:${cognito.port}`;
  const files = await overrides(folder, ports, cognito.issuer, domain);
  const bin = await programs(folder, { overrides: files, port: ports.public });
  await cluster.kubectl('apply', '--server-side', '-f', '-', { input: ingressClass });
  for (const [name, annotations] of Object.entries(apps)) {
    const app = await startApp(name);
    keep(async () => await app.close());
    const ingress = ingressYaml(name, app.port, { host: `${name}.example.com`, annotations });
    await cluster.kubectl('apply', '-f', '-', { input: `${serviceYaml(name, app.port)}---${ingress}` });
  }
  const place = join(folder, 'place');
  await mkdir(place);
  await symlink(join(repository, 'charts'), join(place, 'charts'));
  keep(await startFront(cluster, front, { folder, port: ports.public, tls }));
  const gone = { extraCaFile: authority.cert, folder: join(folder, 'kubelet') };
  const kubelet = new Kubelet({ cluster, ports, release, ...gone });
  keep(async () => await kubelet.stop());
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: place, KUBECONFIG: cluster.kubeconfig };
  return {
    cluster,
    kubelet,
    write: async (name, text) => await writeFile(join(place, name), text),
    sh: async (script) => await shell(script, place, env),
    stop,
  };
}

async function startStandIn(tls: Tls): ReturnType<typeof startCognito> {
  const origin = `https://${signInHost}`;
  const client = {
    clientId: '3n4b5example',
    clientSecret: 'the-client-secret',
    redirectUris: [`${origin}/oauth2/callback`],
    logoutUris: [`${origin}/oauth2/signed-out`],
  };
  return await startCognito({
    clients: [client],
    users: people,
    port: await freePort(),
    host: 'cognito.localhost',
    issuerHost: '127.0.0.1',
    tls: { cert: await readFile(tls.cert, 'utf8'), key: await readFile(tls.key, 'utf8') },
  });
}

async function shell(script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  const child = spawn('/bin/bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${script}`], { cwd, env });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? -1));
  });
  return { code, output };
}

const serviceYaml = (name: string, port: number): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name} }
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${name} }
spec: { type: ExternalName, externalName: localhost, ports: [{ name: http, port: ${port} }] }
`;

const ingressClass = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: nginx }
spec: { controller: k8s.io/ingress-nginx }
`;
