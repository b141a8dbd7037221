import { createCipheriv, createDecipheriv } from 'node:crypto';

import type { KeyRing, SealKey } from './key-ring.ts';
import { limits } from './limits.ts';
import { decodeScope, encodeScope, fromBase64Url, lengthPrefixed, type SealScope } from './scope.ts';

export type SealKind =
  | 'session'
  | 'signin'
  | 'attempt'
  | 'authorize'
  | 'cognito'
  | 'grant'
  | 'signout'
  | 'return'
  | 'browser'
  | 'loop'
  | 'handle'
  | 'signinhandle'
  | 'granthandle'
  | 'record';

export interface Opened extends SealScope {
  readonly plaintext: Uint8Array;
}

/**
 * Seals with AES-256-GCM. Text: `<version><key id>.<scope>.<nonce, ciphertext, tag>`, the parts in base64url.
 * Version, kind, key id, pool and host are associated data, each with its length, so that no byte can move
 * from one to another.
 */
export interface Sealer {
  seal(kind: SealKind, scope: SealScope, plaintext: Uint8Array): string;
  /** Undefined for whatever was not sealed as this kind by a key of the ring. Never throws, bounded in size. */
  open(kind: SealKind, text: string): Opened | undefined;
  /** Names the key that a text asks for, when the ring has it; changes when the key behind the id does. */
  keyTag(text: string): string | undefined;
}

export interface SealerDeps {
  readonly ring: () => KeyRing;
  /** Seconds. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** A text asked for a key that the ring doesn't have: the moment to read the ring again. */
  readonly onUnknownKey?: () => void;
}

const version = '1';
const textPattern = /^1([a-z0-9]{1,16})\.([A-Za-z0-9_-]{1,512})\.([A-Za-z0-9_-]{38,})$/;
const nonceBytes = 12;
const tagBytes = 16;

export function createSealer(deps: SealerDeps): Sealer {
  return {
    seal: (kind, scope, plaintext) =>
      sealWith(deps.ring().seals(deps.now()), deps.random(nonceBytes), kind, { scope, plaintext }),
    open(kind, text) {
      const parts = split(text, kind === 'record' ? limits.sealedRecord : limits.sealedText);
      if (parts === undefined) {
        return undefined;
      }
      const key = deps.ring().key(parts.keyId);
      if (key === undefined) {
        deps.onUnknownKey?.();
        return undefined;
      }
      return openWith(key, kind, parts);
    },
    keyTag(text) {
      const id = text.slice(1, text.indexOf('.'));
      const key = text.startsWith(version) ? deps.ring().key(id) : undefined;
      return key === undefined ? undefined : key.fingerprint;
    },
  };
}

/** The length of a sealed text, for the longest key id. */
export function sealedLength(scope: SealScope, plaintextBytes: number): number {
  const body = nonceBytes + plaintextBytes + tagBytes;
  return 1 + 16 + 1 + base64UrlLength(encodeScope(scope).length) + 1 + base64UrlLength(body);
}

/** The largest plaintext whose sealed text has at most `characters`. */
export function plaintextRoom(scope: SealScope, characters: number): number {
  const body = characters - sealedLength(scope, 0) + base64UrlLength(nonceBytes + tagBytes);
  return Math.floor((body * 3) / 4) - nonceBytes - tagBytes;
}

function base64UrlLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}

interface Parts {
  readonly keyId: string;
  readonly scope: Buffer;
  readonly body: Buffer;
}

function split(text: string, longest: number): Parts | undefined {
  const match = text.length <= longest ? textPattern.exec(text) : null;
  const keyId = match?.[1];
  const scope = fromBase64Url(match?.[2]);
  const body = fromBase64Url(match?.[3]);
  return keyId === undefined || scope === undefined || body === undefined ? undefined : { keyId, scope, body };
}

function associatedData(kind: SealKind, keyId: string, scope: Uint8Array): Buffer {
  return lengthPrefixed([Buffer.from(version), Buffer.from(kind), Buffer.from(keyId), scope]);
}

function sealWith(
  key: SealKey,
  nonce: Uint8Array,
  kind: SealKind,
  content: { readonly scope: SealScope; readonly plaintext: Uint8Array },
): string {
  const scope = encodeScope(content.scope);
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedData(kind, key.id, scope));
  const body = Buffer.concat([nonce, cipher.update(content.plaintext), cipher.final(), cipher.getAuthTag()]);
  return `${version}${key.id}.${scope.toString('base64url')}.${body.toString('base64url')}`;
}

function openWith(key: SealKey, kind: SealKind, parts: Parts): Opened | undefined {
  const { body } = parts;
  if (body.length < nonceBytes + tagBytes) {
    return undefined;
  }
  const scope = decodeScope(parts.scope);
  if (scope === undefined) {
    return undefined;
  }
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.key, body.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(associatedData(kind, key.id, parts.scope));
    decipher.setAuthTag(body.subarray(-tagBytes));
    const text = decipher.update(body.subarray(nonceBytes, -tagBytes));
    return { ...scope, plaintext: Buffer.concat([text, decipher.final()]) };
  } catch {
    return undefined;
  }
}
