import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { newKeyEntry } from '../../src/session/key-ring.ts';
import { routeId } from '../../src/translate/route-id.ts';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { createAuthority } from './certificates.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { startCognito } from './cognito/cognito.ts';
import type { Cognito, CognitoClient, CognitoOptions, CognitoUser } from './cognito/types.ts';
import { secretsIn } from './log-secrets.ts';
import { startNginx } from './nginx.ts';
import type { NginxRoute } from './nginx.ts';
import { freePort } from './ports.ts';
import { shopAndWiki } from './stack-objects.ts';
import { Visitor } from './visitor.ts';

export const stackHosts = {
  shop: 'shop.acme.localhost',
  wiki: 'wiki.example.localhost',
  signIn: 'auth.gate.localhost',
  cognito: 'cognito.localhost',
};

export interface StackOptions {
  /** Further YAML, beside the pool and the objects of shop and wiki. */
  readonly objects?: string;
  /** Instead of those of shop and wiki. */
  readonly apps?: string;
  readonly users?: readonly CognitoUser[];
  readonly ttl?: CognitoOptions['ttl'];
  readonly rotation?: CognitoClient['rotation'];
  /** App clients of the user pool besides the pool's own. */
  readonly clients?: readonly CognitoClient[];
  /** Lines for the pool's `spec`, indented by two. */
  readonly poolSpec?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly wiring?: Readonly<Record<string, Partial<NginxRoute>>>;
  /** What starts the program, before its own arguments; default: node and src/main.ts. */
  readonly program?: { readonly command: string; readonly args: readonly string[] };
}

/** The whole product on loopback, every part real: NGINX, the program, the stand-in for Cognito, two apps. */
export interface Stack {
  readonly folder: string;
  readonly policies: string;
  readonly urls: { readonly shop: string; readonly wiki: string; readonly signIn: string; readonly cognito: string };
  readonly port: number;
  readonly decisions: string;
  readonly signInPort: number;
  readonly operations: string;
  readonly cognito: Cognito;
  /** The pool's app client. */
  readonly client: CognitoClient;
  readonly shop: App;
  readonly wiki: App;
  readonly ca: string;
  readonly routes: { readonly shop: string; readonly wiki: string };
  visitor(): Visitor;
  /** What the program has logged so far. */
  log(): Promise<string>;
  metrics(): Promise<string>;
  /** Of the program alone; nobody answers meanwhile. */
  restart(): Promise<void>;
  write(file: string, text: string): Promise<void>;
  /** Ends all parts, and fails where the program's log holds a secret (cases M3, L17): so every stack of the suite is searched. */
  stop(): Promise<void>;
}

export const people: readonly CognitoUser[] = [
  person('ada', ['admins']),
  person('bob', ['staff']),
  person('eve', []),
  person('sam', ['staff', 'suspended']),
  person('max', [
    'staff',
    ...Array.from({ length: 299 }, (_, index) => `warehouse-north-team-${String(index).padStart(4, '0')}`),
  ]),
];

export function person(username: string, groups: readonly string[], more: Partial<CognitoUser> = {}): CognitoUser {
  const sub = `${Buffer.from(username).toString('hex').padEnd(8, '0').slice(0, 8)}-0000-4000-8000-000000000000`;
  return {
    username,
    password: `${username}-secret-pw`,
    sub,
    email: `${username}@example.com`,
    emailVerified: true,
    name: `${username} Person`,
    groups,
    ...more,
  };
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'cognito-gate-'));
  const authority = await createAuthority(join(folder, 'certificates'));
  const tls = await authority.issue('all', [...Object.values(stackHosts), 'localhost', '127.0.0.1']);
  const ca = await readFile(authority.cert, 'utf8');
  const [port, decisions, signIn, operations, cognitoPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const url = (host: string): string => `https://${host}:${port}`;
  const client: CognitoClient = {
    clientId: '1example23456789',
    clientSecret: randomBytes(24).toString('hex'),
    redirectUris: [`${url(stackHosts.signIn)}/oauth2/callback`],
    logoutUris: [`${url(stackHosts.signIn)}/oauth2/signed-out`],
    ...(options.rotation === undefined ? {} : { rotation: options.rotation }),
  };
  const cognito = await startCognito({
    clients: [client, ...(options.clients ?? [])],
    users: options.users ?? people,
    port: cognitoPort,
    host: stackHosts.cognito,
    issuerHost: '127.0.0.1',
    tls: { cert: await readFile(tls.cert, 'utf8'), key: await readFile(tls.key, 'utf8') },
    ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
  });
  const shop = await startApp('shop');
  const wiki = await startApp('wiki');
  const policies = join(folder, 'policies');
  await mkdir(policies);
  await writeFile(join(policies, 'pool.yaml'), poolYaml(cognito, client, options.poolSpec ?? ''));
  await writeFile(join(policies, 'apps.yaml'), options.apps ?? shopAndWiki);
  if (options.objects !== undefined) await writeFile(join(policies, 'more.yaml'), options.objects);
  await secret(folder, 'client', 'clientSecret', client.clientSecret);
  await secret(
    folder,
    'key-ring',
    'k1',
    newKeyEntry('k1', Math.floor(Date.now() / 1000) - 600, (n) => randomBytes(n)),
  );
  const config = {
    signInHost: stackHosts.signIn,
    publicPort: port,
    defaultPool: 'identity/staff',
    poolNamespaces: ['identity'],
    source: { folder: policies },
    secretsDir: join(folder, 'secrets'),
    keyRingSecret: 'identity/key-ring',
    extraCaFile: authority.cert,
    contact: 'Ask the desk at extension 1234',
    clientAddress: 'XRealIp',
    listen: {
      decisions: `127.0.0.1:${decisions}`,
      signIn: `127.0.0.1:${signIn}`,
      operations: `127.0.0.1:${operations}`,
    },
    shutdownDelay: '0s',
    log: { level: 'trace' },
    ...options.config,
  };
  const configFile = join(folder, 'config.yaml');
  await writeFile(configFile, stringify(config));
  const logFile = join(folder, 'gate.log');
  const ready = `http://127.0.0.1:${operations}/readyz`;
  let gate = await startGate(configFile, logFile, ready, options.program);
  let earlierLog = '';
  const visitors: Visitor[] = [];
  const routes = { shop: routeId('shop', 'shop'), wiki: routeId('wiki', 'wiki') };
  const nginx = await startNginx({
    folder: join(folder, 'nginx'),
    port,
    tls,
    decisions: `127.0.0.1:${decisions}`,
    signIn: `127.0.0.1:${signIn}`,
    signInHost: stackHosts.signIn,
    routes: [
      { host: stackHosts.shop, routeId: routes.shop, upstreamPort: shop.port, ...options.wiring?.['shop'] },
      { host: stackHosts.wiki, routeId: routes.wiki, upstreamPort: wiki.port, ...options.wiring?.['wiki'] },
    ],
  });
  return {
    folder,
    policies,
    urls: {
      shop: url(stackHosts.shop),
      wiki: url(stackHosts.wiki),
      signIn: url(stackHosts.signIn),
      cognito: `https://${stackHosts.cognito}:${cognitoPort}`,
    },
    port,
    decisions: `http://127.0.0.1:${decisions}`,
    signInPort: signIn,
    operations: `http://127.0.0.1:${operations}`,
    cognito,
    client,
    shop,
    wiki,
    ca,
    routes,
    visitor: () => {
      const visitor = new Visitor(ca);
      visitors.push(visitor);
      return visitor;
    },
    log: async () => earlierLog + (await readFile(logFile, 'utf8')),
    restart: async () => {
      await gate.stop();
      earlierLog += await readFile(logFile, 'utf8');
      gate = await startGate(configFile, logFile, ready, options.program);
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${operations}/metrics`)).text(),
    write: (file, text) => writeFile(join(policies, file), text),
    stop: async () => {
      await nginx.stop();
      await gate.stop();
      await Promise.all([cognito.close(), shop.close(), wiki.close()]);
      const users = options.users ?? people;
      const leaks = secretsIn(earlierLog + (await readFile(logFile, 'utf8')), {
        visitors,
        users,
        clientSecret: client.clientSecret,
      });
      if (leaks.length > 0) throw new Error(`M3: the log in ${logFile} holds ${leaks.join(', ')}`);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const fromSource = { command: process.execPath, args: ['src/main.ts'] };

async function startGate(
  configFile: string,
  logFile: string,
  ready: string,
  { command, args }: NonNullable<StackOptions['program']> = fromSource,
): Promise<Child> {
  const serve = [...args, 'serve', '--config', configFile];
  const gate = startChild({ name: 'cognito-gate', command, args: serve, logFile });
  const failed = async (): Promise<void> => {
    if (gate.how() !== undefined) throw new Error(`${gate.how()}: ${await readFile(logFile, 'utf8')}`);
  };
  await until(async () => {
    await failed();
    return (await fetch(ready).catch(() => undefined))?.ok === true;
  }, 'the program to be ready');
  await failed();
  return gate;
}

/** Waits until something holds, at most `seconds`. */
export async function until(holds: () => Promise<boolean>, what: string, seconds = 15): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function secret(folder: string, name: string, key: string, value: string): Promise<void> {
  await mkdir(join(folder, 'secrets/identity', name), { recursive: true });
  await writeFile(join(folder, 'secrets/identity', name, key), value);
}

function poolYaml(cognito: Cognito, client: CognitoClient, spec: string): string {
  const domain = `https://${stackHosts.cognito}:${cognito.port}`;
  const direct = `https://127.0.0.1:${cognito.port}`;
  return `
apiVersion: cognito-gate.dev/v1alpha1
kind: CognitoPool
metadata: { name: staff, namespace: identity }
spec:
  userPoolId: eu-west-1_AbCdEfGhI
  clientId: ${client.clientId}
  clientSecretRef: { name: client, key: clientSecret }
  endpoints:
    issuer: ${cognito.issuer}
    token: ${direct}/oauth2/token
    revocation: ${direct}/oauth2/revoke
    jwks: ${cognito.issuer}/.well-known/jwks.json
    authorization: ${domain}/oauth2/authorize
    logout: ${domain}/logout
  allowedNamespaces: { from: All }
${spec}`;
}
