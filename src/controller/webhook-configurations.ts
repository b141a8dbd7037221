import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiError } from '../kubernetes/client.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import { isRecord } from '../kubernetes/object.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { createReflector } from '../kubernetes/reflector.ts';
import type { Reflector } from '../kubernetes/reflector.ts';
import { resources } from '../kubernetes/resources.ts';
import type { Resource } from '../kubernetes/resources.ts';

export interface WebhookConfigurationsOptions {
  readonly client: KubeClient;
  /** Names of our MutatingWebhookConfiguration and ValidatingWebhookConfiguration. */
  readonly names: { readonly mutating: string; readonly validating: string };
  /** PEM text of the CAs; undefined: there is nothing that we could write. */
  bundle(): string | undefined;
  leading(): boolean;
  /** Milliseconds since the epoch. */
  now(): number;
  random(): number;
  readonly log: {
    info(fields: object, text: string): void;
    warn(fields: object, text: string): void;
  };
  onWrite(kind: string, outcome: 'done' | 'failed' | 'conflict'): void;
  readonly fieldManager: string;
  readonly retryMs?: number;
}

export interface WebhookConfigurations {
  /** The certificate changed, or this replica leads from now on. */
  check(): void;
  /** Until `signal` aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;

/** The webhooks with our bundle in each; undefined: nothing is to be changed. */
export function repaired(configuration: KubeObject, bundle: string): readonly Json[] | undefined {
  const caBundle = Buffer.from(bundle).toString('base64');
  const webhooks = Array.isArray(configuration['webhooks']) ? configuration['webhooks'].filter(isRecord) : [];
  const clientOf = (webhook: Json): Json => (isRecord(webhook['clientConfig']) ? webhook['clientConfig'] : {});
  if (webhooks.every((webhook) => clientOf(webhook)['caBundle'] === caBundle)) return undefined;
  return webhooks.map((webhook) => ({ ...webhook, clientConfig: { ...clientOf(webhook), caBundle } }));
}

/**
 * Keeps the caBundle, and nothing else, of our own webhook configurations: `helm upgrade --force-replace` and GitOps tools
 * empty it, and then the API server can't ask us any more. Lists can only be replaced whole by a merge patch, so it carries
 * the version that was read. (Server-side apply would make us an owner of webhooks that a later chart wants to drop.)
 */
export function createWebhookConfigurations(options: WebhookConfigurationsOptions): WebhookConfigurations {
  const { client, names, log, now, random } = options;
  let wake = new AbortController();
  const kept: readonly (readonly [Resource, string])[] = [
    [resources.mutatingWebhookConfigurations, names.mutating],
    [resources.validatingWebhookConfigurations, names.validating],
  ];

  async function repair(resource: Resource, current: KubeObject): Promise<boolean> {
    const bundle = options.bundle();
    const webhooks = bundle === undefined || !options.leading() ? undefined : repaired(current, bundle);
    if (webhooks === undefined) return true;
    const { name, uid, resourceVersion } = current.metadata;
    const { fieldManager } = options;
    try {
      await client.merge({ resource, name }, { metadata: { uid, resourceVersion }, webhooks }, { fieldManager });
      options.onWrite(resource.kind, 'done');
      log.info({ kind: resource.kind, name }, 'wrote the caBundle of our webhooks');
      return true;
    } catch (error) {
      const isConflict = error instanceof KubeApiError && error.status === 409;
      options.onWrite(resource.kind, isConflict ? 'conflict' : 'failed');
      const text = error instanceof Error ? error.message : String(error);
      if (!isConflict) log.warn({ kind: resource.kind, name }, `the caBundle could not be written: ${text}`);
      return false;
    }
  }

  async function keep(signal: AbortSignal, reflectors: readonly (readonly [Resource, Reflector])[]): Promise<void> {
    while (!signal.aborted) {
      const woken = wake;
      let done = true;
      for (const [resource, reflector] of reflectors)
        for (const current of reflector.items()) done = (await repair(resource, current)) && done;
      const wait = done ? 60_000 : (options.retryMs ?? 500);
      await sleep(wait, undefined, { signal: AbortSignal.any([signal, woken.signal]), ref: false }).catch(() => {
        wake = new AbortController();
      });
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const reflectors = kept.map(([resource, name]) => {
      const collection = { resource, fieldSelector: `metadata.name=${name}` };
      const onError = (error: Error): void => log.warn({ kind: resource.kind, name }, error.message);
      const onChange = (): void => wake.abort();
      return [resource, createReflector({ client, collection, onChange, onError, now, random })] as const;
    });
    await Promise.all([...reflectors.map(([, reflector]) => reflector.run(signal)), keep(signal, reflectors)]);
  }

  return { check: () => wake.abort(), run };
}
