import assert from 'node:assert/strict';
import test from 'node:test';
import { leaderGone } from '../../src/controller/leader-gone.ts';
import type { KubeObject } from '../../src/kubernetes/object.ts';

const names = { releaseNamespace: 'gate', releaseName: 'gate' };

/** A Lease that shows, look by look, what the list says: holder and version. */
function looks(rows: readonly (readonly [holder: string, version: string] | undefined)[]): {
  client: { get(): Promise<KubeObject | undefined> };
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  waited(): number;
} {
  let [time, index] = [0, 0];
  return {
    client: {
      get: async () => {
        const row = rows[Math.min(index, rows.length - 1)];
        index += 1;
        if (row === undefined) return undefined;
        const [holderIdentity, resourceVersion] = row;
        const metadata = { name: 'gate-leader', namespace: 'gate', uid: 'u', resourceVersion };
        return { metadata, spec: { holderIdentity, leaseDurationSeconds: 9 } };
      },
    },
    now: () => time,
    sleep: async (milliseconds) => {
      time += milliseconds;
    },
    waited: () => time,
  };
}

test('no Lease, or one that was given back: nobody leads, and nobody is waited for', async () => {
  for (const rows of [[undefined], [['', '1']]] as const) {
    const deps = looks(rows);
    assert.equal(await leaderGone(deps, names), undefined);
    assert.equal(deps.waited(), 0);
  }
});

test('a leader that is told to stop gives the Lease back: waited for', async () => {
  assert.equal(
    await leaderGone(
      looks([
        ['a', '1'],
        ['a', '1'],
        ['a', '2'],
        ['', '3'],
      ]),
      names,
    ),
    undefined,
  );
});

test('a leader that died holds the Lease for as long as it says', async () => {
  const deps = looks([['a', '1']]);
  assert.equal(await leaderGone(deps, names), undefined);
  assert.ok(deps.waited() > 9_000, String(deps.waited()));
});

test('a leader that goes on renewing is named', async () => {
  assert.equal(
    await leaderGone(
      looks([
        ['a', '1'],
        ['a', '2'],
        ['a', '3'],
      ]),
      names,
    ),
    'a',
  );
});
