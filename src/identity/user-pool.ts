import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  refreshTokenGrant,
  tokenRevocation,
  type TokenEndpointResponse,
} from 'openid-client';

import type { Pool } from '../model/pool.ts';
import { Secret } from '../model/secret.ts';
import type { TokenState } from '../model/session.ts';
import { createAccessTokens, type AccessTokens } from './access-tokens.ts';
import { failureOf, PoolFailure, type TokenFailure } from './failures.ts';
import { readPerson } from './person.ts';
import { configure, createProvider, type Found } from './provider.ts';
import { expiryOf, verifyPair } from './tokens.ts';
import { within } from './within.ts';

export type { TokenFailure } from './failures.ts';

export interface AuthorizeInput {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  /** S256; there is no way to leave it out. */
  readonly codeChallenge: string;
  readonly prompt?: 'login';
}

export interface RedeemInput {
  /** Our own public address with the query that came. */
  readonly callbackUrl: URL;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface Redeemed {
  readonly kind: 'ok';
  readonly tokens: TokenState;
}

export interface Refreshed extends Redeemed {
  /** A new refresh token came; otherwise `tokens` holds the old one. */
  readonly rotated: boolean;
}

/** One Cognito user pool, with everything this program asks of it. */
export interface UserPool {
  readonly pool: Pool;
  /** Throws PoolFailure while the pool can't be found. */
  authorizeUrl(input: AuthorizeInput): Promise<URL>;
  redeem(input: RedeemInput): Promise<Redeemed | TokenFailure>;
  /** Within 2 seconds altogether, or as many as the caller has. The caller compares the subject with the one it knows. */
  refresh(refreshToken: Secret, seconds?: number): Promise<Refreshed | TokenFailure>;
  /** Whether Cognito confirmed it. */
  revoke(refreshToken: Secret): Promise<boolean>;
  /** Cognito's own sign-out, which is not OIDC's: `client_id` and `logout_uri`. Throws PoolFailure. */
  logoutUrl(logoutUri: string): Promise<URL>;
  /** For those that come as bearers. */
  readonly accessTokens: AccessTokens;
  keySetAge(): number | undefined;
  issuer(): string | undefined;
  stop(): void;
}

export interface UserPoolDeps {
  readonly fetch: typeof fetch;
  /** Seconds. */
  readonly now: () => number;
  /** What policies in force name, at the moment of reading. */
  readonly named: () => { readonly claims: ReadonlySet<string> };
  readonly onTokenRequest?: (
    grant: 'authorization_code' | 'refresh_token',
    outcome: 'ok' | TokenFailure['code'],
  ) => void;
  readonly log?: (line: string) => void;
}

const redeemSeconds = 3;
const refreshSeconds = 2;

export function createUserPool(pool: Pool, deps: UserPoolDeps): UserPool {
  const log = deps.log ?? (() => undefined);
  const provider = createProvider(pool, { fetch: deps.fetch, now: deps.now, log });
  const client = async (seconds: number) => {
    const found = await provider.find();
    return { found, config: configure(pool, found, deps.fetch, seconds) };
  };
  const read = (answer: TokenEndpointResponse, found: Found, previous: Secret | undefined): Promise<TokenState> =>
    readTokens(answer, previous, { pool, found, deps, log });

  return {
    pool,
    async authorizeUrl(input) {
      const { config } = await client(redeemSeconds);
      return buildAuthorizationUrl(config, authorizeParameters(pool, input));
    },
    redeem: (input) =>
      counted<Redeemed>('authorization_code', deps, async () => {
        const { found, config } = await client(redeemSeconds);
        const url = new URL(input.redirectUri);
        url.search = input.callbackUrl.search;
        const checks = { expectedState: input.state, expectedNonce: input.nonce, pkceCodeVerifier: input.codeVerifier };
        const answer = await authorizationCodeGrant(config, url, { ...checks, idTokenExpected: true });
        return { kind: 'ok', tokens: await read(answer, found, undefined) };
      }),
    refresh: (refreshToken, seconds = refreshSeconds) =>
      counted<Refreshed>('refresh_token', deps, () =>
        within<Refreshed>(seconds, async () => {
          const { found, config } = await client(seconds);
          const answer = await refreshTokenGrant(config, refreshToken.reveal());
          const tokens = await read(answer, found, refreshToken);
          const rotated = answer.refresh_token !== undefined && answer.refresh_token !== refreshToken.reveal();
          return { kind: 'ok', tokens, rotated };
        }),
      ),
    async revoke(refreshToken) {
      try {
        const { config } = await client(refreshSeconds);
        await tokenRevocation(config, refreshToken.reveal(), { token_type_hint: 'refresh_token' });
        return true;
      } catch (error) {
        log(`pool ${pool.namespace}/${pool.name}: revocation failed: ${failureOf(error).code}`);
        return false;
      }
    },
    async logoutUrl(logoutUri) {
      const { logout } = (await provider.find()).endpoints;
      if (logout === undefined) {
        throw new PoolFailure('misconfigured', 'the pool has no logout address');
      }
      const url = new URL(logout);
      url.searchParams.set('client_id', pool.clientId);
      url.searchParams.set('logout_uri', logoutUri);
      return url;
    },
    accessTokens: createAccessTokens({ issuers: issuersOf(pool), provider }, deps.now),
    keySetAge: () => provider.found()?.keys.age(),
    issuer: () => provider.found()?.endpoints.issuer,
    stop: () => provider.stop(),
  };
}

function issuersOf({ endpoints, issuers }: Pool): readonly string[] {
  return endpoints.issuer === undefined ? issuers : [endpoints.issuer];
}

/** PKCE, state and nonce always: Cognito makes up a nonce for federated people where none was sent. */
function authorizeParameters(pool: Pool, input: AuthorizeInput): Record<string, string> {
  const { identityProvider, lang } = pool.authorize;
  return {
    response_type: 'code',
    redirect_uri: input.redirectUri,
    scope: pool.scopes.join(' '),
    state: input.state,
    nonce: input.nonce,
    code_challenge: input.codeChallenge,
    code_challenge_method: 'S256',
    ...(identityProvider === undefined ? {} : { identity_provider: identityProvider }),
    ...(lang === undefined ? {} : { lang }),
    ...(input.prompt === undefined ? {} : { prompt: input.prompt }),
  };
}

interface ReadContext {
  readonly pool: Pool;
  readonly found: Found;
  readonly deps: UserPoolDeps;
  readonly log: (line: string) => void;
}

/** Both tokens are checked here, whatever openid-client has checked before. */
async function readTokens(
  answer: TokenEndpointResponse,
  previous: Secret | undefined,
  context: ReadContext,
): Promise<TokenState> {
  const { pool, found, deps, log } = context;
  if (answer.id_token === undefined) {
    throw new PoolFailure('misconfigured', 'no ID token came: is the scope openid allowed for the app client?');
  }
  const rules = { issuer: found.endpoints.issuer, clientId: pool.clientId, keys: found.keys, now: deps.now };
  const tokens = await verifyPair(answer.id_token, answer.access_token, rules);
  const onWrongShape = (): void =>
    log(
      `pool ${pool.namespace}/${pool.name}: the groups claim is not in the form ${pool.groups.format}; nobody's groups are known`,
    );
  return {
    identity: readPerson(tokens, pool, { claims: deps.named().claims, onWrongShape }),
    checkedAt: Math.floor(deps.now()),
    tokensExpireAt: expiryOf(tokens),
    refreshToken: answer.refresh_token === undefined ? previous : new Secret(answer.refresh_token),
  };
}

type Grant = 'authorization_code' | 'refresh_token';

async function counted<T extends Redeemed>(
  grant: Grant,
  deps: UserPoolDeps,
  run: () => Promise<T>,
): Promise<T | TokenFailure> {
  let outcome: T | TokenFailure;
  try {
    outcome = await run();
  } catch (error) {
    outcome = failureOf(error);
  }
  deps.onTokenRequest?.(grant, outcome.kind === 'ok' ? 'ok' : outcome.code);
  return outcome;
}
