import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createPoolProbes } from '../../src/controller/pool-probes.ts';
import type { PoolState } from '../../src/model/pool-state.ts';
import type { Pool } from '../../src/model/pool.ts';
import { poolWith } from '../identity/fake-endpoints.ts';
import { until } from '../support/until.ts';

function stateOf(ok: boolean): PoolState {
  const answer = { ok, reason: ok ? 'Answered' : 'Unreachable', message: '' };
  return {
    askedAt: 1,
    issuer: undefined,
    discovery: answer,
    keys: answer,
    authorize: answer,
    logout: answer,
    loginPages: 'Unknown',
  };
}

function setUp(input: { ok: boolean; leading: boolean }) {
  const asked: string[] = [];
  const clock = { at: 0 };
  const may = { ...input };
  const probes = createPoolProbes({
    probe: async (pool) => {
      asked.push(pool.clientId);
      return stateOf(may.ok);
    },
    leading: () => may.leading,
    now: () => clock.at,
    random: () => 0.5,
    onAnswer: () => undefined,
  });
  const stop = new AbortController();
  const running = probes.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return { asked, clock, may, probes, end };
}

const table = (pool: Pool) => new Map([[pool.id, pool]]);

suite('when a pool is asked', () => {
  test('soon after it came, again when what is asked for has changed, and not for another secret', async () => {
    const { asked, probes, end } = setUp({ ok: true, leading: true });
    probes.watch(table(poolWith({ clientId: 'a' })));
    await until(() => asked.length === 1, 'the first answer');
    probes.watch(table(poolWith({ clientId: 'a', trustedEmailProviders: ['Entra'] })));
    probes.watch(table(poolWith({ clientId: 'b' })));
    await until(() => asked.length === 2, 'the second');
    assert.deepEqual(asked, ['a', 'b']);
    assert.equal(probes.states().size, 1);
    await end();
  });

  test('every half a minute while it is not well, every ten minutes then', async () => {
    const { asked, clock, may, probes, end } = setUp({ ok: false, leading: true });
    probes.watch(table(poolWith()));
    await until(() => asked.length === 1, 'the first answer');
    may.ok = true;
    clock.at = 30_001;
    await until(() => asked.length === 2, 'the second');
    clock.at = 100_000;
    probes.watch(table(poolWith()));
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(asked.length, 2);
    clock.at = 700_000;
    await until(() => asked.length === 3, 'the third');
    await end();
  });

  test('never by a replica that does not lead', async () => {
    const { asked, probes, end } = setUp({ ok: true, leading: false });
    probes.watch(table(poolWith()));
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.deepEqual(asked, []);
    await end();
  });
});
