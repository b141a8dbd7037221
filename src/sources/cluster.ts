import type { Installation, Snapshot, SourceObject } from '../model/snapshot.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { createReflector } from '../kubernetes/reflector.ts';
import type { Reflector } from '../kubernetes/reflector.ts';
import { resources } from '../kubernetes/resources.ts';
import type { Collection, Resource } from '../kubernetes/resources.ts';
import { caughtUp } from './caught-up.ts';
import { decodeSecrets } from './cluster-secrets.ts';
import { coalesce } from './coalesce.ts';
import { keptIngress, keptObject } from './kept-objects.ts';
import { printOfObject } from './object-print.ts';

export type WatchedKind =
  | 'Ingress'
  | 'IngressClass'
  | 'Namespace'
  | 'AccessPolicy'
  | 'ClusterAccessPolicy'
  | 'CognitoPool'
  | 'SessionRevocation';

export interface ClusterOptions {
  readonly client: KubeClient;
  readonly installation: Installation;
  /** Namespaces whose Ingresses and policies are watched; empty: all. */
  readonly namespaces: readonly string[];
  /** Namespaces whose Secrets are watched. */
  readonly secretNamespaces: readonly string[];
  /** Pools of the configuration, as objects. */
  readonly pools: readonly SourceObject[];
  readonly now: () => number;
  readonly random: () => number;
  /** Something that decides has changed. */
  onSnapshot(snapshot: Snapshot): void;
  /** Any object has changed, a status or a resource version perhaps; comes after onSnapshot where both do. */
  onObjects(): void;
  onError(resource: string, error: Error): void;
}

export interface ClusterSource {
  /** Every object of the kind, as it was last seen. */
  objects(kind: WatchedKind): readonly KubeObject[];
  /** As it was last seen. */
  secret(namespace: string, name: string): KubeObject | undefined;
  /** Lists the Secrets of the namespace again, where the watch may have fallen behind. */
  rereadSecrets(namespace: string): void;
  /** The newest resource version of each collection that is in the last snapshot. */
  versions(): Readonly<Record<string, string>>;
  /** Collections that have not been read yet; empty once everything is. */
  unsynced(): readonly string[];
  /** Comes back once the policies that were stored when it was asked, and may speak about this namespace, are in force; throws otherwise. */
  policiesCaughtUp(namespace: string): Promise<void>;
  /** Which of `versions` an object of a namespace counts in. */
  collectionOf(kind: WatchedKind, namespace: string | undefined): string | undefined;
  /** Collection → seconds since the epoch of the last byte from its watch. */
  lastHeard(): ReadonlyMap<string, number | undefined>;
  run(signal: AbortSignal): Promise<void>;
}

interface Watched {
  readonly label: string;
  readonly kind: WatchedKind | 'Secret';
  readonly collection: Collection;
  readonly reflector: Reflector;
}

/** A change is handed on after this much quiet, in milliseconds, and never later than `longest` (100 ms is promised). */
const quiet = 5;
const longest = 60;

/**
 * Follows the objects of a cluster. Nothing is handed over before every collection was read once; from then on
 * what was last seen stays, whatever the API server does (case P21).
 */
export function openCluster(options: ClusterOptions): ClusterSource {
  const watched: Watched[] = [];
  let print = '';
  let included: Readonly<Record<string, string>> = {};
  const handOver = (): void => {
    if (unsynced(watched).length > 0) return;
    const now = printOf(watched);
    const versions = versionsOf(watched);
    if (now !== print) {
      print = now;
      options.onSnapshot(snapshotOf(watched, options));
    }
    // Only now: whoever reads the versions must find a table that includes them.
    included = versions;
    options.onObjects();
  };
  const soon = coalesce(handOver, { quiet, longest });
  for (const { kind, collection } of collectionsOf(options)) {
    const label = labelOf(collection);
    const reflector = createReflector({
      client: options.client,
      collection,
      onChange: soon.hint,
      onError: (error) => options.onError(label, error),
      now: options.now,
      random: options.random,
      keep: kind === 'Ingress' ? keptIngress : keptObject,
      ...(collection.resource.group === resources.accessPolicies.group
        ? { believeDeletions: () => isServed(collection.resource, options.client) }
        : {}),
    });
    watched.push({ label, kind, collection, reflector });
  }
  return {
    objects: (kind) => itemsOf(watched, kind),
    secret: (namespace, name) => secretsOf(watched, namespace)?.reflector.get(namespace, name),
    rereadSecrets: (namespace) => secretsOf(watched, namespace)?.reflector.again(),
    versions: () => included,
    unsynced: () => unsynced(watched),
    collectionOf: (kind, namespace) =>
      watched.find((one) => one.kind === kind && [undefined, namespace].includes(one.collection.namespace))?.label,
    policiesCaughtUp: async (namespace) => {
      const policies = policiesFor(watched, namespace);
      await Promise.all(
        policies.map(({ collection, reflector }) =>
          caughtUp(options.client, narrowed(collection, namespace), reflector),
        ),
      );
      if (policies.some(({ label, reflector }) => reflector.version() !== included[label])) soon.flush();
    },
    lastHeard: () => new Map(watched.map(({ label, reflector }) => [label, reflector.lastHeard()])),
    run: async (signal) => {
      await Promise.all(watched.map(({ reflector }) => reflector.run(signal)));
      soon.close();
    },
  };
}

function secretsOf(watched: readonly Watched[], namespace: string): Watched | undefined {
  return watched.find(({ kind, collection }) => kind === 'Secret' && collection.namespace === namespace);
}

function collectionsOf(options: ClusterOptions): readonly { kind: WatchedKind | 'Secret'; collection: Collection }[] {
  const everywhere = (resource: Resource): readonly Collection[] =>
    options.namespaces.length === 0 ? [{ resource }] : options.namespaces.map((namespace) => ({ resource, namespace }));
  const within = (resource: Resource, namespaces: readonly string[]): readonly Collection[] =>
    [...new Set(namespaces)].map((namespace) => ({ resource, namespace }));
  const { poolNamespaces } = options.installation;
  const aboutPools = (resource: Resource): readonly Collection[] =>
    options.namespaces.length === 0 ? [{ resource }] : within(resource, [...options.namespaces, ...poolNamespaces]);
  return [
    ...everywhere(resources.ingresses).map((collection) => ({ kind: 'Ingress' as const, collection })),
    ...everywhere(resources.accessPolicies).map((collection) => ({ kind: 'AccessPolicy' as const, collection })),
    { kind: 'IngressClass', collection: { resource: resources.ingressClasses } },
    { kind: 'Namespace', collection: { resource: resources.namespaces } },
    { kind: 'ClusterAccessPolicy', collection: { resource: resources.clusterAccessPolicies } },
    // Outside of the pool namespaces either is a mistake, and one that must be seen.
    ...aboutPools(resources.cognitoPools).map((collection) => ({ kind: 'CognitoPool' as const, collection })),
    ...aboutPools(resources.sessionRevocations).map((collection) => ({
      kind: 'SessionRevocation' as const,
      collection,
    })),
    ...within(resources.secrets, options.secretNamespaces).map((collection) => ({
      kind: 'Secret' as const,
      collection,
    })),
  ];
}

function policiesFor(watched: readonly Watched[], namespace: string): readonly Watched[] {
  return watched.filter(({ kind, collection }) => {
    if (kind === 'ClusterAccessPolicy') return true;
    return kind === 'AccessPolicy' && (collection.namespace ?? namespace) === namespace;
  });
}

function narrowed(collection: Collection, namespace: string): Collection {
  return collection.resource.namespaced ? { ...collection, namespace } : collection;
}

function labelOf({ resource, namespace }: Collection): string {
  return namespace === undefined ? resource.plural : `${resource.plural} of ${namespace}`;
}

function unsynced(watched: readonly Watched[]): readonly string[] {
  return watched.filter(({ reflector }) => !reflector.synced()).map(({ label }) => label);
}

function itemsOf(watched: readonly Watched[], kind: Watched['kind']): readonly KubeObject[] {
  return watched.filter((one) => one.kind === kind).flatMap(({ reflector }) => reflector.items());
}

/** What decides, as text; a status or a resource version that moved is not in it. */
function printOf(watched: readonly Watched[]): string {
  return watched
    .map(({ label, reflector }) => `${label}\n${reflector.items().map(printOfObject).join('\n')}`)
    .join('\n');
}

function versionsOf(watched: readonly Watched[]): Readonly<Record<string, string>> {
  return Object.fromEntries(watched.map(({ label, reflector }) => [label, reflector.version() ?? '']));
}

function snapshotOf(watched: readonly Watched[], { installation, pools }: ClusterOptions): Snapshot {
  const objects = watched
    .filter(({ kind }) => kind !== 'Secret')
    .flatMap(({ reflector }) => reflector.items())
    .map((value): SourceObject => ({ value, origin: 'cluster' }));
  return { installation, objects: [...pools, ...objects], secrets: decodeSecrets(itemsOf(watched, 'Secret')) };
}

/**
 * A CRD that is deleted takes its objects with it, one by one, and to the watch that looks like as many acts of a
 * user. Asked after those events came, its deletion timestamp tells (flows.md: the last objects stay in force).
 */
async function isServed(resource: Resource, client: KubeClient): Promise<boolean> {
  const name = `${resource.plural}.${resource.group}`;
  const crd = await client.get({ resource: resources.customResourceDefinitions, name });
  return crd !== undefined && crd.metadata.deletionTimestamp === undefined;
}
