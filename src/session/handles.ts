import type { Session, SignIn, TokenState } from '../model/session.ts';
import { fieldsOf, text, time, type Fields } from './fields.ts';
import { limits } from './limits.ts';
import { asOf } from './own-sign-in.ts';
import { packWithin, unpack } from './packing.ts';
import type { SealScope } from './scope.ts';

/**
 * What a cookie holds where the token states live in a store: sid and times. Sealed under kinds of its own, so that
 * what one store sealed is nothing for the other.
 */
export type SessionHandle = Omit<Session, keyof TokenState> & OwnSignIn;
export type SignInHandle = Omit<SignIn, keyof TokenState> & OwnSignIn;

interface OwnSignIn {
  /** `auth_time` of the sign-in that it was made of; absent: made by a version that didn't say. */
  readonly authTime?: number;
}

export class HandleTooLarge extends Error {
  constructor() {
    super('a handle is larger than anything that we seal');
  }
}

/** `extra` travels beside the session in a grant. */
export function encodeSessionHandle(session: Session, extra?: unknown): Uint8Array {
  const { sid, startedAt, signInStartedAt, sealedAt, identity } = session;
  const own = { i: sid, S: startedAt, I: signInStartedAt, w: sealedAt, a: identity.authTime };
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
      ...ownSignIn(fields),
    },
    extra: fields.get('x'),
  }));
}

export function encodeSignInHandle({ sid, startedAt, identity }: SignIn): Uint8Array {
  return pack({ i: sid, S: startedAt, a: identity.authTime });
}

export function decodeSignInHandle(plaintext: Uint8Array, scope: SealScope): SignInHandle | undefined {
  return decode(plaintext, (fields) => ({
    sid: text(fields, 'i'),
    pool: scope.pool,
    startedAt: time(fields, 'S'),
    ...ownSignIn(fields),
  }));
}

/** What a handle stands for, with what the store holds. */
export function withState<Handle extends OwnSignIn>(
  { authTime, ...handle }: Handle,
  state: TokenState,
): TokenState & Omit<Handle, 'authTime'> {
  return { ...asOf(state, authTime), ...handle };
}

function ownSignIn(fields: Fields): OwnSignIn {
  return fields.has('a') ? { authTime: time(fields, 'a') } : {};
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
