import type { PoolId } from '../model/pool.ts';
import { createReflector } from '../kubernetes/reflector.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import { createHeartbeat } from '../kubernetes/lease.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { resources } from '../kubernetes/resources.ts';
import { createLiveness } from './liveness.ts';
import { createPublisher } from './replica-publisher.ts';
import type { Owner } from './replica-publisher.ts';
import { asNew, endedOf, includes, parseEnded, parseState } from './replica-state.ts';
import type { EndedEntries, ReplicaState } from './replica-state.ts';

/** What replicas tell each other, each in one small ConfigMap of its own (flows.md "Ending"). */
export interface Replicas {
  /** Reads what the others say. */
  follow(signal: AbortSignal): Promise<void>;
  /** Makes this replica known to the others, and keeps it so. */
  announce(signal: AbortSignal): Promise<void>;
  /** Whether what the others say has been read. */
  synced(): boolean;
  /** Hands on what this replica decides by. */
  publish(state: ReplicaState): void;
  /** Whether every live replica decides by this table, or by a newer one. */
  everywhere(mine: ReplicaState): boolean;
  /** Whether every other live replica has read a collection up to this version. */
  haveRead(collection: string, version: string): boolean;
  /** How many are alive, this one included. */
  count(): number;
  /** The leader's broom: what dead replicas left. */
  sweep(): Promise<void>;
}

export interface ReplicasOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Start of the names: `<release>-replica-<identity>`. */
  readonly release: string;
  /** Name of the Pod. */
  readonly identity: string;
  readonly owner: Owner | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that never jump: who is alive is measured by it. */
  readonly monotonic: () => number;
  readonly random: () => number;
  onChange(): void;
  /** What a replica says has been read: comes before onChange, and before `synced` says so. */
  onHeard(heard: Heard): void;
  onError(resource: string, error: Error): void;
}

/** What all replicas have to know that one knows, dead ones included. */
export interface Heard {
  readonly ended: EndedEntries;
  readonly rotating: readonly PoolId[];
  /** Of this replica itself, before it was started again. */
  readonly own: boolean;
}

const label = 'cognito-gate.dev/replica-of';

/** A replica is dead after three renewals that didn't come, and swept a minute later, in milliseconds. */
const silence = 9500;
const sweepAfter = 60_000;

export function createReplicas(options: ReplicasOptions): Replicas {
  const { client, namespace, release, identity, now, random } = options;
  const own = `${release}-replica-${identity}`.slice(0, 253);
  const labels = { 'app.kubernetes.io/managed-by': 'cognito-gate', [label]: release };
  const follow = (resource: typeof resources.leases, onChange: () => void) =>
    createReflector({
      client,
      collection: { resource, namespace, labelSelector: `${label}=${release}` },
      onChange,
      onError: (error) => options.onError(resource.plural, error),
      now,
      random,
    });
  const liveness = createLiveness({ silence, now: options.monotonic });
  const leases = follow(resources.leases, () => {
    liveness.observe(leases.items());
    options.onChange();
  });
  const hear = createHearing(own, options.onHeard);
  const maps = follow(resources.configMaps, () => {
    hear(maps.items());
    options.onChange();
  });
  const publisher = createPublisher({ ...options, name: own, labels });
  const heartbeat = createHeartbeat({ client, namespace, name: own, identity, labels, now, random });
  const others = (): readonly KubeObject[] =>
    maps.items().filter(({ metadata }) => metadata.name !== own && liveness.isAlive(metadata.name));
  return {
    follow: async (signal) => {
      await Promise.all([leases.run(signal), maps.run(signal)]);
    },
    announce: async (signal) => {
      if (!signal.aborted) await Promise.all([publisher.run(signal), heartbeat.run(signal)]);
    },
    synced: () => leases.synced() && maps.synced() && hear(maps.items()),
    publish: publisher.publish,
    everywhere: (mine) =>
      others().every((map) => {
        const state = parseState(map);
        return state !== undefined && includes(state, mine);
      }),
    haveRead: (collection, version) => others().every((map) => asNew(parseState(map)?.versions[collection], version)),
    count: () => others().length + 1,
    sweep: async () => {
      const dead = maps
        .items()
        .filter(({ metadata }) => metadata.name !== own && liveness.silentFor(metadata.name) > sweepAfter)
        .filter((map) => parseEnded(endedOf(map)).every(([, until]) => until * 1000 <= now()));
      for (const { metadata } of dead) {
        await client.remove({ resource: resources.configMaps, namespace, name: metadata.name }, { uid: metadata.uid });
        await client.remove({ resource: resources.leases, namespace, name: metadata.name });
      }
    },
  };
}

/** Hands on what is new in what replicas say; true, for whoever asks whether all was heard. */
function createHearing(own: string, onHeard: ReplicasOptions['onHeard']): (maps: readonly KubeObject[]) => true {
  const heard = new WeakSet<KubeObject>();
  const texts = new Map<string, string>();
  const listen = (map: KubeObject): void => {
    const { name } = map.metadata;
    // Once this replica speaks, what it hears of itself is its own echo.
    if (heard.has(map) || (name === own && texts.has(name))) return;
    heard.add(map);
    const text = endedOf(map);
    const ended = texts.get(name) === text ? [] : parseEnded(text);
    texts.set(name, text);
    onHeard({ ended, rotating: parseState(map)?.rotating ?? [], own: name === own });
  };
  return (maps) => {
    for (const map of maps) listen(map);
    if (!texts.has(own)) texts.set(own, '');
    const there = new Set(maps.map(({ metadata }) => metadata.name));
    for (const name of texts.keys()) if (name !== own && !there.has(name)) texts.delete(name);
    return true;
  };
}
