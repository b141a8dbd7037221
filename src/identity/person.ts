import type { Groups, Identity } from '../model/identity.ts';
import type { Pool } from '../model/pool.ts';
import { readGroups } from './groups.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** The verified payloads of one answer. */
export interface TokenPair {
  readonly id: Claims;
  readonly access: Claims;
}

export interface PersonDeps {
  /** Claims that policies in force name. */
  readonly claims: ReadonlySet<string>;
  readonly onWrongShape: () => void;
}

/** Who the tokens speak of. People without e-mail, groups or names are people too (L10). */
export function readPerson(tokens: TokenPair, pool: Pool, deps: PersonDeps): Identity {
  const { id, access } = tokens;
  const subject = textOf(id, 'sub') ?? '';
  const email = textOf(id, 'email');
  return {
    kind: 'person',
    pool: pool.id,
    subject,
    username: textOf(id, 'cognito:username') ?? textOf(access, 'username') ?? subject,
    preferredUsername: textOf(id, 'preferred_username'),
    name: textOf(id, 'name'),
    email,
    emailTrusted: email !== undefined && (isVerified(id) || isOfTrustedProvider(id, pool)),
    groups: groupsOf(pool.groups.token === 'ID' ? id : access, pool, deps),
    claims: namedClaims(tokens, deps.claims),
    authTime: authTimeOf(id, access),
  };
}

/**
 * Who an access token speaks of that came without an ID token. It tells no e-mail address and, where the pool has its groups
 * in the ID token, no groups: those are unknown, and so is a claim that it doesn't have.
 */
export function readBearer(access: Claims, pool: Pool, claims: ReadonlySet<string>): Identity {
  const person = readPerson({ id: {}, access }, pool, { claims, onWrongShape: () => undefined });
  const known = [...person.claims].filter(([name]) => own(access, name) !== undefined);
  return {
    ...person,
    subject: textOf(access, 'sub') ?? '',
    username: textOf(access, 'username') ?? textOf(access, 'sub') ?? '',
    groups: pool.groups.token === 'ID' ? { names: new Set(), judged: new Set() } : person.groups,
    claims: new Map(known),
    authTime: authTimeOf(access),
    bearer: true,
  };
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function textOf(claims: Claims, name: string): string | undefined {
  const value = own(claims, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * Where no token has one (OpenID Connect Core 2 asks for it only with `max_age`) the first token's own time counts; one
 * that can't be read is the oldest there is: revocations and maxAuthAge go by it.
 */
function authTimeOf(first: Claims, second: Claims = {}): number {
  const holder = [first, second].find((claims) => own(claims, 'auth_time') !== undefined);
  return (holder === undefined ? numberOf(first, 'iat') : numberOf(holder, 'auth_time')) ?? 0;
}

function numberOf(claims: Claims, name: string): number | undefined {
  const value = own(claims, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A boolean in Cognito's ID tokens, a string in its userInfo and behind some triggers (L11). */
function isVerified(id: Claims): boolean {
  const value = own(id, 'email_verified');
  return value === true || value === 'true';
}

/** All of them: a linked provider that isn't trusted could have set the address. */
function isOfTrustedProvider(id: Claims, pool: Pool): boolean {
  const value = own(id, 'identities');
  const identities: unknown = typeof value === 'string' ? parse(value) : value;
  if (!Array.isArray(identities) || identities.length === 0) {
    return false;
  }
  return identities.every((one: unknown) => {
    const provider = typeof one === 'object' && one !== null && 'providerName' in one ? one.providerName : undefined;
    return typeof provider === 'string' && pool.trustedEmailProviders.includes(provider);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** In a shape that can't be read, no group is held and none is judged: a deny on one refuses. */
function groupsOf(claims: Claims, pool: Pool, deps: PersonDeps): Groups {
  const read = readGroups(own(claims, pool.groups.claim), pool.groups.format);
  if (read.kind === 'wrong_shape') {
    deps.onWrongShape();
    return { names: new Set(), judged: new Set() };
  }
  return { names: new Set(read.names), judged: undefined };
}

/** A named claim that is in neither token is known to be absent: an empty list. */
function namedClaims(tokens: TokenPair, named: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const claims = new Map<string, readonly string[]>();
  for (const name of named) {
    claims.set(name, valuesOf(own(tokens.id, name) ?? own(tokens.access, name)));
  }
  return claims;
}

function valuesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) => (Array.isArray(item) ? [] : valuesOf(item)));
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : [];
}
