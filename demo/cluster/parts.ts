import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBalancer } from '../../test/support/balancer.ts';
import { createAuthority } from '../../test/support/certificates.ts';
import { startGateCluster } from '../../test/support/gate-cluster.ts';
import type { GateCluster } from '../../test/support/gate-cluster.ts';
import { startNginxIngress } from '../../test/support/nginx-ingress.ts';
import { freePort } from '../../test/support/ports.ts';
import type { Replica } from '../../test/support/replica.ts';
import { startTraefik } from '../../test/support/traefik.ts';
import { withLocalhostNames, withoutProxy } from '../environment.ts';
import { appsReady } from '../probe.ts';
import type { OnStop, Started } from '../run.ts';
import { inRoot } from '../settings.ts';
import type { Ports } from '../settings.ts';
import { startStandIn } from '../stand-in.ts';
import { announcement, readyFile } from './announcement.ts';
import { chartValues, identityObjects, openIngress, policyFiles } from './objects.ts';
import { cache, readProxy } from './settings.ts';
import type { ProxyName } from './settings.ts';

/** How long a replica that was killed stays away: long enough to see the other one lead. */
const restartAfter = 20_000;

/** Starts every part in order; each is real, only Cognito is a stand-in. */
export async function startParts(ports: Ports, onStop: OnStop): Promise<Started> {
  const proxy = readProxy(process.env);
  const folder = inRoot(cache);
  await rm(`${folder}/cluster`, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Whoever looks for an error must not find that of an earlier demo.
  for (const name of await readdir(folder)) if (name.endsWith('.log')) await rm(`${folder}/${name}`);
  const authority = await createAuthority(`${folder}/certificates`);
  const clientSecret = randomBytes(24).toString('hex');
  const cognito = await startStandIn(ports, authority, clientSecret, onStop);
  const gate = await startGateCluster({
    folder,
    ports: { public: ports.public.port, decisions: ports.decisions.port, signIn: ports.signIn.port },
    cognito,
    values: chartValues,
    // Nobody renews it here, as a kubelet would.
    tokenSeconds: 30 * 24 * 3600,
    env: { ...withoutProxy(process.env), ...withLocalhostNames(process.env) },
    objectsBefore: identityObjects(clientSecret),
  });
  onStop(async () => await gate.stop());
  const operations = await startBalancer(
    ports.operations.port,
    gate.replicas.map((replica) => replica.ports.operations),
  );
  onStop(async () => await operations.close());
  const front = await startFront(proxy, gate, onStop);
  await applyObjects(gate, ports);
  await appsReady(ports, gate.ca, () => undefined);
  const stopping = new AbortController();
  onStop(() => stopping.abort());
  for (const replica of gate.replicas) void keepAlive(replica, stopping.signal);
  return { ended: front.ended, readyFile: readyFile(ports, gate), announcement: announcement(ports, gate, proxy) };
}

async function startFront(proxy: ProxyName, gate: GateCluster, onStop: OnStop): Promise<{ ended: Promise<string> }> {
  const { cluster, port, tls } = gate;
  const folder = `${gate.folder}/${proxy}`;
  if (proxy === 'nginx') {
    const nginx = await startNginxIngress({ cluster, folder, port, tls });
    onStop(async () => await nginx.stop());
    return { ended: new Promise(() => undefined) };
  }
  const traefik = await startTraefik({ cluster, folder, httpPort: await freePort(), httpsPort: port, tls });
  onStop(async () => await traefik.stop());
  return traefik.child;
}

async function applyObjects(gate: GateCluster, ports: Ports): Promise<void> {
  for (const name of ['shop', 'wiki', 'news']) await gate.app(name);
  // As the reader's own `kubectl apply` does, so that the next one knows what the last one said.
  await gate.cluster.kubectl('apply', '-f', '-', { input: `${await policyFiles(ports)}\n---\n${openIngress}` });
}

/** What a Deployment does for its Pods. */
async function keepAlive(replica: Replica, stopping: AbortSignal): Promise<void> {
  for (;;) {
    const how = await replica.ended();
    // Ctrl-C reaches the replicas as well as us, and they may be the first to end.
    await sleep(300);
    if (stopping.aborted) return;
    process.stdout.write(`demo: ${how}; it starts again in ${restartAfter / 1000} s\n`);
    await sleep(restartAfter, undefined, { signal: stopping }).catch(() => undefined);
    if (stopping.aborted) return;
    await replica.start();
    process.stdout.write(`demo: ${replica.name} runs again, with pid ${replica.pid() ?? '?'}\n`);
  }
}
