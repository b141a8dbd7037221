import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { createReflector } from '../src/kubernetes/reflector.ts';
import { resources } from '../src/kubernetes/resources.ts';
import type { GateCluster } from '../test/support/gate-cluster.ts';
import type { Change } from './kinds.ts';
import type { Place } from './thousand.ts';
import { witness } from './witness.ts';

/** Milliseconds after apply was begun. */
export interface Took {
  /** Both replicas decide by it. */
  readonly decided: number;
  /** And the Ingress is wired. */
  readonly ready: number;
  /** A client sees it through the proxy. */
  readonly seen: number;
}

const authUrl = 'nginx.ingress.kubernetes.io/auth-url';

export async function createObserver(
  gate: GateCluster,
): Promise<{ measure(change: Change): Promise<Took>; stop(): void }> {
  const stopping = new AbortController();
  const client = gate.cluster.client();
  const ingresses = createReflector({
    client,
    collection: { resource: resources.ingresses },
    onChange: () => undefined,
    onError: (error) => console.error(error),
    now: Date.now,
    random: Math.random,
  });
  void ingresses.run(stopping.signal);
  while (!ingresses.synced()) await sleep(50);
  const isWired = async ({ namespace, name, routeId }: Place): Promise<boolean> =>
    ingresses.get(namespace, name)?.metadata.annotations?.[authUrl]?.endsWith(routeId) === true;
  const asks = gate.replicas.map((replica) => decisions(replica.ports.decisions));
  const browse = browser(gate);
  return {
    measure: async (change) => {
      const { place, path } = change;
      if ((await browse(place.host, path)) === change.seen) throw new Error(`${place.name} is changed already`);
      const begun = performance.now();
      const since = async (holds: () => Promise<boolean>): Promise<number> => {
        await becomes(holds, `${place.namespace}/${place.name}`);
        return performance.now() - begun;
      };
      await change.apply(client);
      const [seen, wired, ...decided] = await Promise.all([
        since(async () => (await browse(place.host, path)) === change.seen),
        since(() => isWired(place)),
        ...asks.map(async (ask) => await since(async () => (await ask(place, path)) === change.decision)),
      ]);
      return { decided: Math.max(...decided), ready: Math.max(wired, ...decided), seen };
    },
    stop: () => stopping.abort(),
  };
}

async function becomes(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not in force after 30 s`);
    await sleep(4);
  }
}

function statusOf(call: ClientRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    call.once('error', reject);
    call.once('response', (answer: IncomingMessage) =>
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0)),
    );
    call.end();
  });
}

function decisions(port: number): (place: Place, path: string) => Promise<number> {
  const agent = new HttpAgent({ keepAlive: true });
  return async ({ routeId, host }, path) => {
    const call = httpRequest({
      host: '127.0.0.1',
      port,
      agent,
      path: `/nginx/${routeId}`,
      headers: witness(host, path),
    });
    return await statusOf(call);
  };
}

function browser({ ca, port }: GateCluster): (host: string, path: string) => Promise<number> {
  return async (host, path) => {
    const headers = { host: `${host}:${port}`, accept: 'text/html' };
    // A connection for each host, as TLS names it.
    const agent = new HttpsAgent({ ca, servername: host });
    return await statusOf(httpsRequest({ host: '127.0.0.1', port, agent, path, headers }));
  };
}
