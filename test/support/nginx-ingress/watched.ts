import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../../../src/kubernetes/client.ts';
import type { KubeObject } from '../../../src/kubernetes/object.ts';
import { createReflector } from '../../../src/kubernetes/reflector.ts';
import { resources } from '../../../src/kubernetes/resources.ts';
import type { IngressState } from './objects.ts';

/** Namespace, name and version of everything, in one text: what two states are compared by. */
export function fingerprint(state: IngressState): string {
  const objects = [...state.ingresses, ...state.services, ...state.classes];
  const lines = objects.map(
    ({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`,
  );
  return lines.toSorted().join('\n');
}

/** The API server has checked these against its own schemas. */
function stateOf(
  ingresses: readonly KubeObject[],
  services: readonly KubeObject[],
  classes: readonly KubeObject[],
): IngressState {
  return { ingresses, services, classes } as unknown as IngressState;
}

/** What the API server has at this moment. */
export async function listed(client: KubeClient): Promise<IngressState> {
  const of = async (resource: Parameters<KubeClient['list']>[0]['resource']): Promise<readonly KubeObject[]> =>
    (await client.list({ resource })).items;
  return stateOf(await of(resources.ingresses), await of(resources.services), await of(resources.ingressClasses));
}

export interface Watched {
  state(): IngressState;
  stop(): Promise<void>;
}

/** Follows what an ingress controller reads; returns when all of it has been seen once. */
export async function watchIngresses(client: KubeClient, onChange: () => void): Promise<Watched> {
  const ending = new AbortController();
  const reflectors = [resources.ingresses, resources.services, resources.ingressClasses].map((resource) =>
    createReflector({
      client,
      collection: { resource },
      onChange,
      // It goes on by itself, with what it had.
      onError: () => undefined,
      now: Date.now,
      random: Math.random,
    }),
  );
  const runs = reflectors.map(async (reflector) => await reflector.run(ending.signal));
  while (!reflectors.every((reflector) => reflector.synced())) await sleep(10);
  const [ingresses, services, classes] = reflectors;
  return {
    state: () => stateOf(ingresses?.items() ?? [], services?.items() ?? [], classes?.items() ?? []),
    async stop() {
      ending.abort();
      await Promise.all(runs);
    },
  };
}
