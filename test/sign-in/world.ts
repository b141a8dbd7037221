import { randomBytes } from 'node:crypto';

import { createTable, type Table } from '../../src/decide/table.ts';
import type { UserPool } from '../../src/identity/user-pool.ts';
import type { Pool } from '../../src/model/pool.ts';
import type { Policy, Rule } from '../../src/model/policy.ts';
import type { Route } from '../../src/model/route.ts';
import type { WebRequest, WebResponse } from '../../src/model/web.ts';
import { systemClock } from '../../src/session/clock.ts';
import { createEndedSids } from '../../src/session/ended-sids.ts';
import { createFreshness } from '../../src/session/freshness.ts';
import { createRefreshLimiter } from '../../src/session/refresh-limiter.ts';
import { createSessions } from '../../src/session/sessions.ts';
import { createSealer } from '../../src/session/seal.ts';
import { createCookieStore } from '../../src/session/state-store.ts';
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
}

export function createWorld(options: { readonly staff?: Partial<Pool>; readonly publicPort?: number } = {}): World {
  const clock = { now: noon };
  const now = (): number => clock.now;
  const ring = ringOf('k1');
  const pools = [{ ...staffPool, ...options.staff }, partnerPool];
  const table = createTable({
    routes: [
      routeOf(shopId, shopHost, [staffPool.id]),
      routeOf(wikiId, wikiHost, [staffPool.id]),
      routeOf(dualId, dualHost, [staffPool.id, partnerPool.id]),
    ],
    pools,
  });
  const sealer = createSealer({ ring: () => ring, now, random: randomBytes });
  const ended = createEndedSids(now);
  const cognito = createFakeCognito(now);
  const store = createCookieStore();
  const freshness = createFreshness({
    store,
    ended,
    now,
    clock: systemClock,
    random: Math.random,
    limit: createRefreshLimiter({ perSecond: 100, clock: systemClock }),
    refresh: (pool, token) => cognito.poolOf(pool).refresh(token),
  });
  const sessions = createSessions({ sealer, now, ended, store, freshness });
  const lines: SignInLine[] = [];
  const outcomes: string[] = [];
  const handle = createSignInHandler({
    table: () => table,
    sessions,
    sealer,
    store,
    freshness,
    revoked: table.revoked,
    pools: { of: (pool: Pool): UserPool => cognito.poolOf(pool) },
    ended,
    now,
    random: randomBytes,
    named: () => ({ groups: table.namedGroups, claims: table.namedClaims }),
    config: {
      signInHost,
      publicPort: options.publicPort ?? 443,
      prefix: '/_cognito-gate',
      contact: 'help@example.com',
    },
    events: { onSignIn: (_pool, outcome) => void outcomes.push(outcome), log: (line) => void lines.push(line) },
  });
  return { table: () => table, cognito, lines, outcomes, clock, handle, sealer, sessions };
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
