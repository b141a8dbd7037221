/** The product on a real API server behind each of two readers of our annotations: what becomes of an app, step by step. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Front } from '../../support/front.ts';
import { readers, startFront } from '../../support/front.ts';
import { gateHosts, ingressYaml, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { lookAt, tellStory } from '../../support/gate-story.ts';
import { account } from '../../support/steps.ts';
import { until } from '../../support/until.ts';

const clusterPolicy = `
apiVersion: cognito-gate.dev/v1alpha1
kind: ClusterAccessPolicy
metadata: { name: internal }
spec:
  selector: { namespaces: { matchLabels: { exposure: internal } } }
  default: { rules: [{ name: admins, allow: [{ groups: [admins] }] }] }
  required: { deny: [{ groups: [suspended] }], publicRules: Forbid }
`;

for (const reader of readers) {
  suite(`through ${reader}`, { timeout: 170_000 }, () => {
    let gate: GateCluster;
    let front: Front;
    before(async () => {
      gate = await startGateCluster();
      front = await startFront(reader, gate);
    });
    after(async () => {
      await front?.stop();
      await gate?.stop();
    });

    tellStory(() => ({ gate, front }));

    test('a ClusterAccessPolicy: its default protects a namespace, and what that writes can not weaken what it requires', async () => {
      const url = `${gate.url(gateHosts.news)}/`;
      const entry = async (username: string): Promise<number> =>
        (await gate.visitor().signIn(url, account(username))).status;
      const reaches = async (wanted: readonly number[], what: string): Promise<void> =>
        await until(
          async () =>
            JSON.stringify([await entry('ada'), await entry('bob'), await entry('sam')]) === JSON.stringify(wanted),
          what,
          20_000,
        );
      await gate.apply(clusterPolicy);
      const { port } = await gate.app('news');
      await gate.cluster.kubectl('label', 'namespace', 'news', 'exposure=internal');
      await gate.apply(ingressYaml('news', port, { host: gateHosts.news }));
      await lookAt({ gate, front }).asked(gateHosts.news);
      await reaches([200, 403, 403], 'the default');
      await gate.cluster.kubectl('annotate', 'ingress', 'news', '-n', 'news', 'cognito-gate.dev/access=SignedIn');
      await reaches([200, 200, 403], 'its own annotation, and the deny list of the platform');
      await gate.cluster.kubectl('annotate', 'ingress', 'news', '-n', 'news', 'cognito-gate.dev/public-paths=/*');
      await lookAt({ gate, front }).refused(gateHosts.news);
      assert.match(await lookAt({ gate, front }).described('ingress', 'news'), /Warning +FloorViolated /);
      const marks = ['access', 'public-paths'].map((name) => `cognito-gate.dev/${name}-`);
      await gate.cluster.kubectl('annotate', 'ingress', 'news', '-n', 'news', ...marks);
      await reaches([200, 403, 403], 'the default again');
    });
  });
}
