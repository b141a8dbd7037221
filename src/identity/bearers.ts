import { hash } from 'node:crypto';

import type { Caller } from '../model/identity.ts';
import type { Pool } from '../model/pool.ts';
import type { Request } from '../model/request.ts';
import type { RevocationAnswer } from '../model/revocation.ts';
import type { RefusalReason } from '../model/verdict.ts';
import type { AccessTokens, VerifiedToken } from './access-tokens.ts';
import { readHeader } from './bearer-header.ts';
import { readBearer, type Claims } from './person.ts';

export type BearerRead =
  /** None, or the app's own: it has no say. */
  | { readonly kind: 'foreign' }
  /** Who asks, once for each pool that takes the token. */
  | { readonly kind: 'callers'; readonly callers: readonly Caller[] }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** What else the table in force says about callers. */
export type Revoked = (caller: Caller) => RevocationAnswer;

/** The access tokens that come as bearers. */
export interface Bearers {
  /** `pools` are those of the route. A token that is known here is answered at once, any other one is waited for. Never rejects. */
  read(
    request: Pick<Request, 'authorization' | 'authorizationTwice'>,
    pools: readonly Pool[],
    revoked: Revoked,
  ): BearerRead | Promise<BearerRead>;
}

/** Least recently used goes first. */
export interface KnownTokens {
  get(key: string): KnownToken | undefined;
  set(key: string, value: KnownToken, bytes: number): void;
  delete(key: string): void;
}

export interface KnownToken {
  readonly token: VerifiedToken;
  /** Who verified it: a pool that was changed is another one, and verifies anew. */
  readonly by: AccessTokens;
  caller: { readonly of: Caller; readonly named: ReadonlySet<string> } | undefined;
}

/** What of our pools' tokens is counted. */
export type BearerOutcome = 'verified' | 'known' | RefusalReason;

export interface BearersDeps {
  readonly tokensOf: (pool: Pool) => AccessTokens;
  readonly known: KnownTokens;
  /** Seconds. */
  readonly now: () => number;
  /** Claims that policies in force name. */
  readonly named: () => { readonly claims: ReadonlySet<string> };
  readonly observe: (outcome: BearerOutcome) => void;
}

const foreign: BearerRead = { kind: 'foreign' };

function refused(reason: RefusalReason): BearerRead & { kind: 'refused' } {
  return { kind: 'refused', reason };
}

/** What a key of the cache, its claims and the parsed objects take, roughly. */
const bytesOf = (token: string): number => 1_000 + 4 * token.length;

/**
 * A token is verified once, and then found by its hash until it ends. Everything that can change meanwhile is asked
 * each time: whether the pool's keys and issuer are the same, the pool's clients, revocations (and, by the caller, the policy).
 */
export function createBearers(deps: BearersDeps): Bearers {
  const counted = (read: BearerRead, outcome: 'verified' | 'known'): BearerRead => {
    if (read.kind !== 'foreign') deps.observe(read.kind === 'callers' ? outcome : read.reason);
    return read;
  };
  return {
    read({ authorization, authorizationTwice }, pools, revoked) {
      if (authorization === undefined) return foreign;
      if (authorizationTwice) return counted(refused('bearer_malformed'), 'verified');
      const ours = (issuer: string): readonly Pool[] =>
        pools.filter((pool) => deps.tokensOf(pool).issuers.includes(issuer));
      const header = readHeader(authorization, (issuer) => ours(issuer).length > 0);
      if (header.kind === 'foreign') return foreign;
      if (header.kind === 'malformed') return counted(refused('bearer_malformed'), 'verified');
      const asked = { token: header.token, digest: hash('sha256', header.token, 'base64url'), revoked };
      const candidates = ours(header.issuer);
      const found = readKnown(deps, asked, candidates);
      if (found !== undefined) return counted(found, 'known');
      return verifyAll(deps, asked, candidates).then((read) => counted(read, 'verified'));
    },
  };
}

interface Asked {
  readonly token: string;
  readonly digest: string;
  readonly revoked: Revoked;
}

/** Undefined where a pool that may accept it hasn't verified it yet. */
function readKnown(deps: BearersDeps, asked: Asked, pools: readonly Pool[]): BearerRead | undefined {
  const judged: Judged[] = [];
  for (const pool of pools) {
    const key = `${pool.id} ${asked.digest}`;
    const known = deps.known.get(key);
    if (known === undefined) return undefined;
    if (known.by !== deps.tokensOf(pool) || !known.by.stillTrusts(known.token)) {
      deps.known.delete(key);
      return undefined;
    }
    judged.push(judge(deps, known, pool, asked.revoked));
  }
  return together(judged);
}

async function verifyAll(deps: BearersDeps, asked: Asked, pools: readonly Pool[]): Promise<BearerRead> {
  const judged: Judged[] = [];
  for (const pool of pools) {
    const by = deps.tokensOf(pool);
    const verdict = await by.verify(asked.token);
    if (verdict.kind === 'refused') {
      judged.push(verdict.reason);
      continue;
    }
    const known: KnownToken = { token: verdict.token, by, caller: undefined };
    deps.known.set(`${pool.id} ${asked.digest}`, known, bytesOf(asked.token));
    judged.push(judge(deps, known, pool, asked.revoked));
  }
  return together(judged);
}

type Judged = Caller | RefusalReason;

/** What ends a token of one pool ends it: another pool that takes the same client is no way around. */
const ends: ReadonlySet<Judged> = new Set(['bearer_revoked', 'groups_unknown']);

/**
 * One user pool can be several of ours, each with clients of its own: whose client it isn't has no say. Where several
 * take it, entries about either pool hold.
 */
function together(judged: readonly Judged[]): BearerRead {
  const callers = judged.filter((one) => typeof one !== 'string');
  const reasons = judged.filter((one) => typeof one === 'string');
  const over = reasons.find((reason) => ends.has(reason));
  if (over !== undefined) return refused(over);
  if (callers.length > 0) return { kind: 'callers', callers };
  const [first] = reasons.filter((reason) => reason !== 'bearer_client');
  return refused(first ?? 'bearer_client');
}

/** All that is asked anew. */
function judge(deps: BearersDeps, known: KnownToken, pool: Pool, revoked: Revoked): Judged {
  const { claims, until } = known.token;
  if (deps.now() >= until) return 'bearer_expired';
  const client = claims['client_id'];
  // Cognito's access tokens have no `aud`: the client says for whom they are (B1, B2).
  if (client !== pool.clientId && pool.machineClients?.some((one) => one === client) !== true) return 'bearer_client';
  const caller = callerOf(known, pool, deps.named().claims);
  const answer = revoked(caller);
  if (answer === 'yes') return 'bearer_revoked';
  return answer === 'unknown' ? 'groups_unknown' : caller;
}

/** Made once for the claims that policies name: what is derived from a caller is kept with it. */
function callerOf(known: KnownToken, pool: Pool, named: ReadonlySet<string>): Caller {
  if (known.caller?.named === named) return known.caller.of;
  const of = readCaller(known.token.claims, pool, named);
  known.caller = { of, named };
  return of;
}

/** A token of the client credentials grant names its client as `sub` and no user (cognito.md 2.3). */
function readCaller(claims: Claims, pool: Pool, named: ReadonlySet<string>): Caller {
  const { client_id: client, sub, username, scope, iat, auth_time: authTime } = claims;
  if (typeof client !== 'string' || client !== sub || username !== undefined) return readBearer(claims, pool, named);
  return {
    kind: 'machine',
    pool: pool.id,
    client,
    scopes: new Set(typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : []),
    authTime: numberIn(iat) ?? numberIn(authTime) ?? 0,
  };
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
