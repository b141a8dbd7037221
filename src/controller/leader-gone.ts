import type { KubeClient } from '../kubernetes/client.ts';
import { readLease } from '../kubernetes/lease-record.ts';
import { resources } from '../kubernetes/resources.ts';
import type { ControllerSettings } from './world.ts';

interface Deps {
  readonly client: Pick<KubeClient, 'get'>;
  /** Milliseconds. */
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

/**
 * Waits until nobody leads: a leader puts back what is taken off an Ingress. A replica that is told to stop gives the
 * Lease back; one that died is waited for as long as its Lease holds. Answers with the replica that goes on renewing it.
 */
export async function leaderGone(
  { client, now, sleep }: Deps,
  { releaseNamespace, releaseName }: Pick<ControllerSettings, 'releaseNamespace' | 'releaseName'>,
): Promise<string | undefined> {
  const place = { resource: resources.leases, namespace: releaseNamespace, name: `${releaseName}-leader` };
  let [version, since, renewals] = ['', now(), -1];
  for (;;) {
    const lease = await client.get(place);
    if (lease === undefined) return undefined;
    const { holder, durationSeconds } = readLease(lease);
    if (holder === undefined) return undefined;
    if (lease.metadata.resourceVersion !== version) {
      [version, since, renewals] = [lease.metadata.resourceVersion, now(), renewals + 1];
      if (renewals === 2) return holder;
    } else if (now() - since > (durationSeconds ?? 0) * 1_000) {
      return undefined;
    }
    await sleep(500);
  }
}
