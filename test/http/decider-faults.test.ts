/** T11.8: whatever fails on the way of a decision, at whatever step, now or later: a refusal, and a word about it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createTable } from '../../src/decide/table.ts';
import { createDecider } from '../../src/http/decider.ts';
import type { DeciderDeps } from '../../src/http/decider.ts';
import type { Session } from '../../src/model/session.ts';
import type { SessionRead } from '../../src/session/sessions.ts';
import { StoreUnavailable } from '../../src/session/state-store.ts';
import { options, person, policy, pool, route, rule, staff } from '../decide/samples.ts';

const id = '1'.repeat(32);
const now = 1_700_000_600;

const session: Session = {
  sid: 's',
  pool: staff,
  host: 'shop.example.com',
  identity: person({ in: ['admins'] }),
  checkedAt: now - 10,
  tokensExpireAt: now + 3000,
  refreshToken: undefined,
  startedAt: now - 10,
  signInStartedAt: now - 10,
  sealedAt: now - 10,
};
const live: SessionRead = { live: [session], stale: [], reason: undefined };
const rules = [
  rule('all', {}, { kind: 'Allow', conditions: [{ groups: ['admins'] }], machines: [{ clients: ['c'] }] }),
];
const audits = [policy(rules, { name: 'audit' })];
const table = createTable({
  routes: [route({ id, state: { kind: 'enforced', policy: policy(rules), audits } })],
  pools: [pool()],
});

const broken = new Error('a fault');
const fails = (): never => {
  throw broken;
};
const later = async (): Promise<never> => await Promise.reject(broken);

function good(failed: (error: unknown) => void): DeciderDeps {
  return {
    table: () => table,
    sessions: {
      read: () => live,
      reread: () => undefined,
      seal: fails,
      ended: fails,
      isEnded: () => false,
      lastSeen: () => 0,
    },
    bearers: { read: () => ({ kind: 'foreign' }) },
    now: () => now,
    options,
    decided: () => undefined,
    audited: () => undefined,
    failed,
  };
}

/** Its group was never judged, so that it is read again. */
const unsure: SessionRead = {
  ...live,
  live: [{ ...session, identity: person({ groups: { names: new Set(), judged: new Set(['staff']) } }) }],
};

function rereads(
  first: SessionRead,
  second: () => SessionRead | Promise<SessionRead>,
): DeciderDeps['sessions']['read'] {
  let times = 0;
  return () => {
    times += 1;
    return times === 1 ? first : second();
  };
}

const faults: readonly (readonly [what: string, change: (deps: DeciderDeps) => Partial<DeciderDeps>])[] = [
  ['the table', () => ({ table: fails })],
  ['a route of the table', () => ({ table: () => ({ ...table, route: fails }) })],
  ['the session, at once', ({ sessions }) => ({ sessions: { ...sessions, read: fails } })],
  ['the session, later', ({ sessions }) => ({ sessions: { ...sessions, read: later } })],
  ['reading again, at once', ({ sessions }) => ({ sessions: { ...sessions, read: () => unsure, reread: fails } })],
  ['reading again, later', ({ sessions }) => ({ sessions: { ...sessions, read: () => unsure, reread: later } })],
  [
    'the session after reading again',
    ({ sessions }) => ({ sessions: { ...sessions, read: rereads(unsure, fails), reread: async () => undefined } }),
  ],
  ['the bearer, at once', () => ({ bearers: { read: fails } })],
  ['the bearer, later', () => ({ bearers: { read: later } })],
  ['the audit', () => ({ audited: fails })],
];

suite('T11.8 a fault at any step of a decision', () => {
  const headers = [
    ['X-Original-URL', 'https://shop.example.com/admin', 'X-Original-Method', 'GET', 'Cookie', 'a=b'],
    ['X-Original-URL', 'https://shop.example.com/admin', 'X-Original-Method', 'GET', 'Accept', 'text/html'],
  ];

  test('without a fault it is allowed', async () => {
    const decider = createDecider(good(fails));
    assert.equal((await decider(id, headers[0] ?? [])).status, 200);
  });

  for (const [what, change] of faults) {
    test(`T11.8 ${what}: 403, said once`, async () => {
      for (const raw of headers) {
        const told: unknown[] = [];
        const deps = good((error) => void told.push(error));
        const answer = await createDecider({ ...deps, ...change(deps) })(id, raw);
        assert.equal(answer.status, 403);
        assert.deepEqual(told, [broken]);
        assert.ok(!JSON.stringify(answer).includes('ada'));
      }
    });
  }

  test('T11.8 the store away, at once and later: 403, and nobody is signed out by it', async () => {
    const away = new StoreUnavailable('away');
    const ways: readonly DeciderDeps['sessions']['read'][] = [
      () => {
        throw away;
      },
      async () => await Promise.reject(away),
    ];
    for (const read of ways) {
      const seen: string[] = [];
      const deps = good(fails);
      const decided: DeciderDeps['decided'] = ({ verdict }) => void seen.push(verdict.reason);
      const decider = createDecider({ ...deps, decided, sessions: { ...deps.sessions, read } });
      const answer = await decider(id, headers[1] ?? []);
      assert.equal(answer.status, 403);
      assert.equal(
        Object.keys(answer.headers).some((name) => name.toLowerCase() === 'set-cookie'),
        false,
      );
      assert.deepEqual(seen, ['store_unavailable']);
    }
  });
});
