import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { startAdmission } from './cluster-admission.ts';
import { clusterConfig, poolObjects } from './cluster-config.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { followEndings } from './cluster-endings.ts';
import type { Endings } from './cluster-endings.ts';
import { isBypassed, startLeading, stateOf } from './cluster-leading.ts';
import { connect } from './cluster-connect.ts';
import { findOwner } from './cluster-owner.ts';
import { createKeyRingSecret } from './controller/key-ring-secret.ts';
import type { Owner } from './controller/replica-publisher.ts';
import { createReplicas } from './controller/replicas.ts';
import type { Replicas } from './controller/replicas.ts';
import { installationOf } from './installation.ts';
import type { KubeClient } from './kubernetes/client.ts';
import { newKeyEntry } from './session/key-ring.ts';
import type { Parts, Source } from './source.ts';
import { openCluster } from './sources/cluster.ts';
import type { ClusterSource } from './sources/cluster.ts';

/** What the parts of one replica in a cluster share. */
export interface Cluster extends Parts {
  readonly in: ClusterConfig;
  readonly client: KubeClient;
  readonly owner: Owner | undefined;
  readonly objects: ClusterSource;
  readonly replicas: Replicas;
  readonly endings: Endings;
  /** Name of the Pod. */
  readonly identity: string;
  readonly signal: AbortSignal;
  onError(resource: string, error: Error): void;
}

/** How often what dead replicas left is looked at, in milliseconds. */
const broomEvery = 15_000;

/** The objects of an API server, and everything that a replica does there. */
export async function openClusterSource(parts: Parts, env: NodeJS.ProcessEnv): Promise<Source> {
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  const cluster = await openParts(parts, env, { signal: stopping.signal, onChange: () => changed() });
  const { replicas, objects, signal } = cluster;
  const leading = startLeading(cluster, () => admission.check());
  const admission = startAdmission(cluster, leading, () => changed());
  const missing = (): string | undefined => missingOf(cluster) ?? admission.missing();
  const changed = (): void => {
    const translation = parts.inForce.translation();
    if (translation !== undefined) replicas.publish(stateOf(translation, cluster));
    leading.offer();
    if (missing() === undefined) ready.resolve();
  };
  // A replica that serves nothing yet is none that a change must have reached: it makes itself known when it is ready.
  const announced = ready.promise.then(
    () => replicas.announce(signal),
    () => undefined,
  );
  const running = Promise.all([
    objects.run(signal),
    replicas.follow(signal),
    leading.run(),
    admission.run(),
    announced,
  ]);
  let isReady = false;
  void ready.promise.then(
    () => (isReady = true),
    () => undefined,
  );
  // While starting: a webhook port that is taken, above all. Later: a loop that ended would leave old policies in force
  // without a word, so the process ends (an unhandled rejection), and is started again.
  running.catch((error: unknown) => {
    if (isReady && !signal.aborted) throw error;
    ready.reject(asError(error));
  });
  const broom = setInterval(() => {
    if (leading.leading()) replicas.sweep().catch((error: unknown) => cluster.onError('replicas', asError(error)));
  }, broomEvery);
  parts.metrics.onScrape(() => measure(cluster, leading.leading()));
  return {
    ready: ready.promise,
    missing,
    rereadKeys: () => objects.rereadSecrets(cluster.in.keyRing.namespace),
    resign: leading.resign,
    close: async () => {
      clearInterval(broom);
      cluster.endings.close();
      await leading.resign();
      stopping.abort();
      ready.resolve();
      await running.catch(() => undefined);
      cluster.client.close();
    },
  };
}

async function openParts(
  parts: Parts,
  env: NodeJS.ProcessEnv,
  { signal, onChange }: { signal: AbortSignal; onChange: () => void },
): Promise<Cluster> {
  const settings = clusterConfig(parts.config);
  const { namespace, name } = settings.release;
  const client = connect(settings, env);
  const identity = env['POD_NAME'] ?? `${hostname().toLowerCase()}-${randomBytes(4).toString('hex')}`;
  const onError = (resource: string, error: Error): void => {
    if (signal.aborted) return;
    parts.metrics.count('cognito_gate_watch_errors_total', resource);
    parts.log.warn({ resource, reason: error.message }, 'the API server did not answer as it should; trying again');
  };
  const owner = await findOwner(settings.release, client, onError);
  const clock = { now: Date.now, monotonic: () => performance.now(), random: Math.random };
  const endings = followEndings(parts, onChange);
  const replicas = createReplicas({
    client,
    namespace,
    release: name,
    identity,
    owner,
    ...clock,
    onChange,
    onHeard: endings.heard,
    onError,
  });
  const objects = openObjects({ ...parts, in: settings, client, onError }, onChange);
  return { ...parts, in: settings, client, owner, objects, replicas, endings, identity, signal, onError };
}

function openObjects(
  { config, log, inForce, in: settings, client, onError }: Parts & Pick<Cluster, 'in' | 'client' | 'onError'>,
  onObjects: () => void,
): ClusterSource {
  const installation = installationOf(config);
  const { keyRing, release } = settings;
  const keeper = createKeyRingSecret({
    client,
    ...keyRing,
    newEntry: () => ['k1', newKeyEntry('k1', Math.floor(Date.now() / 1000), (bytes) => randomBytes(bytes))],
    log: (text) => log.info({ secret: config.keyRingSecret }, text),
    onError: (error) => onError('secrets', error),
  });
  return openCluster({
    client,
    installation,
    namespaces: settings.source.namespaces,
    secretNamespaces: [release.namespace, keyRing.namespace, ...installation.poolNamespaces],
    pools: poolObjects(config),
    now: Date.now,
    random: Math.random,
    onSnapshot: (snapshot) => {
      inForce.accept(snapshot);
      keeper.seen(snapshot.secrets.get(config.keyRingSecret));
    },
    onObjects,
    onError,
  });
}

function missingOf({
  inForce,
  objects,
  replicas,
}: Pick<Cluster, 'inForce' | 'objects' | 'replicas'>): string | undefined {
  const unsynced = objects.unsynced();
  if (unsynced.length > 0) return `not read yet: ${unsynced.join(', ')}`;
  return inForce.missing() ?? (replicas.synced() ? undefined : 'what other replicas say is not read yet');
}

function measure({ metrics, inForce, objects, replicas }: Cluster, leads: boolean): void {
  metrics.set('cognito_gate_leading', Number(leads));
  metrics.set('cognito_gate_replicas', replicas.count());
  metrics.set('cognito_gate_bypassed_namespaces', objects.objects('Namespace').filter(isBypassed).length);
  metrics.reset('cognito_gate_watch_silence_seconds');
  for (const [resource, heard] of objects.lastHeard())
    if (heard !== undefined) metrics.set('cognito_gate_watch_silence_seconds', Date.now() / 1000 - heard, resource);
  metrics.reset('cognito_gate_ingress_unprotected');
  const open = (inForce.translation()?.plans ?? []).filter(
    ({ state, act }) => state === 'Unprotected' && act !== 'Withdraw',
  );
  for (const [key, plans] of Map.groupBy(open, ({ namespace, reason }) => `${namespace} ${reason ?? ''}`)) {
    const [namespace = '', reason = ''] = key.split(' ');
    metrics.set('cognito_gate_ingress_unprotected', plans.length, namespace, reason);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
