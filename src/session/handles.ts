import type { Session, SignIn, TokenState } from '../model/session.ts';
import { fieldsOf, text, time, type Fields } from './fields.ts';
import { limits } from './limits.ts';
import { packWithin, unpack } from './packing.ts';
import type { SealScope } from './scope.ts';

/**
 * What a cookie holds where the token states live in a store: sid and times. Sealed under kinds of its own, so that
 * what one store sealed is nothing for the other.
 */
export type SessionHandle = Omit<Session, keyof TokenState>;
export type SignInHandle = Omit<SignIn, keyof TokenState>;

export class HandleTooLarge extends Error {
  constructor() {
    super('a handle is larger than anything that we seal');
  }
}

/** `extra` travels beside the session in a grant. */
export function encodeSessionHandle(handle: SessionHandle, extra?: unknown): Uint8Array {
  const own = { i: handle.sid, S: handle.startedAt, I: handle.signInStartedAt, w: handle.sealedAt };
  return pack({ ...own, ...(extra === undefined ? {} : { x: extra }) });
}

export function decodeSessionHandle(
  plaintext: Uint8Array,
  scope: SealScope,
): { readonly handle: SessionHandle; readonly extra: unknown } | undefined {
  return decode(plaintext, (fields) => ({
    handle: {
      sid: text(fields, 'i'),
      pool: scope.pool,
      host: scope.host,
      startedAt: time(fields, 'S'),
      signInStartedAt: time(fields, 'I'),
      sealedAt: time(fields, 'w'),
    },
    extra: fields.get('x'),
  }));
}

export function encodeSignInHandle(handle: SignInHandle): Uint8Array {
  return pack({ i: handle.sid, S: handle.startedAt });
}

export function decodeSignInHandle(plaintext: Uint8Array, scope: SealScope): SignInHandle | undefined {
  return decode(plaintext, (fields) => ({
    sid: text(fields, 'i'),
    pool: scope.pool,
    startedAt: time(fields, 'S'),
  }));
}

function pack(json: Readonly<Record<string, unknown>>): Uint8Array {
  const packed = packWithin(json, limits.unpackedBytes);
  if (packed === undefined) {
    throw new HandleTooLarge();
  }
  return packed;
}

function decode<T>(plaintext: Uint8Array, read: (fields: Fields) => T): T | undefined {
  try {
    return read(fieldsOf(unpack(plaintext, limits.unpackedBytes)));
  } catch {
    return undefined;
  }
}
