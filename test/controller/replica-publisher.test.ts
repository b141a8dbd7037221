import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPublisher } from '../../src/controller/replica-publisher.ts';
import type { EndedEntries } from '../../src/controller/replica-state.ts';
import type { KubeClient } from '../../src/kubernetes/client.ts';

/** What is written while the list changes all the time for a second and more, in characters. */
async function written(entries: number): Promise<readonly number[]> {
  const sizes: number[] = [];
  const apply: KubeClient['apply'] = async (_place, object) => {
    sizes.push(JSON.stringify(object).length);
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'r', uid: 'u', resourceVersion: '1' } };
  };
  const publisher = createPublisher({
    client: { apply } as KubeClient,
    namespace: 'gate',
    name: 'r',
    labels: {},
    owner: undefined,
    onError: (_resource, error) => assert.fail(error),
  });
  const list: EndedEntries = Array.from(
    { length: entries },
    (_, index) => [`sid-${index}`.padEnd(43, '-'), 1e9] as const,
  );
  const stopping = new AbortController();
  const running = publisher.run(stopping.signal);
  for (let round = 0; round < 70; round += 1) {
    publisher.publish({ table: 't', versions: {}, newestKey: 'k', rotating: [], ended: [...list, [`n${round}`, 1e9]] });
    await sleep(20);
  }
  const before = [...sizes];
  stopping.abort();
  await running;
  assert.equal(sizes.length, before.length + 1, 'the last change is written at the end all the same');
  return before;
}

test('S15 one person who signs in and out all day can’t fill etcd: a long list is written less often', async () => {
  const sizes = await written(14_000);
  assert.ok(sizes[0] !== undefined && sizes[0] > 700_000, 'the first change is written');
  assert.ok(sizes.length <= 2, `${sizes.length} times`);
});

test('S15 a short one goes out at once and again', async () => {
  assert.ok((await written(100)).length > 1);
});
