import { randomBytes } from 'node:crypto';

import type { Identity } from '../../src/model/identity.ts';
import type { Pool } from '../../src/model/pool.ts';
import { Secret } from '../../src/model/secret.ts';
import type { Session, SignIn } from '../../src/model/session.ts';
import { newKeyEntry, parseKeyRing, type KeyRing } from '../../src/session/key-ring.ts';
import { createSealer, type Sealer } from '../../src/session/seal.ts';

export const noon = 1_800_000_000;
export const poolId = 'ab'.repeat(32);
export const host = 'shop.example.com';
export const route = { hosts: [host], matchesHost: (): boolean => false };
export const nobodyNamed = { groups: new Set<string>(), claims: new Set<string>() };

export const pool: Pool = {
  id: poolId,
  namespace: 'identity',
  name: 'staff',
  userPoolId: 'eu-west-1_AbCdEfGhI',
  issuers: ['https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI'],
  endpoints: {},
  domain: undefined,
  clientId: 'client',
  clientSecret: undefined,
  scopes: ['openid'],
  groups: { claim: 'cognito:groups', token: 'Access', format: 'Array' },
  authorize: {},
  trustedEmailProviders: [],
  session: { signInLifetime: 43_200, lifetime: 36_000, idle: 7200, refreshAfter: 600, grace: 3600 },
};

/** Shaped like Cognito's: a JWE of five parts, some 1,850 characters. */
export function refreshToken(ciphertextBytes = 1060): Secret {
  const header = Buffer.from('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}');
  const parts = [header, randomBytes(256), randomBytes(12), randomBytes(ciphertextBytes), randomBytes(16)];
  return new Secret(parts.map((part) => part.toString('base64url')).join('.'));
}

export function identity(changes: Partial<Identity> = {}): Identity {
  return {
    kind: 'person',
    pool: poolId,
    subject: '0b7e3c6e-9d0c-4b5e-a1d5-0d8f3f6f3a11',
    username: 'ada',
    preferredUsername: undefined,
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    emailTrusted: true,
    groups: { names: new Set(['admins', 'staff']), judged: undefined },
    claims: new Map([['custom:team', ['red']]]),
    authTime: noon - 60,
    ...changes,
  };
}

export function session(changes: Partial<Session> = {}): Session {
  return {
    sid: 'c2lkc2lkc2lkc2lk',
    pool: poolId,
    host,
    startedAt: noon,
    signInStartedAt: noon - 30,
    sealedAt: noon,
    checkedAt: noon,
    tokensExpireAt: noon + 3600,
    refreshToken: refreshToken(),
    identity: identity(),
    ...changes,
  };
}

export function signIn(changes: Partial<SignIn> = {}): SignIn {
  const { sid, checkedAt, tokensExpireAt, refreshToken: token, identity: who } = session();
  return {
    sid,
    pool: poolId,
    startedAt: noon,
    checkedAt,
    tokensExpireAt,
    refreshToken: token,
    identity: who,
    ...changes,
  };
}

export function ringOf(...ids: readonly string[]): KeyRing {
  const entries = ids.map((id, index) => [id, new Secret(newKeyEntry(id, noon - 1000 + index, randomBytes))] as const);
  return parseKeyRing(new Map(entries));
}

export function sealerWith(ring: () => KeyRing, now: () => number = () => noon): Sealer {
  return createSealer({ ring, now, random: randomBytes });
}

/** The value in a Set-Cookie. */
export function cookiePair(setCookie: string): string {
  return setCookie.split(';')[0] ?? '';
}

export function groupNames(count: number, prefix = 'group'): readonly string[] {
  return Array.from({ length: count }, (_none, index) =>
    `${prefix}-${randomBytes(10).toString('hex').slice(0, 14)}-${index}`.padEnd(25, 'x').slice(0, 25),
  );
}
