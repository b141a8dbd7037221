import { createReflector } from '../kubernetes/reflector.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import { createHeartbeat } from '../kubernetes/lease.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { resources } from '../kubernetes/resources.ts';
import { createLiveness } from './liveness.ts';
import { createPublisher } from './replica-publisher.ts';
import type { Owner } from './replica-publisher.ts';
import { includes, parseState } from './replica-state.ts';
import type { ReplicaState } from './replica-state.ts';

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
  onError(resource: string, error: Error): void;
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
  const maps = follow(resources.configMaps, options.onChange);
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
    synced: () => leases.synced() && maps.synced(),
    publish: publisher.publish,
    everywhere: (mine) =>
      others().every((map) => {
        const state = parseState(map);
        return state !== undefined && includes(state, mine);
      }),
    count: () => others().length + 1,
    sweep: async () => {
      const dead = maps
        .items()
        .filter(({ metadata }) => metadata.name !== own && liveness.silentFor(metadata.name) > sweepAfter);
      for (const { metadata } of dead) {
        await client.remove({ resource: resources.configMaps, namespace, name: metadata.name }, { uid: metadata.uid });
        await client.remove({ resource: resources.leases, namespace, name: metadata.name });
      }
    },
  };
}
