import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyBelongs } from './issue-certificate.ts';
import type { ServedCertificate, ServingCertificate } from './serving-certificate.ts';

export interface CertificateFolderOptions {
  /** A mounted Secret: `tls.crt`, `tls.key`. */
  readonly folder: string;
  readonly log: {
    info(fields: object, text: string): void;
    warn(fields: object, text: string): void;
  };
  /** Milliseconds. A mounted Secret follows within a minute anyway, and nothing is lost by looking instead of being told. */
  readonly everyMs?: number;
}

/** A pair that is half written (certificate of the new one, key of the old) is none. */
async function read(folder: string): Promise<ServedCertificate> {
  const [cert, key] = await Promise.all(['tls.crt', 'tls.key'].map((name) => readFile(join(folder, name), 'utf8')));
  if (cert === undefined || key === undefined) throw new Error('unreachable');
  createPrivateKey(key);
  if (!keyBelongs(new X509Certificate(cert), key)) throw new Error('tls.key is not the key of tls.crt');
  return { cert, key, ca: undefined };
}

/** A serving certificate that somebody else makes (cert-manager), read from files. Its caBundle is theirs, too. */
export function createCertificateFolder({
  folder,
  log,
  everyMs = 5_000,
}: CertificateFolderOptions): ServingCertificate {
  const listeners: (() => void)[] = [];
  let held: ServedCertificate | undefined;
  let complaint = '';

  async function look(): Promise<void> {
    try {
      const next = await read(folder);
      complaint = '';
      if (held?.cert === next.cert && held.key === next.key) return;
      held = next;
      log.info({ folder }, 'read the serving certificate of the webhook');
      for (const listener of listeners) listener();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== complaint) log.warn({ folder }, `the serving certificate cannot be read: ${text}`);
      complaint = text;
    }
  }

  return {
    current: () => held,
    onChange: (listener) => void listeners.push(listener),
    run: async (signal) => {
      while (!signal.aborted) {
        await look();
        await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    },
  };
}
