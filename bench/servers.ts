import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Table } from '../src/decide/table.ts';
import type { Session } from '../src/model/session.ts';
import { systemClock } from '../src/session/clock.ts';
import { createEndedSids } from '../src/session/ended-sids.ts';
import { newKeyEntry, parseKeyRing } from '../src/session/key-ring.ts';
import { createSealer } from '../src/session/seal.ts';
import { createFreshness } from '../src/session/freshness.ts';
import { createRefreshLimiter } from '../src/session/refresh-limiter.ts';
import { createCookieStore } from '../src/session/state-store.ts';
import { createSessions } from '../src/session/sessions.ts';
import { openFolder } from '../src/sources/folder.ts';
import { translate } from '../src/translate/translate.ts';
import { freePort } from '../test/support/ports.ts';

export interface Target {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pid: number;
}

interface Peer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const host = 'shop.example.com';
const objects = `
apiVersion: cognito-gate.dev/v1alpha1
kind: CognitoPool
metadata: { name: staff, namespace: identity }
spec:
  userPoolId: eu-west-1_Bench0000
  domain: bench
  clientId: bench0000client
  allowedNamespaces: { from: All }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: shop, namespace: shop, annotations: { cognito-gate.dev/policy: shop } }
spec:
  ingressClassName: nginx
  rules:
    - host: ${host}
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
---
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: shop, namespace: shop }
spec:
  targetRefs: [{ group: networking.k8s.io, kind: Ingress, name: shop }]
  poolRefs: [{ name: staff, namespace: identity }]
  deny: [{ groups: [suspended] }]
  rules:
    - name: health
      match: { paths: [{ type: Exact, value: /healthz }], methods: [GET, HEAD] }
      access: Public
    - name: admin
      match: { paths: [{ type: PathPrefix, value: /admin }] }
      allow: [{ groups: [admins] }]
    - name: everyone
      allow: [{ groups: [staff, admins] }]
`;

/** The real program, pinned to core 0, with one policy and a live session of a person with eleven groups. */
export async function startGate(): Promise<
  Peer & {
    startToReady: number;
    headers: Record<string, string>;
    cookieHeader: Record<string, string>;
    witness(path: string): Record<string, string>;
  }
> {
  const folder = path.resolve('.cache/bench/gate');
  rmSync(folder, { recursive: true, force: true });
  const secrets = path.join(folder, 'secrets/identity/keys');
  mkdirSync(secrets, { recursive: true });
  mkdirSync(path.join(folder, 'policies'));
  const seconds = (): number => Math.floor(Date.now() / 1000);
  writeFileSync(
    path.join(secrets, 'k1'),
    newKeyEntry('k1', seconds() - 3600, (n) => randomBytes(n)),
  );
  writeFileSync(path.join(folder, 'policies/all.yaml'), objects);
  const [decisions, signIn, operations] = [await freePort(), await freePort(), await freePort()];
  const config = [
    'signInHost: auth.example.com',
    'poolNamespaces: [identity]',
    `source: { folder: ${folder}/policies }`,
    `secretsDir: ${folder}/secrets`,
    'keyRingSecret: identity/keys',
    `listen: { decisions: '127.0.0.1:${decisions}', signIn: '127.0.0.1:${signIn}', operations: '127.0.0.1:${operations}' }`,
    'log: { level: warn }',
  ];
  writeFileSync(path.join(folder, 'config.yaml'), config.join('\n'));
  const { table, cookie } = await sealedSession(folder, seconds);
  const route = [...table.allRoutes()][0];
  if (route === undefined) throw new Error('the benchmark’s own policy made no route');
  const started = performance.now();
  const child = pinned(['src/main.ts', 'serve', '--config', path.join(folder, 'config.yaml')], {});
  await answering(`http://127.0.0.1:${operations}/readyz`, child);
  const startToReady = (performance.now() - started) / 1000;
  const url = `http://127.0.0.1:${decisions}/nginx/${route.route.id}`;
  const witness = (at: string): Record<string, string> => ({
    'X-Original-URL': `https://${host}${at}`,
    'X-Original-Method': 'GET',
    'X-Real-IP': '10.0.0.9',
    Accept: '*/*',
  });
  const cookieHeader = { Cookie: cookie };
  const allowed = await fetch(url, { headers: { ...witness('/'), ...cookieHeader } });
  if (allowed.status !== 200) throw new Error(`the benchmark’s own session is refused with ${allowed.status}`);
  const kept = [...allowed.headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name));
  return {
    url,
    pid: child.pid ?? 0,
    stop: () => stopped(child),
    startToReady,
    headers: Object.fromEntries(kept),
    cookieHeader,
    witness,
  };
}

async function sealedSession(folder: string, now: () => number): Promise<{ table: Table; cookie: string }> {
  let made: { table: Table; cookie: string } | undefined;
  const source = await openFolder({
    folder: path.join(folder, 'policies'),
    secretsDir: path.join(folder, 'secrets'),
    installation: {
      signInHost: 'auth.example.com',
      defaultPool: undefined,
      poolNamespaces: ['identity'],
      clientAddressKnown: false,
      prefix: '/_cognito-gate',
      controllerName: 'cognito-gate',
      decisionsUrl: 'http://cognito-gate-decisions.cognito-gate.svc.cluster.local:8080/nginx/',
      releaseNamespace: undefined,
      ingressControllers: ['k8s.io/ingress-nginx'],
      onPolicyGone: 'Refuse',
    },
    onError: (error) => {
      throw error;
    },
    onSnapshot: (snapshot) => {
      const { table } = translate(snapshot);
      const ring = parseKeyRing(snapshot.secrets.get('identity/keys') ?? new Map());
      const sealer = createSealer({ ring: () => ring, now, random: (n) => randomBytes(n) });
      const store = createCookieStore();
      const ended = createEndedSids(now);
      const freshness = createFreshness({
        store,
        ended,
        now,
        clock: systemClock,
        random: Math.random,
        limit: createRefreshLimiter({ perSecond: 1, clock: systemClock }),
        refresh: async () => ({ kind: 'failed', code: 'unavailable' }),
      });
      const sessions = createSessions({ sealer, now, ended, store, freshness });
      const [pool] = table.pools.values();
      if (pool === undefined) throw new Error('the benchmark’s own pool is broken');
      const sealed = sessions.seal(person(pool.id, now()), { groups: table.namedGroups, claims: table.namedClaims });
      made = { table, cookie: sealed.cookie.slice(0, sealed.cookie.indexOf(';')) };
    },
  });
  source.close();
  if (made === undefined) throw new Error('no snapshot was read');
  return made;
}

function person(pool: string, now: number): Session {
  const groups = ['staff', ...Array.from({ length: 10 }, (_, index) => `team-platform-${index}`)];
  return {
    sid: randomBytes(16).toString('hex'),
    pool,
    host,
    startedAt: now,
    signInStartedAt: now,
    sealedAt: now,
    checkedAt: now,
    tokensExpireAt: now + 3600,
    refreshToken: undefined,
    identity: {
      kind: 'person',
      pool,
      subject: '3f1c2a5e-0000-4000-8000-000000000001',
      username: 'bob',
      preferredUsername: 'bob',
      name: 'Bob',
      email: 'bob@example.com',
      emailTrusted: true,
      groups: { names: new Set(groups), judged: undefined },
      claims: new Map(),
      authTime: now,
    },
  };
}

export async function startPeer(kind: 'bare' | 'fastify', headers: Record<string, string>): Promise<Peer> {
  const port = await freePort();
  const child = pinned(['bench/peers.ts', kind, String(port)], { BENCH_HEADERS: JSON.stringify(headers) });
  const url = `http://127.0.0.1:${port}/nginx/0123456789abcdef0123456789abcdef`;
  await answering(url, child);
  return { url, pid: child.pid ?? 0, stop: () => stopped(child) };
}

function pinned(args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn('taskset', ['-c', '0', process.execPath, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  });
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${url}: the server ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(10);
  }
  throw new Error(`${url} did not answer within 10 s`);
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await exited;
}
