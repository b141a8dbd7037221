import type { Groups, Identity } from '../model/identity.ts';
import { Secret } from '../model/secret.ts';
import type { Session, SignIn, TokenState } from '../model/session.ts';
import { fieldsOf, optionalText, optionalTexts, text, texts, time, type Fields } from './fields.ts';
import { limits } from './limits.ts';
import { packWithin, unpack } from './packing.ts';
import type { SealScope } from './scope.ts';
import { packToken, unpackToken } from './token-packing.ts';

/**
 * The plaintext of a seal: length of the packed JSON (2 bytes), the JSON, the packed refresh token. Pool and host
 * are in the seal's scope and not repeated.
 */
type Json = Record<string, unknown>;

/** `extra` travels beside the session in a grant. Undefined when it is too much to be read again. */
export function encodeSession(session: Session, extra?: unknown): Uint8Array | undefined {
  const own = { i: session.sid, S: session.startedAt, I: session.signInStartedAt, w: session.sealedAt };
  return frame({ ...own, ...tokenJson(session), ...(extra === undefined ? {} : { x: extra }) }, session.refreshToken);
}

export function decodeSession(
  plaintext: Uint8Array,
  scope: SealScope,
): { session: Session; extra: unknown } | undefined {
  return decode(plaintext, (fields, refreshToken) => ({
    session: {
      sid: text(fields, 'i'),
      pool: scope.pool,
      host: scope.host,
      startedAt: time(fields, 'S'),
      signInStartedAt: time(fields, 'I'),
      sealedAt: time(fields, 'w'),
      ...tokenState(fields, scope.pool, refreshToken),
    },
    extra: fields.get('x'),
  }));
}

export function encodeSignIn(signIn: SignIn): Uint8Array | undefined {
  return frame({ i: signIn.sid, S: signIn.startedAt, ...tokenJson(signIn) }, signIn.refreshToken);
}

export function decodeSignIn(plaintext: Uint8Array, scope: SealScope): SignIn | undefined {
  return decode(plaintext, (fields, refreshToken) => ({
    sid: text(fields, 'i'),
    pool: scope.pool,
    startedAt: time(fields, 'S'),
    ...tokenState(fields, scope.pool, refreshToken),
  }));
}

/** A record of the store. `until` in seconds: when the sign-in ends at the latest. */
export function encodeState(state: TokenState, until: number | undefined): Uint8Array | undefined {
  const rotates = state.rotates === undefined ? {} : { R: state.rotates };
  return frame({ ...tokenJson(state), ...rotates, ...(until === undefined ? {} : { U: until }) }, state.refreshToken);
}

export function decodeState(
  plaintext: Uint8Array,
  scope: SealScope,
): { state: TokenState; until: number | undefined } | undefined {
  return decode(plaintext, (fields, refreshToken) => {
    const rotates = fields.get('R');
    return {
      state: {
        ...tokenState(fields, scope.pool, refreshToken),
        ...(typeof rotates === 'boolean' ? { rotates } : {}),
      },
      until: fields.has('U') ? time(fields, 'U') : undefined,
    };
  });
}

function frame(json: Json, refreshToken: Secret | undefined): Uint8Array | undefined {
  const packed = packWithin(json, limits.unpackedBytes);
  if (packed === undefined || packed.length > 0xffff) {
    return undefined;
  }
  const length = Buffer.alloc(2);
  length.writeUInt16BE(packed.length);
  return Buffer.concat([
    length,
    packed,
    refreshToken === undefined ? Buffer.alloc(0) : packToken(refreshToken.reveal()),
  ]);
}

function decode<T>(
  plaintext: Uint8Array,
  read: (fields: Fields, refreshToken: Secret | undefined) => T,
): T | undefined {
  const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
  if (bytes.length < 2) {
    return undefined;
  }
  const end = 2 + bytes.readUInt16BE(0);
  try {
    const fields = fieldsOf(unpack(bytes.subarray(2, end), limits.unpackedBytes));
    const token = end < bytes.length ? unpackToken(bytes.subarray(end)) : undefined;
    return read(fields, token === undefined ? undefined : new Secret(token));
  } catch {
    return undefined;
  }
}

function tokenJson(state: TokenState): Json {
  const { identity } = state;
  const { names, judged } = identity.groups;
  return {
    c: state.checkedAt,
    e: state.tokensExpireAt,
    a: identity.authTime,
    s: identity.subject,
    u: identity.username,
    ...(identity.preferredUsername === undefined ? {} : { p: identity.preferredUsername }),
    ...(identity.name === undefined ? {} : { n: identity.name }),
    ...(identity.email === undefined ? {} : { m: identity.email }),
    ...(identity.emailTrusted ? { t: 1 } : {}),
    ...(names.size === 0 ? {} : { g: [...names] }),
    ...(judged === undefined ? {} : { j: [...judged].filter((name) => !names.has(name)) }),
    ...(state.rotates === undefined ? {} : { r: state.rotates ? 1 : 0 }),
    ...(identity.claims.size === 0 ? {} : { k: [...identity.claims].map(([name, values]) => [name, ...values]) }),
  };
}

function tokenState(fields: Fields, pool: string, refreshToken: Secret | undefined): TokenState {
  const identity: Identity = {
    kind: 'person',
    pool,
    subject: text(fields, 's'),
    username: text(fields, 'u'),
    preferredUsername: optionalText(fields, 'p'),
    name: optionalText(fields, 'n'),
    email: optionalText(fields, 'm'),
    emailTrusted: fields.get('t') === 1,
    groups: groupsOf(fields),
    claims: claimsOf(fields),
    authTime: time(fields, 'a'),
  };
  const rotates = fields.has('r') ? { rotates: fields.get('r') === 1 } : {};
  return { identity, checkedAt: time(fields, 'c'), tokensExpireAt: time(fields, 'e'), refreshToken, ...rotates };
}

/** `j` holds the judged names that the person does not have; those that the person has are in `g`. */
function groupsOf(fields: Fields): Groups {
  const names = optionalTexts(fields, 'g') ?? [];
  const absent = optionalTexts(fields, 'j');
  return { names: new Set(names), judged: absent === undefined ? undefined : new Set([...names, ...absent]) };
}

function claimsOf(fields: Fields): ReadonlyMap<string, readonly string[]> {
  const claims = new Map<string, readonly string[]>();
  const list = fields.get('k');
  for (const entry of Array.isArray(list) ? (list as readonly unknown[]) : []) {
    const [name, ...values] = texts(entry, 'k');
    if (name !== undefined) {
      claims.set(name, values);
    }
  }
  return claims;
}
