import { KubeApiError } from '../kubernetes/client.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { resources } from '../kubernetes/resources.ts';
import type { Install } from '../planes/nginx-wiring.ts';
import { isCompanion } from './companions.ts';
import { hasOurAuthUrl, withdraw } from './wanted-ingress.ts';
import { fieldManager } from './world.ts';
import type { ControllerSettings } from './world.ts';

/** What was done, as `namespace/name`, in order. */
export interface Unwired {
  readonly unwired: readonly string[];
  readonly companions: readonly string[];
  readonly failed: readonly { readonly object: string; readonly message: string }[];
}

const attempts = 5;

/**
 * Takes our wiring off every Ingress, and the companions away: before everything of ours is uninstalled. What stood
 * there is recognised by value. Without `namespaces`, in all of them. The controller and its webhook must be gone or scaled to nothing: they put it back.
 */
export async function unwireAll(
  client: KubeClient,
  settings: ControllerSettings,
  namespaces: readonly string[] = [],
): Promise<Unwired> {
  const items = await everyIngress(client, settings, namespaces);
  const [unwired, companions]: [string[], string[]] = [[], []];
  const failed: { object: string; message: string }[] = [];
  const attempt = async (ingress: KubeObject, done: string[], act: () => Promise<boolean>): Promise<void> => {
    const name = `${ingress.metadata.namespace ?? ''}/${ingress.metadata.name}`;
    try {
      if (await act()) done.push(name);
    } catch (error) {
      failed.push({ object: name, message: error instanceof Error ? error.message : String(error) });
    }
  };
  for (const ingress of items)
    if (!isCompanion(ingress, settings)) await attempt(ingress, unwired, () => unwire(ingress, client, settings));
  // Only now: while NGINX asks us about a host, its sign-in paths must lead to us.
  const failures = failed.length;
  for (const ingress of items)
    if (failures === 0 && isCompanion(ingress, settings))
      await attempt(ingress, companions, () => client.remove(placeOf(ingress), { uid: ingress.metadata.uid }));
  return { unwired, companions, failed };
}

/** An installation that watches some namespaces only may not ask for more. */
async function everyIngress(
  client: KubeClient,
  { releaseNamespace }: ControllerSettings,
  namespaces: readonly string[],
): Promise<readonly KubeObject[]> {
  const resource = resources.ingresses;
  if (namespaces.length === 0) return (await client.list({ resource })).items;
  const lists = [...new Set([...namespaces, releaseNamespace])].map(
    async (namespace) => await client.list({ resource, namespace }),
  );
  return (await Promise.all(lists)).flatMap(({ items }) => items);
}

function placeOf({ metadata }: KubeObject): {
  readonly resource: typeof resources.ingresses;
  readonly namespace: string;
  readonly name: string;
} {
  return { resource: resources.ingresses, namespace: metadata.namespace ?? '', name: metadata.name };
}

/** The id of the route whose wiring stands on an Ingress, if it is ours. */
export function routeIdOf(ingress: KubeObject, install: Install): string | undefined {
  const url = ingress.metadata.annotations?.['nginx.ingress.kubernetes.io/auth-url'] ?? '';
  const id = /\/nginx\/([0-9a-f]{32})$/.exec(url)?.[1];
  return id !== undefined && hasOurAuthUrl(id, ingress, install) ? id : undefined;
}

async function unwire(first: KubeObject, client: KubeClient, settings: ControllerSettings): Promise<boolean> {
  const { install } = settings;
  let ingress: KubeObject | undefined = first;
  for (let tries = 1; ingress !== undefined; tries += 1) {
    const id = routeIdOf(ingress, install);
    const write = id === undefined ? undefined : withdraw(id, ingress, install);
    if (write?.verb !== 'merge') return false;
    try {
      const left = await client.merge(placeOf(first), write.patch, { fieldManager: fieldManager(settings) });
      if (routeIdOf(left, install) !== undefined) throw new Error(putBack);
      return true;
    } catch (error) {
      if (!isConflict(error) || tries >= attempts) throw error;
      ingress = await client.get(placeOf(first));
    }
  }
  return false;
}

const putBack =
  'a webhook put the annotations back at once: take the webhook configurations of cognito-gate away and scale it to 0 first';

function isConflict(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 409;
}
