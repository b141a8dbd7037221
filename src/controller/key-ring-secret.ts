import { KubeApiError } from '../kubernetes/client.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import { resources } from '../kubernetes/resources.ts';
import type { Secret } from '../model/secret.ts';

export interface KeyRingOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Id and content of a first key. */
  newEntry(): readonly [id: string, content: string];
  log(text: string): void;
  onError(error: Error): void;
}

/** Milliseconds. */
const retryAfter = 1000;

/**
 * Makes the key ring Secret when it is absent: no chart and no repository has to hold it. One that vanished is put
 * back as this replica knew it, so that nobody is signed out (flows.md "Seal and cache").
 */
export function createKeyRingSecret(options: KeyRingOptions): {
  /** What the watched Secret holds now. */
  seen(entries: ReadonlyMap<string, Secret> | undefined): void;
} {
  const { client, namespace, name } = options;
  const place = { resource: resources.secrets, namespace, name };
  let held: ReadonlyMap<string, Secret> | undefined;
  let absent = false;
  let busy = false;
  const make = async (): Promise<void> => {
    const entries =
      held === undefined ? [options.newEntry()] : [...held].map(([id, secret]) => [id, secret.reveal()] as const);
    const data = Object.fromEntries(entries.map(([id, content]) => [id, Buffer.from(content).toString('base64')]));
    const metadata = { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'cognito-gate' } };
    await client.create(place, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data });
    options.log(held === undefined ? 'made the key ring Secret' : 'put the key ring Secret back');
  };
  const attempt = (): void => {
    if (busy || !absent) return;
    busy = true;
    make()
      .catch((error: unknown) => {
        // 409: another replica was quicker.
        if (error instanceof KubeApiError && error.status === 409) return;
        options.onError(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        busy = false;
        setTimeout(attempt, retryAfter).unref();
      });
  };
  return {
    seen: (entries) => {
      absent = entries === undefined;
      if (entries !== undefined && entries.size > 0) held = entries;
      attempt();
    },
  };
}
