import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressOf, gateHosts, startGateCluster } from '../../test/support/gate-cluster.ts';
import type { GateCluster, GateClusterOptions } from '../../test/support/gate-cluster.ts';
import { startNameServer } from '../../test/support/name-server.ts';
import { startNginxIngress } from '../../test/support/nginx-ingress.ts';
import { freePort } from '../../test/support/ports.ts';
import { people, person } from '../../test/support/stack.ts';
import { sessionOn } from '../../test/support/steps.ts';
import { until } from '../../test/support/until.ts';
import { Visitor } from '../../test/support/visitor.ts';
import type { Ask } from './load.ts';

/** What the wiring names, as in a cluster; DNS leads to the replicas. */
const service = 'cognito-gate-decisions.cognito-gate.svc.cluster.local';

/** Seconds. Tokens are short-lived here, so that a fault of half a minute outlives them. */
const short = { tokens: 30, refreshAfter: 10 };

/** Two replicas, a real NGINX that asks them as behind a headless Service, and people who are signed in on two apps. */
export interface Ground {
  readonly gate: GateCluster;
  readonly asks: readonly Ask[];
  /** Which replicas the name of the decision port leads to. */
  pointAt(replicas: readonly number[]): void;
  /** Whether the replicas can look up the name of Cognito. */
  nameCognito(known: boolean): void;
  stop(): Promise<void>;
}

export interface GroundOptions {
  readonly values?: GateClusterOptions['values'];
  readonly config?: GateClusterOptions['config'];
  /** How many sign in, each on both apps. */
  readonly people: number;
  /** Life of tokens, in seconds. */
  readonly tokenSeconds?: number;
  /** Age at which groups are read again, in seconds. */
  readonly refreshAfter?: number;
}

const workers = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    person(`worker-${index}`, ['staff'], { sub: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` }),
  );

export async function startGround(options: GroundOptions): Promise<Ground> {
  const { tokenSeconds: tokens = short.tokens, refreshAfter = short.refreshAfter } = options;
  const users = [...people, ...workers(options.people)];
  mkdirSync('.cache/bench', { recursive: true });
  const gone = join(process.cwd(), '.cache/bench', `names-gone-${process.pid}`);
  const gate = await startGateCluster({
    headless: { address: service, port: await freePort() },
    standIn: { users, ttl: { access: tokens, id: tokens } },
    pool: { session: { refreshAfter: `${refreshAfter}s` } },
    values: { log: { level: 'info' }, ...options.values },
    config: { shutdownDelay: '40s', ...options.config },
    env: { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'names.ts')}`, NAMES_GONE: gone },
  });
  const names = await startNameServer();
  const pointAt = (replicas: readonly number[]): void => names.set(service, replicas.map(addressOf));
  pointAt([0, 1]);
  for (const name of ['shop', 'wiki'] as const) await protect(gate, name);
  const front = await startNginxIngress({
    cluster: gate.cluster,
    folder: join(gate.folder, 'front'),
    port: gate.port,
    tls: gate.tls,
    resolver: names.address,
  });
  const asks = await signInAll(gate, options.people);
  return {
    gate,
    asks,
    pointAt,
    nameCognito: (known) => (known ? rmSync(gone, { force: true }) : writeFileSync(gone, '')),
    stop: async () => {
      rmSync(gone, { force: true });
      await front.stop();
      await names.close();
      await gate.stop();
    },
  };
}

async function protect(gate: GateCluster, name: 'shop' | 'wiki'): Promise<void> {
  await gate.app(name, { host: gateHosts[name], annotations: { 'cognito-gate.dev/policy': name } });
  await gate.apply(`
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: ${name}, namespace: ${name} }
spec: { rules: [{ name: staff, allow: [{ groups: [staff] }] }] }
`);
}

/** Three in four requests are to be allowed: of people of the group. The rest, of others, is to be refused. */
async function signInAll(gate: GateCluster, count: number): Promise<readonly Ask[]> {
  const allowed: Ask[] = [];
  for (const { username, password } of workers(count)) {
    for (const [host, cookie] of await cookiesOf(gate, { username, password })) {
      allowed.push({ host, path: '/', cookie, expected: 'allowed' });
    }
  }
  const outsider = await cookiesOf(gate, { username: 'eve', password: 'eve-secret-pw' }, 403);
  const forged = allowed.slice(0, 4).map((ask) => ({ ...ask, cookie: `${ask.cookie?.slice(0, -1)}~` }));
  const refused: Ask[] = [
    ...outsider.map(([host, cookie]) => ({ host, path: '/', cookie, expected: 'refused' as const })),
    { host: gateHosts.shop, path: '/', cookie: undefined, expected: 'refused' },
    ...forged.map((ask) => ({ ...ask, expected: 'refused' as const })),
  ];
  return Array.from({ length: allowed.length * 4 }, (_, index) => {
    const turn = Math.floor(index / 4);
    return index % 4 === 3 ? refused[turn % refused.length] : allowed[(index - turn) % allowed.length];
  }).filter((one) => one !== undefined);
}

type Account = { readonly username: string; readonly password: string };

async function cookiesOf(gate: GateCluster, account: Account, status = 200): Promise<(readonly [string, string])[]> {
  let visitor = new Visitor(gate.ca);
  let last = '';
  const enters = async (): Promise<boolean> => {
    visitor = new Visitor(gate.ca);
    const page = await visitor.signIn(`${gate.url(gateHosts.shop)}/`, account).catch((error: unknown) => String(error));
    last = typeof page === 'string' ? page : `${page.status} of ${page.url.href}`;
    return typeof page !== 'string' && page.status === status;
  };
  await until(enters, '', 30_000).catch(() => {
    throw new Error(`${account.username} can't sign in: ${last}`);
  });
  await visitor.go(`${gate.url(gateHosts.wiki)}/`);
  return [gateHosts.shop, gateHosts.wiki].map((host) => [host, sessionOn(visitor, host).join('=')] as const);
}
