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

type Data = ReturnType<typeof stateData>;

/** A change is written at once, the next one at most this much later, in milliseconds. */
const pause = 250;
/**
 * Unless it is a long list: the API server keeps every version for five minutes, and a flood of sign-outs, 800 kB four
 * times a second, would fill the store of the whole cluster. So many characters in a millisecond, on average.
 */
const pace = 250;
const retryAfter = 1000;
/** How long a replica that ends tries to hand on what it knows last, in milliseconds. */
const farewell = 2000;

/** Keeps one ConfigMap at what was published last; writes nothing while that stays the same. */
export function createPublisher(options: PublisherOptions): {
  publish(state: ReplicaState): void;
  run(signal: AbortSignal): Promise<void>;
} {
  let wanted: Data | undefined;
  let written: Data | undefined;
  let wake = Promise.withResolvers<void>();
  const isWritten = (): boolean => wanted?.state === written?.state && wanted?.ended === written?.ended;
  const write = async (data: Data): Promise<void> => {
    const { client, namespace, name, labels, owner } = options;
    const metadata = { name, namespace, labels, ...(owner === undefined ? {} : { ownerReferences: [owner] }) };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    await client.apply({ resource: resources.configMaps, namespace, name }, object, {
      fieldManager: 'cognito-gate',
      force: true,
    });
    written = data;
  };
  return {
    publish: (state) => {
      wanted = stateData(state);
      if (!isWritten()) wake.resolve();
    },
    run: async (signal) => {
      signal.addEventListener('abort', () => wake.resolve(), { once: true });
      while (!signal.aborted) {
        await wake.promise;
        wake = Promise.withResolvers();
        if (signal.aborted) break;
        const data = wanted;
        let wait = data === undefined ? pause : Math.max(pause, (data.state.length + data.ended.length) / pace);
        try {
          if (data !== undefined && !isWritten()) await write(data);
        } catch (error) {
          options.onError('configmaps', error instanceof Error ? error : new Error(String(error)));
          wake.resolve();
          wait = retryAfter;
        }
        await sleep(wait, undefined, { signal }).catch(() => undefined);
      }
      // A sign-in that was ended in the last quarter of a second.
      if (wanted !== undefined && !isWritten())
        await Promise.race([write(wanted), sleep(farewell)]).catch((error: unknown) =>
          options.onError('configmaps', error instanceof Error ? error : new Error(String(error))),
        );
    },
  };
}
