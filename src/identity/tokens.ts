import { jwtVerify } from 'jose';

import { PoolFailure } from './failures.ts';
import type { KeySet } from './key-set.ts';
import type { Claims, TokenPair } from './person.ts';

export interface TokenRules {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: KeySet;
  /** Seconds. */
  readonly now: () => number;
}

const toleranceSeconds = 30;
const compactJws = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Checks both tokens of one answer; they must speak of one person. */
export async function verifyPair(idToken: string, accessToken: string, rules: TokenRules): Promise<TokenPair> {
  const id = await verifyIdToken(idToken, rules);
  const access = await verifyAccessToken(accessToken, rules);
  if (id['sub'] !== access['sub']) {
    throw new PoolFailure('bad_token', 'ID and access token speak of two people');
  }
  return { id, access };
}

export async function verifyIdToken(token: string, rules: TokenRules): Promise<Claims> {
  const claims = await verify(token, rules, 'id');
  if (claims['aud'] !== rules.clientId) {
    throw new PoolFailure('bad_token', 'the ID token is for another client');
  }
  return claims;
}

/** Cognito's access tokens have no `aud`; the client is in `client_id`. */
export async function verifyAccessToken(token: string, rules: TokenRules): Promise<Claims> {
  const claims = await verify(token, rules, 'access');
  if (claims['client_id'] !== rules.clientId) {
    throw new PoolFailure('bad_token', 'the access token is for another client');
  }
  return claims;
}

/** The earlier `exp` of the two. */
export function expiryOf(tokens: TokenPair): number {
  return Math.min(Number(tokens.id['exp']), Number(tokens.access['exp']));
}

/** RS256 only; no `typ` is asked for, Cognito sends none. jose demands `exp` only when told to. */
async function verify(token: string, rules: TokenRules, use: 'id' | 'access'): Promise<Claims> {
  if (!compactJws.test(token)) {
    throw new PoolFailure('bad_token', `the ${use} token is no compact JWS`);
  }
  const { payload } = await jwtVerify(token, rules.keys.keyFor, {
    algorithms: ['RS256'],
    issuer: rules.issuer,
    clockTolerance: toleranceSeconds,
    requiredClaims: ['exp', 'sub', 'token_use'],
    currentDate: new Date(rules.now() * 1000),
  });
  if (payload['token_use'] !== use) {
    throw new PoolFailure('bad_token', `the ${use} token is of another use`);
  }
  if (typeof payload.sub !== 'string' || payload.sub === '') {
    throw new PoolFailure('bad_token', `the ${use} token names nobody`);
  }
  return payload;
}
