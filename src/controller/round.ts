import type { Finding } from '../model/finding.ts';
import type { IngressPlan } from '../model/plan.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import type { KnownObjects } from './known-objects.ts';
import { objectKey } from './world.ts';
import type { ControllerSettings, World, WrittenKind } from './world.ts';

/** What every kind of write is made with. */
export interface Writing {
  readonly client: KubeClient;
  readonly settings: ControllerSettings;
  readonly known: KnownObjects;
  /** Seconds. */
  now(): number;
}

/** One look at the world, with our own newest writes in it. */
export interface Round {
  readonly world: World;
  readonly ingresses: ReadonlyMap<string, KubeObject>;
  /** The newest that is known of an object that the world has. */
  find(kind: WrittenKind, namespace: string, name: string): KubeObject | undefined;
  /** Findings about an object, those included that only writing shows. */
  about(key: string): readonly Finding[];
  readonly plans: ReadonlyMap<string, IngressPlan>;
}

export function planKey({ namespace, name }: IngressPlan): string {
  return objectKey('Ingress', namespace, name);
}

export function lookAround(world: World, known: KnownObjects, findings: readonly Finding[]): Round {
  const all = new Map<string, KubeObject>();
  for (const kind of ['Ingress', 'AccessPolicy', 'ClusterAccessPolicy', 'CognitoPool'] as const) {
    for (const object of world.objects(kind)) {
      all.set(objectKey(kind, object.metadata.namespace, object.metadata.name), object);
    }
  }
  const ingresses = new Map<string, KubeObject>();
  // A companion that was just made may not be in the world yet.
  for (const key of new Set([...all.keys(), ...known.keys()])) {
    if (!key.startsWith('Ingress ')) continue;
    const newest = known.newest(key, all.get(key));
    if (newest !== undefined) ingresses.set(key, newest);
  }
  // What only writing shows may come back with the world.
  const each = new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values();
  const about = Map.groupBy(each, ({ object }) => objectKey(object.kind, object.namespace, object.name));
  // There may be thousands, and hardly one is asked for.
  let revocations: ReadonlyMap<string, KubeObject> | undefined;
  const revocation = (key: string): KubeObject | undefined => {
    revocations ??= new Map(
      world
        .objects('SessionRevocation')
        .map((object) => [objectKey('SessionRevocation', object.metadata.namespace, object.metadata.name), object]),
    );
    return revocations.get(key);
  };
  return {
    world,
    ingresses,
    find: (kind, namespace, name) => {
      const key = objectKey(kind, namespace, name);
      if (kind === 'Ingress') return ingresses.get(key);
      return known.newest(key, kind === 'SessionRevocation' ? revocation(key) : all.get(key));
    },
    about: (key) => about.get(key) ?? [],
    plans: new Map(world.plans.map((plan) => [planKey(plan), plan])),
  };
}
