import { createHash, createSecretKey, type KeyObject } from 'node:crypto';

import type { Secret } from '../model/secret.ts';
import { limits } from './limits.ts';

export interface SealKey {
  readonly id: string;
  /** A KeyObject, because a raw key costs about twice as much on Node 24. */
  readonly key: KeyObject;
  readonly createdAt: number;
  /** Seconds. Replicas read a ring at different moments: a new key opens at once and seals only from here. */
  readonly sealFrom: number;
  /** Differs when the key of an id does: what was opened with another key is not good any more. */
  readonly fingerprint: string;
}

/** Keys of one Secret. Every key opens; one seals. */
export interface KeyRing {
  /** Oldest first. */
  readonly keys: readonly SealKey[];
  /** The newest key whose time to seal has come. `now` in seconds. */
  seals(now: number): SealKey;
  key(id: string): SealKey | undefined;
  readonly newest: string;
}

const keyIdPattern = /^[a-z0-9]{1,16}$/;
const keyTextPattern = /^[A-Za-z0-9+/]{43}=$/;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads a ring. File name = key id, content = `{"key":"<base64, 32 bytes>","createdAt":"<RFC 3339>"}`.
 * Throws an Error that names entry, field and fix; never the content.
 */
export function parseKeyRing(entries: ReadonlyMap<string, Secret>): KeyRing {
  const keys = [...entries].map(([id, secret]) => parseEntry(id, secret)).toSorted(oldestFirst);
  const oldest = keys[0];
  const newest = keys.at(-1);
  if (oldest === undefined || newest === undefined) {
    throw new Error('key ring: it has no entry; add one whose name is the key id');
  }
  keys[0] = { ...oldest, sealFrom: 0 };
  const byId = new Map(keys.map((key) => [key.id, key]));
  const first = keys[0];
  return {
    keys,
    seals: (now) => keys.findLast((key) => key.sealFrom <= now) ?? first,
    key: (id) => byId.get(id),
    newest: newest.id,
  };
}

/** The content of a new entry. `now` in seconds. */
export function newKeyEntry(id: string, now: number, random: (bytes: number) => Uint8Array): string {
  if (!keyIdPattern.test(id)) {
    throw new Error(`key ring, new entry "${id}": the id must match ${keyIdPattern.source}`);
  }
  const createdAt = new Date(Math.floor(now) * 1000).toISOString();
  return JSON.stringify({ key: Buffer.from(random(32)).toString('base64'), createdAt });
}

function oldestFirst(a: SealKey, b: SealKey): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

function parseEntry(id: string, secret: Secret): SealKey {
  const mistake = (field: string, fix: string): Error => new Error(`key ring, entry "${id}", ${field}: ${fix}`);
  if (!keyIdPattern.test(id)) {
    throw mistake('name', `the key id must match ${keyIdPattern.source}`);
  }
  const content = parseObject(secret.reveal());
  if (content === undefined) {
    throw mistake('content', 'must be JSON like {"key":"<base64 of 32 bytes>","createdAt":"2026-01-31T12:00:00Z"}');
  }
  const { key, createdAt } = content;
  if (typeof key !== 'string' || !keyTextPattern.test(key)) {
    throw mistake('key', 'must be the base64 of 32 random bytes, as `openssl rand -base64 32` prints it');
  }
  const created = typeof createdAt === 'string' && timePattern.test(createdAt) ? Date.parse(createdAt) / 1000 : NaN;
  if (!Number.isFinite(created)) {
    throw mistake('createdAt', 'must be a time like 2026-01-31T12:00:00Z');
  }
  const bytes = Buffer.from(key, 'base64');
  return {
    id,
    key: createSecretKey(bytes),
    createdAt: created,
    sealFrom: created + limits.sealKeyDelaySeconds,
    fingerprint: createHash('sha256')
      .update('cognito-gate key fingerprint')
      .update(bytes)
      .digest('base64url')
      .slice(0, 16),
  };
}

function parseObject(text: string): { readonly key?: unknown; readonly createdAt?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
