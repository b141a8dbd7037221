import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../certificates.ts';
import type { Certificate } from '../certificates.ts';
import type { Child } from '../child.ts';
import { startGuardedChild } from '../guarded-child.ts';
import { freePort } from '../ports.ts';
import { askApi } from './api-request.ts';
import { auditPolicy } from './audit.ts';
import { toolPath } from './tools.ts';
import type { Tool } from './tools.ts';

/** What both processes of a control plane are started from; they may be stopped and started with it again. */
export interface ControlPlane {
  readonly folder: string;
  readonly etcdPort: number;
  readonly peerPort: number;
  readonly apiPort: number;
  readonly server: string;
  /** PEM text. */
  readonly ca: string;
  readonly adminToken: string;
  readonly tls: Certificate;
  readonly auditFile: string;
  readonly apiArgs: readonly string[];
}

async function startTool(tool: Tool, args: readonly string[], logFile: string): Promise<Child> {
  await mkdir(join(logFile, '..'), { recursive: true });
  return startGuardedChild({ name: tool, command: toolPath(tool), args, logFile });
}

export async function prepareControlPlane(
  folder: string,
  adminToken: string,
  apiArgs: readonly string[],
): Promise<ControlPlane> {
  const at = (name: string): string => join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = await createAuthority(at('ca'));
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeFile(at('service-accounts.key'), keys.privateKey, { mode: 0o600 });
  await writeFile(at('service-accounts.pub'), keys.publicKey);
  await writeFile(at('tokens.csv'), `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 });
  await writeFile(at('audit-policy.json'), JSON.stringify(auditPolicy));
  const apiPort = await freePort();
  return {
    folder,
    etcdPort: await freePort(),
    peerPort: await freePort(),
    apiPort,
    server: `https://127.0.0.1:${apiPort}`,
    ca: await readFile(authority.cert, 'utf8'),
    adminToken,
    tls: await authority.issue('kube-apiserver', ['127.0.0.1', 'localhost']),
    auditFile: at('audit.log'),
    apiArgs,
  };
}

export async function startEtcd(plane: ControlPlane): Promise<Child> {
  const client = `http://127.0.0.1:${plane.etcdPort}`;
  const peer = `http://127.0.0.1:${plane.peerPort}`;
  const args = [
    `--data-dir=${join(plane.folder, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
  return await startTool('etcd', args, join(plane.folder, 'logs/etcd.log'));
}

function apiServerArgs(plane: ControlPlane): string[] {
  const at = (name: string): string => join(plane.folder, name);
  return [
    `--etcd-servers=http://127.0.0.1:${plane.etcdPort}`,
    `--secure-port=${plane.apiPort}`,
    '--bind-address=127.0.0.1',
    `--tls-cert-file=${plane.tls.cert}`,
    `--tls-private-key-file=${plane.tls.key}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${at('tokens.csv')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    // All that is on by default stays on: webhooks and ValidatingAdmissionPolicy among them. This one wants Secrets of Pods.
    '--disable-admission-plugins=ServiceAccount',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${at('service-accounts.pub')}`,
    `--service-account-signing-key-file=${at('service-accounts.key')}`,
    `--audit-policy-file=${at('audit-policy.json')}`,
    `--audit-log-path=${plane.auditFile}`,
    // So that a test that has its answer finds the request in the log.
    '--audit-log-mode=blocking',
    ...plane.apiArgs,
  ];
}

/** `nth` tells the logs of one start from those of another. */
export async function startApiServer(plane: ControlPlane, nth: number): Promise<Child> {
  const child = await startTool(
    'kube-apiserver',
    apiServerArgs(plane),
    join(plane.folder, `logs/kube-apiserver.${nth}.log`),
  );
  return child;
}

async function ready(plane: ControlPlane): Promise<boolean> {
  const api = { server: plane.server, ca: plane.ca, token: plane.adminToken };
  return await askApi(api, { path: '/readyz' }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

export async function waitUntilReady(
  plane: ControlPlane,
  children: readonly Child[],
  timeoutMs = 60_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await ready(plane))) {
    const how = children.map((child) => child.how()).find((sentence) => sentence !== undefined);
    if (how !== undefined) throw new Error(`${how}; see ${plane.folder}/logs`);
    if (Date.now() > end)
      throw new Error(`The API server is not ready after ${timeoutMs} ms; see ${plane.folder}/logs`);
    await sleep(50);
  }
}
