import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiError } from '../kubernetes/client.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import { isRecord } from '../kubernetes/object.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { createReflector } from '../kubernetes/reflector.ts';
import { resources } from '../kubernetes/resources.ts';
import { isServable, nextCertificate } from './certificate-state.ts';
import type { KeptCertificate } from './certificate-state.ts';

/** PEM text; `ca` is what a caBundle must hold, undefined where somebody else looks after it. */
export interface ServedCertificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
}

export interface ServingCertificate {
  /** Undefined until there is one. */
  current(): ServedCertificate | undefined;
  onChange(listener: () => void): void;
  /** Until `signal` aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ServingCertificateOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly secretName: string;
  /** The first names the certificate. IP addresses may stand among them. */
  readonly dnsNames: readonly string[];
  /** Milliseconds since the epoch. */
  now(): number;
  random(): number;
  leading(): boolean;
  readonly log: {
    info(fields: object, text: string): void;
    warn(fields: object, text: string): void;
  };
  readonly fieldManager: string;
  readonly timings?: { readonly checkMs: number; readonly retryMs: number };
}

const defaults = { checkMs: 60_000, retryMs: 5_000 };

const fields = { cert: 'tls.crt', key: 'tls.key', ca: 'ca.crt', caKey: 'ca.key' } as const;

/** Whatever of it is missing reads as empty, and empty can't be used. */
function keptIn(secret: KubeObject): KeptCertificate {
  const data = isRecord(secret['data']) ? secret['data'] : {};
  const text = (name: string): string => {
    const value = data[name];
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
  };
  return { cert: text(fields.cert), key: text(fields.key), ca: text(fields.ca), caKey: text(fields.caKey) };
}

function dataOf(kept: KeptCertificate): Record<string, string> {
  const encoded = (value: string): string => Buffer.from(value).toString('base64');
  return {
    [fields.cert]: encoded(kept.cert),
    [fields.key]: encoded(kept.key),
    [fields.ca]: encoded(kept.ca),
    [fields.caKey]: encoded(kept.caKey),
  };
}

/**
 * Our own CA and certificate, kept in one Secret that every replica reads. Renewed by the leader; what can't be served
 * (missing, expired, unreadable) is made by whichever replica comes first, because without it nobody may ever lead.
 */
export function createServingCertificate(options: ServingCertificateOptions): ServingCertificate {
  const { client, namespace, secretName: name, dnsNames, now, random, log } = options;
  const timings = options.timings ?? defaults;
  const place = { resource: resources.secrets, namespace, name };
  const listeners: (() => void)[] = [];
  let held: KeptCertificate | undefined;
  let wake = new AbortController();

  function take(kept: KeptCertificate): void {
    if (!isServable(kept, { dnsNames, now: now() })) return;
    const isNew = held === undefined || held.cert !== kept.cert || held.key !== kept.key || held.ca !== kept.ca;
    held = kept;
    if (isNew) for (const listener of listeners) listener();
  }

  async function write(secret: KubeObject | undefined, kept: KeptCertificate): Promise<void> {
    const data = dataOf(kept);
    if (secret === undefined) {
      const metadata = { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'cognito-gate' } };
      await client.create(place, { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, data });
      return;
    }
    const { uid, resourceVersion } = secret.metadata;
    const { fieldManager } = options;
    await client.merge(place, { metadata: { uid, resourceVersion }, data }, { fieldManager });
  }

  /** What is to be written now, by this replica. A Secret that was deleted comes back as it was: no caBundle has to change. */
  async function due(secret: KubeObject | undefined): Promise<KeptCertificate | undefined> {
    const kept = secret === undefined ? held : keptIn(secret);
    const next = await nextCertificate(kept, { dnsNames, now: now() });
    if (secret === undefined) return next?.kept ?? kept;
    return next?.urgent === true || options.leading() ? next?.kept : undefined;
  }

  async function step(secret: KubeObject | undefined): Promise<void> {
    if (secret !== undefined) take(keptIn(secret));
    const written = await due(secret);
    if (written === undefined) return;
    await write(secret, written);
    take(written);
    log.info({ secret: `${namespace}/${name}` }, 'wrote the serving certificate of the webhook');
  }

  async function steps(signal: AbortSignal, current: () => KubeObject | undefined): Promise<void> {
    while (!signal.aborted) {
      const woken = wake;
      let wait = timings.checkMs;
      try {
        await step(current());
      } catch (error) {
        wait = timings.retryMs;
        // 409: another replica was quicker, and what it wrote is on its way to us.
        if (!(error instanceof KubeApiError && error.status === 409)) {
          const text = error instanceof Error ? error.message : String(error);
          log.warn({ secret: `${namespace}/${name}` }, `the serving certificate could not be written: ${text}`);
        }
      }
      await sleep(wait, undefined, { signal: AbortSignal.any([signal, woken.signal]), ref: false }).catch(() => {
        wake = new AbortController();
      });
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    let begun: Promise<void> | undefined;
    const reflector = createReflector({
      client,
      collection: { resource: resources.secrets, namespace, fieldSelector: `metadata.name=${name}` },
      onChange: () => {
        wake.abort();
        begun ??= steps(signal, () => reflector.get(namespace, name));
      },
      onError: (error) => log.warn({ secret: `${namespace}/${name}` }, error.message),
      now,
      random,
    });
    await reflector.run(signal);
    await begun;
  }

  return { current: () => held, onChange: (listener) => void listeners.push(listener), run };
}
