import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiError } from '../kubernetes/api-error.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import type { Reflector } from '../kubernetes/reflector.ts';
import type { Collection } from '../kubernetes/resources.ts';

/** A webhook that the API server may do without has a second in all. */
const longestCall = 400;
const step = 5;
const steps = 80;

/**
 * Waits until a watch has brought what the API server held of the collection when it was asked. A watch is mostly
 * milliseconds behind, and a file with a policy and then its Ingress is applied faster than that. Throws where it can't be
 * known.
 */
export async function caughtUp(
  client: Pick<KubeClient, 'list'>,
  collection: Collection,
  { version }: Pick<Reflector, 'version'>,
): Promise<void> {
  const stored = await newestStored(client, collection);
  for (let turn = 0; BigInt(version() ?? '0') < stored; turn += 1) {
    if (turn === steps) throw new Error(`the watch of ${collection.resource.plural} is behind the API server`);
    await sleep(step);
  }
}

/** The list's own version counts every kind, so that a watch of one kind need never come to it. */
async function newestStored(client: Pick<KubeClient, 'list'>, collection: Collection): Promise<bigint> {
  try {
    const { items } = await client.list(collection, AbortSignal.timeout(longestCall));
    const versions = items.map(({ metadata }) => BigInt(metadata.resourceVersion));
    return versions.reduce((newest, one) => (one > newest ? one : newest), 0n);
  } catch (error) {
    // The kind itself is gone: there is nothing that could be missed.
    if (error instanceof KubeApiError && error.status === 404) return 0n;
    throw error;
  }
}
