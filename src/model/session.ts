import type { Identity } from './identity.ts';
import type { PoolId } from './pool.ts';
import type { Secret } from './secret.ts';

/** What one reading of Cognito's tokens told. All times are seconds since the epoch. */
export interface TokenState {
  readonly identity: Identity;
  /** When the tokens were issued to us: groups are as of then. */
  readonly checkedAt: number;
  /** The earlier `exp` of the two tokens. */
  readonly tokensExpireAt: number;
  /** Absent when it did not fit or the pool gave none. */
  readonly refreshToken: Secret | undefined;
  /** Whether the pool answered a refresh with another refresh token; absent: nobody has seen one yet. */
  readonly rotates?: boolean;
}

/** One authentication of one person in one browser at one pool; lives in the sign-in host's cookie. */
export interface SignIn extends TokenState {
  readonly sid: string;
  readonly pool: PoolId;
  readonly startedAt: number;
}

/** That sign-in on one app host; lives in the app host's cookie. */
export interface Session extends TokenState {
  readonly sid: string;
  readonly pool: PoolId;
  readonly host: string;
  /** Start of the session on this host; sealing again does not move it. */
  readonly startedAt: number;
  readonly signInStartedAt: number;
  readonly sealedAt: number;
  /** Times of the tokens in the cookie itself, where something newer is known by now. Never sealed. */
  readonly sealedTokens?: Pick<TokenState, 'checkedAt' | 'tokensExpireAt'>;
}
