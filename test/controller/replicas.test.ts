import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createReplicas } from '../../src/controller/replicas.ts';
import type { Heard, Replicas } from '../../src/controller/replicas.ts';
import type { EndedEntries, ReplicaState } from '../../src/controller/replica-state.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { until } from '../support/until.ts';

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => await cluster.stop());

const namespace = 'default';
const far = Math.floor(Date.now() / 1000) + 3600;

interface Run {
  readonly replicas: Replicas;
  readonly heard: Heard[];
  /** Milliseconds by which its clocks are ahead. */
  ahead: number;
  stop(): Promise<void>;
}

function run(identity: string): Run {
  const stopping = new AbortController();
  const heard: Heard[] = [];
  const made = { ahead: 0 };
  const replicas = createReplicas({
    client: cluster.client(),
    namespace,
    release: 'gate',
    identity,
    owner: undefined,
    now: () => Date.now() + made.ahead,
    monotonic: () => performance.now() + made.ahead,
    random: Math.random,
    onChange: () => undefined,
    onHeard: (one) => void heard.push(one),
    onError: () => undefined,
  });
  const running = Promise.all([replicas.follow(stopping.signal), replicas.announce(stopping.signal)]);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return Object.assign(made, { replicas, heard, stop });
}

function state(ended: EndedEntries): ReplicaState {
  return { table: 't', versions: { sessionrevocations: '7' }, newestKey: 'k1', ended, rotating: ['a'] };
}

const sids = (heard: readonly Heard[], own: boolean): readonly string[] =>
  heard.filter((one) => one.own === own).flatMap(({ ended }) => ended.map(([sid]) => sid));
const maps = async (): Promise<readonly string[]> =>
  (
    await cluster
      .client()
      .list({ resource: resources.configMaps, namespace, labelSelector: 'cognito-gate.dev/replica-of=gate' })
  ).items.map(({ metadata }) => metadata.name);

test('S15 what a replica ended is known to every other before it is ready, and to itself after a restart', async () => {
  const first = run('first');
  first.replicas.publish(state([['ended-by-first', far]]));
  await until(async () => (await maps()).includes('gate-replica-first'), 'its ConfigMap');
  first.replicas.publish(
    state([
      ['ended-by-first', far],
      ['the-last', far],
    ]),
  );
  await first.stop();
  const [second, again] = [run('second'), run('first')];
  for (const one of [second, again]) await until(() => one.replicas.synced(), 'it to have read');
  assert.deepEqual(sids(second.heard, false), ['ended-by-first', 'the-last'], 'what was ended at the very end, too');
  assert.deepEqual(second.heard[0]?.rotating, ['a']);
  assert.deepEqual(sids(again.heard, true), ['ended-by-first', 'the-last']);
  again.replicas.publish(state([['new', far]]));
  await until(() => sids(second.heard, false).includes('new'), 'the news');
  assert.deepEqual(sids(again.heard, true), ['ended-by-first', 'the-last'], 'its own echo is no news');
  await until(() => second.replicas.haveRead('sessionrevocations', '7'), 'a live replica that has read');
  assert.equal(second.replicas.haveRead('sessionrevocations', '8'), false);
  await Promise.all([second.stop(), again.stop()]);
});

test('what a dead replica left stays until its ended sign-ins are over', async () => {
  const leader = run('leader');
  await until(() => leader.replicas.synced(), 'it to have read');
  leader.ahead = 120_000;
  await leader.replicas.sweep();
  assert.ok((await maps()).includes('gate-replica-first'), 'a minute later it stays');
  leader.ahead = 3700_000;
  await leader.replicas.sweep();
  assert.deepEqual(
    (await maps()).filter((name) => name === 'gate-replica-first'),
    [],
  );
  await leader.stop();
});
