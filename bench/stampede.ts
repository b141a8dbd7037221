/**
 * `make bench-stampede`: everything was restarted at once, and everybody comes back: 2,000 people with sessions on five
 * apps each, all of them due to be read again, at two replicas that know nothing. How often Cognito is asked in a second,
 * what becomes of decisions meanwhile, and how long a sign-in takes. PEOPLE=number.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import '../test/support/localhost-names.ts';
import { Secret } from '../src/model/secret.ts';
import type { Session } from '../src/model/session.ts';
import { encodeSession } from '../src/session/codec.ts';
import { parseKeyRing } from '../src/session/key-ring.ts';
import { sessionCookieName } from '../src/session/names.ts';
import { createSealer } from '../src/session/seal.ts';
import { poolId } from '../src/translate/pools.ts';
import { routeId } from '../src/translate/route-id.ts';
import { person, people as staffOfTests, startStack } from '../test/support/stack.ts';
import { startSecondReplica } from '../test/support/second-replica.ts';
import { account } from '../test/support/steps.ts';
import { median, percentile } from './figures.ts';
import { rush } from './stampede/rush.ts';
import type { Question } from './stampede/rush.ts';
import { refreshTokens } from './stampede/tokens.ts';

const people = Number(process.env['PEOPLE'] ?? 2000);
const apps = ['shop', 'wiki', 'desk', 'chat', 'files'];
const hostOf = (app: string): string => (app === 'shop' ? 'shop.acme.localhost' : `${app}.example.localhost`);
const perSecond = 1000;

// What the stand-in's certificate says is not what is measured.
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
process.removeAllListeners('warning').on('warning', () => undefined);

const object = (app: string): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${app}, namespace: ${app}, annotations: { cognito-gate.dev/allowed-groups: staff } }
spec:
  ingressClassName: nginx
  rules: [{ host: ${hostOf(app)}, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: a, port: { number: 80 } } } }] } }]
`;
const workers = Array.from({ length: people }, (_, index) =>
  person(`worker-${String(index).padStart(5, '0')}`, ['staff'], { sub: randomUUID() }),
);
const stack = await startStack({
  users: [...staffOfTests, ...workers],
  apps: apps.map(object).join('---\n'),
  config: { log: { level: 'warn' } },
});
const second = await startSecondReplica(stack);
try {
  const { cognito } = stack;
  const client = stack.client;
  console.log(`signing ${people} people in at the stand-in`);
  const tokens = await refreshTokens(cognito, client, workers);
  const ring = parseKeyRing(
    new Map([['k1', new Secret(await readFile(join(stack.folder, 'secrets/identity/key-ring/k1'), 'utf8'))]]),
  );
  const seconds = (): number => Math.floor(Date.now() / 1000);
  const sealer = createSealer({ ring: () => ring, now: seconds, random: (bytes) => randomBytes(bytes) });
  const pool = poolId('identity', 'staff', {
    endpoints: { issuer: cognito.issuer },
    clientId: client.clientId,
  } as never);
  // One moment for all: cookies of one sign-in have one `auth_time`.
  const now = seconds();
  const cookieOf = (index: number, host: string): string => {
    const { username, sub } = workers[index] ?? { username: '', sub: '' };
    // Read twenty minutes ago, by tokens of an hour: due, and good.
    const session: Session = {
      sid: `stampede-${index}`,
      pool,
      host,
      startedAt: now - 1200,
      signInStartedAt: now - 1200,
      sealedAt: now - 1200,
      identity: {
        kind: 'person',
        pool,
        subject: sub,
        username,
        preferredUsername: undefined,
        name: undefined,
        email: undefined,
        emailTrusted: false,
        groups: { names: new Set(['staff']), judged: undefined },
        claims: new Map(),
        authTime: now - 1200,
      },
      checkedAt: now - 1200,
      tokensExpireAt: now + 2400,
      refreshToken: new Secret(tokens.get(username) ?? ''),
    };
    const plaintext = encodeSession(session);
    if (plaintext === undefined) throw new Error('a session of the benchmark is too large');
    return `${sessionCookieName(pool)}=${sealer.seal('session', { pool, host }, plaintext)}`;
  };
  const ports = [Number(new URL(stack.decisions).port), second.ports.decisions];
  const questionOf = (app: string, index: number, port: number): Question => {
    const host = hostOf(app);
    const url = `https://${host}:${stack.port}/`;
    const headers = { 'x-original-url': url, 'x-original-method': 'GET', cookie: cookieOf(index, host) };
    return { port, path: `/nginx/${routeId(app, app)}`, headers };
  };
  const questions = apps.flatMap((app) =>
    workers.flatMap((_, index) => ports.map((port) => questionOf(app, index, port))),
  );
  const perTick: number[] = [];
  const before = cognito.stats.token;
  let last = before;
  const ticking = setInterval(() => {
    perTick.push(cognito.stats.token - last);
    last = cognito.stats.token;
  }, 1000);
  const signIns: number[] = [];
  const began = performance.now();
  const rushing = rush(questions, perSecond);
  // Whatever ends first is what went wrong.
  rushing.catch(() => undefined);
  for (let tries = 0; tries < 5; tries += 1) {
    await sleep(2000);
    const at = performance.now();
    const page = await stack.visitor().signIn(`${stack.urls.shop}/`, account('bob'));
    if (page.status !== 200) throw new Error(`bob could not sign in: ${page.status}`);
    signIns.push(performance.now() - at);
  }
  const answers = await rushing;
  const asked = (performance.now() - began) / 1000;
  while (perTick.length < 300 && perTick.slice(-4).some((count) => count > 0)) await sleep(1000);
  clearInterval(ticking);
  const refused = answers.filter(({ status }) => status !== 200).length;
  const times = answers.map(({ ms }) => ms);
  console.log(`
${os.cpus()[0]?.model ?? 'unknown CPU'}, ${os.cpus().length} cores, node ${process.version}; two replicas, the stand-in and this on it
${people} people × ${apps.length} apps × 2 replicas: ${answers.length} decisions in ${asked.toFixed(0)} s, ${refused} refused
a decision: p50 ${median(times).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms, longest ${Math.max(...times).toFixed(0)} ms
token requests: ${cognito.stats.token - before} altogether; in the busiest second ${Math.max(...perTick)}; the last after ${perTick.findLastIndex((count) => count > 0) + 1} s
a whole sign-in meanwhile: ${signIns.map((ms) => `${Math.round(ms)} ms`).join(', ')}`);
} finally {
  await second.stop();
  await stack.stop();
}
process.exit(0);
