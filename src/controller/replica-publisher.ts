import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../kubernetes/client.ts';
import { resources } from '../kubernetes/resources.ts';
import { stateData } from './replica-state.ts';
import type { ReplicaState } from './replica-state.ts';

/** The object of the release that owns what we make beside it. */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface PublisherOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: Owner | undefined;
  onError(resource: string, error: Error): void;
}

/** A change is written at once, the next one at most this much later, in milliseconds. */
const pause = 250;
const retryAfter = 1000;

/** Keeps one ConfigMap at what was published last; writes nothing while that stays the same. */
export function createPublisher(options: PublisherOptions): {
  publish(state: ReplicaState): void;
  run(signal: AbortSignal): Promise<void>;
} {
  let wanted: string | undefined;
  let written: string | undefined;
  let wake = Promise.withResolvers<void>();
  const write = async (state: string): Promise<void> => {
    const { client, namespace, name, labels, owner } = options;
    const metadata = { name, namespace, labels, ...(owner === undefined ? {} : { ownerReferences: [owner] }) };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { state } };
    await client.apply({ resource: resources.configMaps, namespace, name }, object, {
      fieldManager: 'cognito-gate',
      force: true,
    });
    written = state;
  };
  return {
    publish: (state) => {
      wanted = stateData(state)['state'];
      if (wanted !== written) wake.resolve();
    },
    run: async (signal) => {
      signal.addEventListener('abort', () => wake.resolve(), { once: true });
      while (!signal.aborted) {
        await wake.promise;
        wake = Promise.withResolvers();
        if (signal.aborted) return;
        let wait = pause;
        try {
          if (wanted !== undefined && wanted !== written) await write(wanted);
        } catch (error) {
          options.onError('configmaps', error instanceof Error ? error : new Error(String(error)));
          wake.resolve();
          wait = retryAfter;
        }
        await sleep(wait, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
