import type { ClusterConfig } from './cluster-config.ts';
import type { Owner } from './controller/replica-publisher.ts';
import type { KubeClient } from './kubernetes/client.ts';

/**
 * The object of the release that owns what we make, so that an uninstalled release leaves nothing behind. Without
 * it, or where it can't be read, things are made without an owner.
 */
export async function findOwner(
  { namespace, owner }: ClusterConfig['release'],
  client: KubeClient,
  onError: (resource: string, error: Error) => void,
): Promise<Owner | undefined> {
  if (owner === undefined) return undefined;
  const [group = '', version = ''] = owner.apiVersion.includes('/')
    ? owner.apiVersion.split('/')
    : ['', owner.apiVersion];
  const plural = `${owner.kind.toLowerCase()}s`;
  const resource = { group, version, plural, kind: owner.kind, namespaced: true };
  try {
    const found = await client.get({ resource, namespace, name: owner.name });
    return found === undefined ? undefined : { ...owner, uid: found.metadata.uid };
  } catch (error) {
    onError(plural, error instanceof Error ? error : new Error(String(error)));
    return undefined;
  }
}
