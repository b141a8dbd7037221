/** The product on a real API server with a real ingress controller in front: one annotation, and what becomes of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { App } from '../../support/app.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { freePort } from '../../support/ports.ts';
import { people, until } from '../../support/stack.ts';
import { startTraefik } from '../../support/traefik.ts';

function account(username: string): { username: string; password: string } {
  const found = people.find((one) => one.username === username);
  if (found === undefined) throw new Error(`no person ${username}`);
  return found;
}

for (const proxy of ['Traefik'] as const) {
  suite(`through ${proxy}`, () => {
    let gate: GateCluster;
    let front: { stop(): Promise<void> };
    let shop: App;
    before(async () => {
      gate = await startGateCluster({ values: {} });
      const { cluster, folder, port, tls } = gate;
      front = await startTraefik({
        cluster,
        folder: join(folder, 'front'),
        httpPort: await freePort(),
        httpsPort: port,
        tls,
      });
    });
    after(async () => {
      await front?.stop();
      await gate?.stop();
    });

    const status = async (): Promise<number> => (await gate.visitor().ask(`${gate.url(gateHosts.shop)}/`)).status;

    test('an Ingress without a mark is open', async () => {
      shop = await gate.app('shop', { host: gateHosts.shop });
      await until(async () => (await status()) === 200, 'the app');
      assert.ok(shop.requests > 0);
    });

    test('one annotation: a stranger is led to sign in, ada gets in, bob is told why not', async () => {
      await gate.cluster.kubectl('annotate', 'ingress', 'shop', '-n', 'shop', 'cognito-gate.dev/allowed-groups=admins');
      await until(async () => (await status()) === 302, 'the wiring');
      const ours = `${gate.url(gateHosts.shop)}/_cognito-gate/`;
      await until(async () => (await gate.visitor().ask(ours)).status !== 403, 'the companion');
      const ada = gate.visitor();
      const page = await ada.signIn(`${gate.url(gateHosts.shop)}/a?b=1`, account('ada'));
      assert.equal(page.status, 200, page.body.slice(0, 500));
      assert.equal(shop.last?.headers['x-auth-request-groups'], 'admins');
      const bob = gate.visitor();
      assert.equal((await bob.signIn(`${gate.url(gateHosts.shop)}/`, account('bob'))).status, 403);
    });

    test('the annotation removed: open again', async () => {
      await gate.cluster.kubectl('annotate', 'ingress', 'shop', '-n', 'shop', 'cognito-gate.dev/allowed-groups-');
      await until(async () => (await status()) === 200, 'the app to be open');
    });
  });
}
