import { errors, jwtVerify } from 'jose';

import type { RefusalReason } from '../model/verdict.ts';
import { PoolFailure } from './failures.ts';
import type { KeySet } from './key-set.ts';
import type { Claims } from './person.ts';
import type { Provider } from './provider.ts';
import { within } from './within.ts';

/** An access token whose signature, issuer and times are good. */
export interface VerifiedToken {
  readonly claims: Claims;
  readonly kid: string;
  /** Modulus of the key that signed it: a key may be replaced under its kid. */
  readonly modulus: string | undefined;
  /** Seconds; leeway included. */
  readonly until: number;
}

export type TokenVerdict =
  | { readonly kind: 'verified'; readonly token: VerifiedToken }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** What one user pool knows of access tokens that come as bearers. */
export interface AccessTokens {
  /** Whoever names one of these claims to be of this pool; only the one that was found is believed. */
  readonly issuers: readonly string[];
  /** Never rejects, and waits for keys 2 seconds at most. Whose client it is, is not asked here. */
  verify(token: string): Promise<TokenVerdict>;
  /** Whether a token that was verified before would be verified still: the keys may have changed. */
  stillTrusts(token: VerifiedToken): boolean;
}

const toleranceSeconds = 30;
/** As long as a request waits for anything of Cognito (flows.md "Freshness"). */
const waitSeconds = 2;

export function createAccessTokens(
  known: { readonly issuers: readonly string[]; readonly provider: Provider },
  now: () => number,
): AccessTokens {
  const { provider, issuers } = known;
  return {
    issuers,
    async verify(token) {
      try {
        return await within(waitSeconds, () => verify(token, provider, now));
      } catch (error) {
        return { kind: 'refused', reason: refusalOf(error) };
      }
    },
    stillTrusts({ claims, kid, modulus }) {
      const found = provider.found();
      const isSame = modulus !== undefined && found !== undefined && modulusOf(found.keys, kid) === modulus;
      return isSame && found.endpoints.issuer === claims['iss'];
    },
  };
}

/** RS256 only, and only keys of the key set: what a header says about keys (`jwk`, `jku`, `x5u`) is never read by jose. */
async function verify(token: string, provider: Provider, now: () => number): Promise<TokenVerdict> {
  const { endpoints, keys } = await provider.find();
  const { payload, protectedHeader } = await jwtVerify(token, keys.keyFor, {
    algorithms: ['RS256'],
    issuer: endpoints.issuer,
    clockTolerance: toleranceSeconds,
    requiredClaims: ['exp', 'sub', 'token_use'],
    currentDate: new Date(now() * 1000),
  });
  const { kid } = protectedHeader;
  if (payload['token_use'] === 'id') return { kind: 'refused', reason: 'bearer_id_token' };
  const { exp, sub } = payload;
  // Without a kid, jose would take the only key of a set.
  const usable = payload['token_use'] === 'access' && typeof sub === 'string' && sub !== '';
  if (!usable || kid === undefined || exp === undefined) return { kind: 'refused', reason: 'bearer_invalid' };
  const modulus = modulusOf(keys, kid);
  return { kind: 'verified', token: { claims: payload, kid, modulus, until: exp + toleranceSeconds } };
}

function modulusOf(keys: KeySet, kid: string): string | undefined {
  return keys.loaded()?.keys.find((key) => key.kid === kid)?.n;
}

function refusalOf(error: unknown): RefusalReason {
  if (error instanceof errors.JWTExpired) return 'bearer_expired';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'exp') return 'bearer_expired';
  if (error instanceof PoolFailure || !(error instanceof errors.JOSEError)) return 'bearer_unverifiable';
  return 'bearer_invalid';
}
