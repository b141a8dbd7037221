import { controllerSettings } from './cluster-config.ts';
import { startKeyRingRotation } from './cluster-key-ring.ts';
import type { Config } from './config.ts';
import type { Cluster } from './cluster-source.ts';
import { createLeader } from './controller/leader.ts';
import type { World } from './controller/leader.ts';
import { createSettledRoutes } from './controller/settled-routes.ts';
import type { SettledRoutes } from './controller/settled-routes.ts';
import { createPoolProbes } from './controller/pool-probes.ts';
import { startAppProbes } from './cluster-app-probes.ts';
import { probePool } from './identity/probe.ts';
import { createLease } from './kubernetes/lease.ts';
import type { KubeObject } from './kubernetes/object.ts';
import { asNew } from './controller/replica-state.ts';
import type { ReplicaState } from './controller/replica-state.ts';
import { reportPool } from './report-pool.ts';
import { logFinding } from './report.ts';
import type { Translation } from './translate/translate.ts';

/** What the one replica that holds the Lease does; the others are ready to take it. */
export interface Leading {
  leading(): boolean;
  /** Objects, table or replicas have changed. */
  offer(): void;
  run(): Promise<void>;
  /** Gives the Lease back, so that another takes it at once. */
  resign(): Promise<void>;
}

const seconds = (): number => Math.floor(Date.now() / 1000);
const bypass = 'cognito-gate.dev/bypass';

export function startLeading(cluster: Cluster, onLeading: () => void): Leading {
  const { client, in: settings, config, log, metrics, inForce, identity, signal, owner } = cluster;
  const { namespace, name } = settings.release;
  const ending = new AbortController();
  signal.addEventListener('abort', () => ending.abort(), { once: true });
  const lease = createLease({
    client,
    namespace,
    name: `${name}-leader`,
    identity,
    now: Date.now,
    random: Math.random,
    onError: (error) => cluster.onError('leases', error),
    onChange: (leads) => {
      log.info(leads ? 'this replica leads: it writes to the cluster' : 'this replica leads no more');
      offer();
      if (leads) onLeading();
    },
  });
  const leader = createLeader({
    client,
    settings: { ...controllerSettings(config, settings), owner, instance: identity },
    now: seconds,
    steady: () => performance.now() / 1000,
    leading: lease.leading,
    log,
    onWrite: (kind, outcome) => metrics.count('cognito_gate_writes_total', kind, outcome),
    onFindings: (findings) => {
      for (const finding of findings) logFinding(finding, log);
    },
  });
  const probes = createPoolProbes({
    probe: (pool) => probePool(pool, { fetch: cluster.fetch, now: seconds, ...registeredUris(config) }),
    leading: lease.leading,
    now: () => performance.now(),
    random: Math.random,
    onAnswer: (pool, state, before) => {
      reportPool(pool, { state, before }, cluster);
      offer();
    },
  });
  const settled = createSettledRoutes();
  const keys = startKeyRingRotation(cluster, lease.leading);
  const offer = (): void => {
    keys.look();
    const translation = inForce.translation();
    if (translation === undefined) return;
    const everywhere = everywhereOf(translation, cluster, settled);
    if (!lease.leading()) return;
    probes.watch(translation.table.pools);
    leader.offer({ ...worldOf(translation, cluster, probes.states()), ...everywhere });
  };
  return {
    leading: lease.leading,
    offer,
    run: async () => {
      const apps = startAppProbes(cluster, lease.leading);
      await Promise.all([lease.run(ending.signal), leader.run(signal), probes.run(signal), apps]);
      keys.close();
    },
    resign: async () => ending.abort(),
  };
}

function registeredUris({ signInHost, publicPort }: Config): { redirectUri: string; logoutUri: string } {
  const origin = `https://${signInHost}${publicPort === 443 ? '' : `:${publicPort}`}`;
  return { redirectUri: `${origin}/oauth2/callback`, logoutUri: `${origin}/oauth2/signed-out` };
}

/** Whoever takes the Lease must know it from before, so it is followed by all. */
function everywhereOf(
  translation: Translation,
  cluster: Cluster,
  settled: SettledRoutes,
): Pick<World, 'everywhere' | 'unchanged'> {
  const { table } = translation;
  if (!cluster.replicas.everywhere(stateOf(translation, cluster))) {
    return { everywhere: false, unchanged: settled.unchanged(table) };
  }
  settled.everywhere(table);
  return { everywhere: true };
}

function worldOf(
  translation: Translation,
  cluster: Cluster,
  poolStates: World['poolStates'],
): Omit<World, 'everywhere' | 'unchanged'> {
  const { objects, replicas } = cluster;
  return {
    plans: translation.plans,
    policies: translation.policies,
    pools: translation.pools,
    revocations: translation.revocations,
    poolStates,
    findings: translation.findings,
    bypassed: new Set(
      objects
        .objects('Namespace')
        .filter(isBypassed)
        .map(({ metadata }) => metadata.name),
    ),
    objects: (kind) => objects.objects(kind),
    replicas: replicas.count(),
    isReadEverywhere: ({ metadata: { namespace, resourceVersion } }) => {
      const collection = objects.collectionOf('SessionRevocation', namespace) ?? '';
      return asNew(objects.versions()[collection], resourceVersion) && replicas.haveRead(collection, resourceVersion);
    },
    rotating: cluster.config.store.redis === undefined ? cluster.rotation.rotating() : new Set(),
  };
}

export function isBypassed({ metadata }: KubeObject): boolean {
  return metadata.labels?.[bypass] !== undefined;
}

/** What this replica decides by. */
export function stateOf(
  { table }: Translation,
  { objects, inForce, endings }: Pick<Cluster, 'objects' | 'inForce' | 'endings'>,
): ReplicaState {
  return {
    table: table.hash,
    versions: objects.versions(),
    newestKey: inForce.newestKey() ?? '',
    ended: endings.ended(),
    rotating: endings.rotating(),
  };
}
