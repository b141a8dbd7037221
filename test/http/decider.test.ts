import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTable } from '../../src/decide/table.ts';
import { createDecider, type Decided } from '../../src/http/decider.ts';
import type { PlaneAnswer } from '../../src/planes/nginx.ts';
import type { Session } from '../../src/model/session.ts';
import type { SessionRead, Sessions } from '../../src/session/sessions.ts';
import { StoreUnavailable } from '../../src/session/state-store.ts';
import { document, nginxHeaders } from '../planes/headers.ts';
import { host, identity, noon, pool, session } from '../session/samples.ts';

const id = 'a'.repeat(32);
const table = createTable({
  pools: [pool],
  revocations: [],
  routes: [
    {
      id,
      namespace: 'shop',
      name: 'shop',
      hosts: [host],
      paths: [{ host, path: '/', type: 'PathPrefix' }],
      state: {
        kind: 'enforced',
        audits: [],
        policy: {
          namespace: 'shop',
          name: 'shop',
          pools: [pool.id],
          corsPreflight: 'Check',
          allowedOrigins: [],
          deny: [{ groups: ['suspended'] }],
          rules: [
            { name: 'open', match: { paths: [{ type: 'Exact', value: '/healthz' }] }, access: { kind: 'Public' } },
            { name: 'rest', match: {}, access: { kind: 'Allow', conditions: [{ groups: ['staff'] }] } },
          ],
        },
      },
    },
  ],
});
const trimmed = session({ identity: identity({ groups: { names: new Set(['staff']), judged: new Set(['staff']) } }) });
const read = (...live: readonly Session[]): SessionRead => ({ live, stale: [], reason: undefined });

async function decided(
  changes: Partial<Sessions>,
  path = '/',
  ...client: readonly string[]
): Promise<{ answer: PlaneAnswer; reason: string; errors: number }> {
  const outcomes: Decided[] = [];
  let errors = 0;
  const sessions: Sessions = {
    read: () => read(),
    reread: () => undefined,
    seal: () => assert.fail('nothing is sealed here'),
    ended: () => assert.fail('nothing ends here'),
    isEnded: () => false,
    lastSeen: () => 0,
    ...changes,
  };
  const decide = createDecider({
    table: () => table,
    sessions,
    bearers: { read: () => ({ kind: 'foreign' }) },
    now: () => noon,
    options: { acme: false, prefix: '/_cognito-gate', now: () => noon },
    decided: (outcome) => void outcomes.push(outcome),
    audited: () => undefined,
    failed: () => (errors += 1),
  });
  const answer = await decide(id, nginxHeaders(path, 'GET', ...client));
  return { answer, reason: outcomes[0]?.verdict.reason ?? '', errors };
}

describe('decisions that have to ask', () => {
  for (const [name, failing] of [
    ['at once', () => assert.fail(new StoreUnavailable('away'))],
    ['later', () => Promise.reject(new StoreUnavailable('away'))],
  ] as const) {
    it(`S10 the store is away, said ${name}: 403 with that reason, also to a navigation, and no cookie is touched`, async () => {
      const { answer, reason, errors } = await decided({ read: failing }, '/', ...document);
      assert.deepEqual([answer.status, reason, errors], [403, 'store_unavailable', 0]);
      assert.ok(!JSON.stringify(answer.headers).toLowerCase().includes('set-cookie'));
    });
  }

  it('any other failure is an error of ours, and refused', async () => {
    const { answer, reason, errors } = await decided({ read: () => Promise.reject(new Error('?')) });
    assert.deepEqual([answer.status, reason, errors], [403, 'internal_error', 1]);
  });

  it('a Public rule never looks', async () => {
    const { answer } = await decided({ read: () => assert.fail('it looked') }, '/healthz');
    assert.equal(answer.status, 200);
  });

  it('S23 a revoked sign-in: a navigation is sent to start', async () => {
    const revoked: SessionRead = { live: [], stale: [], reason: 'session_revoked' };
    const { answer, reason } = await decided({ read: () => revoked }, '/', ...document);
    assert.deepEqual([answer.status, reason], [401, 'session_revoked']);
  });

  for (const [groups, status, reason] of [
    [['staff'], 200, 'allowed'],
    [['staff', 'suspended'], 403, 'denied'],
    [[], 403, 'not_allowed'],
  ] as const) {
    it(`S22 a group that was never judged is read first: ${reason}`, async () => {
      let now = read(trimmed);
      const whole = identity({ groups: { names: new Set(groups), judged: undefined } });
      const reread = async (): Promise<void> => void (now = read(session({ identity: whole })));
      const { answer, reason: given } = await decided({ read: () => now, reread });
      assert.deepEqual([answer.status, given], [status, reason]);
    });
  }

  it('S22 and where it stays unknown it is refused, after one try', async () => {
    let tries = 0;
    const reread = async (): Promise<void> => void (tries += 1);
    const { answer, reason } = await decided({ read: () => read(trimmed), reread });
    assert.deepEqual([answer.status, reason, tries], [403, 'groups_unknown', 1]);
  });
});
