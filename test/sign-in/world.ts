import { randomBytes } from 'node:crypto';

import { createTable, type Table } from '../../src/decide/table.ts';
import type { UserPool } from '../../src/identity/user-pool.ts';
import type { Identity } from '../../src/model/identity.ts';
import type { Pool } from '../../src/model/pool.ts';
import type { Policy, Rule } from '../../src/model/policy.ts';
import type { Revocation, RevocationAnswer } from '../../src/model/revocation.ts';
import type { Route } from '../../src/model/route.ts';
import type { WebRequest, WebResponse } from '../../src/model/web.ts';
import { systemClock } from '../../src/session/clock.ts';
import { createEndedSids, type EndedSids } from '../../src/session/ended-sids.ts';
import { createFreshness } from '../../src/session/freshness.ts';
import { createRefreshLimiter } from '../../src/session/refresh-limiter.ts';
import { createSessions } from '../../src/session/sessions.ts';
import { createSealer } from '../../src/session/seal.ts';
import { createCookieStore, type StateStore } from '../../src/session/state-store.ts';
import { createSignInHandler, type SignInLine } from '../../src/sign-in/handler.ts';
import { noon, pool as samplePool, ringOf } from '../session/samples.ts';
import { createFakeCognito, type FakeCognito } from './fake-cognito.ts';

export const signInHost = 'auth.example.com';
export const shopHost = 'shop.example.com';
export const wikiHost = 'wiki.test';
export const shopId = '1'.repeat(32);
export const wikiId = '2'.repeat(32);
export const dualId = '3'.repeat(32);
export const dualHost = 'dual.example.com';
export const staffPool: Pool = { ...samplePool, id: 'a1b2c3d4'.repeat(8) };
export const partnerPool: Pool = {
  ...samplePool,
  id: 'e5f60718'.repeat(8),
  name: 'partners',
  clientId: 'partner-client',
};

const rules: readonly Rule[] = [
  { name: 'health', match: { paths: [{ type: 'Exact', value: '/healthz' }] }, access: { kind: 'Public' } },
  {
    name: 'admin',
    match: { paths: [{ type: 'PathPrefix', value: '/admin' }] },
    access: { kind: 'Allow', conditions: [{ groups: ['admins'] }] },
  },
  {
    name: 'payroll',
    match: { paths: [{ type: 'PathPrefix', value: '/payroll' }] },
    access: { kind: 'SignedIn' },
    maxAuthAge: 900,
  },
  { name: 'everyone', match: {}, access: { kind: 'SignedIn' } },
];

export interface World {
  readonly table: () => Table;
  readonly cognito: FakeCognito;
  readonly lines: SignInLine[];
  readonly outcomes: string[];
  readonly clock: { now: number };
  readonly handle: (request: WebRequest) => Promise<WebResponse>;
  readonly sealer: ReturnType<typeof createSealer>;
  readonly sessions: ReturnType<typeof createSessions>;
  readonly ended: EndedSids;
  /** Another replica: it shares key ring, pools, time and revocations, and knows nothing else. */
  replica(): World;
  /** Replaces the table. */
  revoke(...revocations: readonly Revocation[]): void;
}

export interface WorldOptions {
  readonly staff?: Partial<Pool>;
  readonly publicPort?: number;
  readonly store?: StateStore;
}

export function createWorld(options: WorldOptions = {}): World {
  const clock = { now: noon };
  const pools = [{ ...staffPool, ...options.staff }, partnerPool];
  const routes = [
    routeOf(shopId, shopHost, [staffPool.id]),
    routeOf(wikiId, wikiHost, [staffPool.id]),
    routeOf(dualId, dualHost, [staffPool.id, partnerPool.id]),
  ];
  const shared = { table: createTable({ routes, pools }) };
  return replicaOf({
    options,
    clock,
    ring: ringOf('k1'),
    cognito: createFakeCognito(() => clock.now),
    table: () => shared.table,
    revoke: (revocations) => {
      shared.table = createTable({ routes, pools, revocations });
    },
  });
}

interface Shared {
  readonly options: WorldOptions;
  readonly clock: { now: number };
  readonly ring: ReturnType<typeof ringOf>;
  readonly cognito: FakeCognito;
  readonly table: () => Table;
  readonly revoke: (revocations: readonly Revocation[]) => void;
}

function replicaOf(shared: Shared): World {
  const { options, clock, ring, cognito, table } = shared;
  const now = (): number => clock.now;
  const sealer = createSealer({ ring: () => ring, now, random: randomBytes });
  const ended = createEndedSids(now);
  const store = options.store ?? createCookieStore();
  const revoked = (identity: Identity): RevocationAnswer => table().revoked(identity);
  const freshness = createFreshness({
    store,
    ended,
    now,
    clock: systemClock,
    random: Math.random,
    limit: createRefreshLimiter({ perSecond: 100, clock: systemClock }),
    refresh: (pool, token) => cognito.poolOf(pool).refresh(token),
  });
  const sessions = createSessions({ sealer, now, ended, store, freshness, revoked });
  const lines: SignInLine[] = [];
  const outcomes: string[] = [];
  const handle = createSignInHandler({
    table,
    sessions,
    sealer,
    store,
    freshness,
    revoked,
    pools: { of: (pool: Pool): UserPool => cognito.poolOf(pool) },
    ended,
    now,
    random: randomBytes,
    named: () => ({ groups: table().namedGroups, claims: table().namedClaims }),
    config: {
      signInHost,
      publicPort: options.publicPort ?? 443,
      prefix: '/_cognito-gate',
      contact: 'help@example.com',
    },
    events: { onSignIn: (_pool, outcome) => void outcomes.push(outcome), log: (line) => void lines.push(line) },
  });
  const replica = (): World => replicaOf(shared);
  const revoke: World['revoke'] = (...revocations) => shared.revoke(revocations);
  return { table, cognito, lines, outcomes, clock, handle, sealer, sessions, ended, replica, revoke };
}

function routeOf(id: string, host: string, pools: readonly string[]): Route {
  const policy: Policy = {
    namespace: 'apps',
    name: host,
    pools,
    corsPreflight: 'Check',
    allowedOrigins: [],
    deny: [{ groups: ['suspended'] }],
    rules,
  };
  return {
    id,
    namespace: 'apps',
    name: host,
    hosts: [host],
    paths: [{ host, path: '/', type: 'PathPrefix' }],
    state: { kind: 'enforced', policy, audits: [] },
  };
}

export function startUrl(host: string, id: string, returnPath: string): string {
  return `https://${host}/_cognito-gate/start/${id}?rd=${encodeURIComponent(returnPath)}`;
}
