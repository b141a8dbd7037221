import {
  allowInsecureRequests,
  ClientSecretPost,
  clockTolerance,
  Configuration,
  customFetch,
  enableNonRepudiationChecks,
  None,
  setJwksCache,
  type CustomFetch,
} from 'openid-client';

import type { Pool } from '../model/pool.ts';
import { findEndpoints, type Endpoints } from './endpoints.ts';
import { failureOf, PoolFailure } from './failures.ts';
import { createKeySet, type KeySet } from './key-set.ts';

/** A pool that has been found. */
export interface Found {
  readonly endpoints: Endpoints;
  readonly keys: KeySet;
}

export interface ProviderDeps {
  readonly fetch: typeof fetch;
  /** Seconds. */
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** Discovery and keys of one pool: found once, read again in the background, the last good kept for ever. */
export interface Provider {
  /** Throws PoolFailure. */
  find(): Promise<Found>;
  found(): Found | undefined;
  stop(): void;
}

const reloadSeconds = 3600;
const retrySeconds = 30;
const tentativeSeconds = 300;
/** Between two tries that a request asks for. */
const pauseSeconds = 2;

export function createProvider(pool: Pool, deps: ProviderDeps): Provider {
  let found: Found | undefined;
  let flight: Promise<Found> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure = new PoolFailure('unavailable', 'the pool was not looked for yet');
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const search = async (): Promise<Found> => {
    const before = found;
    const pinned = before?.endpoints.tentative === false ? before.endpoints.issuer : undefined;
    const endpoints = await findEndpoints(pool, deps.fetch, pinned);
    const keys = before?.endpoints.jwks === endpoints.jwks ? before.keys : createKeySet(endpoints.jwks, deps);
    found = { endpoints, keys };
    return found;
  };
  const look = (): Promise<Found> => {
    flight ??= search()
      .catch((error: unknown) => {
        const { code, detail } = failureOf(error);
        failure = new PoolFailure(code, detail);
        failedAt = deps.now();
        throw failure;
      })
      .finally(() => {
        flight = undefined;
      });
    return flight;
  };
  const background = async (): Promise<void> => {
    let next = reloadSeconds;
    try {
      await (await look()).keys.reload();
    } catch (error) {
      next = retrySeconds;
      deps.log(
        `pool ${pool.namespace}/${pool.name}: discovery or keys cannot be read (${failureOf(error).detail}); ${found === undefined ? 'nobody can sign in until they are' : 'the last good ones stay'}`,
      );
    }
    if (!stopped) {
      const seconds = found?.endpoints.tentative === true ? Math.min(next, tentativeSeconds) : next;
      timer = setTimeout(() => void background(), seconds * 1000).unref();
    }
  };
  void background();

  return {
    find() {
      if (found !== undefined) {
        return Promise.resolve(found);
      }
      if (flight === undefined && deps.now() - failedAt < pauseSeconds) {
        return Promise.reject(failure);
      }
      return look();
    },
    found: () => found,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/**
 * A client of openid-client for one call or many. Its own key cache ends after 5 minutes and then fails while the
 * endpoint is away, so it is given ours: known keys at once, and our rate-limited reload when it asks for the address.
 */
export function configure(pool: Pool, found: Found, fetchIt: typeof fetch, timeoutSeconds: number): Configuration {
  const { endpoints, keys } = found;
  const { revocation } = endpoints;
  const config = new Configuration(
    {
      issuer: endpoints.issuer,
      authorization_endpoint: endpoints.authorization,
      token_endpoint: endpoints.token,
      jwks_uri: endpoints.jwks,
      id_token_signing_alg_values_supported: ['RS256'],
      ...(revocation === undefined ? {} : { revocation_endpoint: revocation }),
    },
    pool.clientId,
    { id_token_signed_response_alg: 'RS256', [clockTolerance]: 30 },
    // Cognito documents unencoded Basic credentials; in the body any secret is unambiguous.
    pool.clientSecret === undefined ? None() : ClientSecretPost(pool.clientSecret.reveal()),
  );
  config.timeout = timeoutSeconds;
  config[customFetch] = viaOurKeys(endpoints.jwks, keys, fetchIt);
  enableNonRepudiationChecks(config);
  if (Object.values(endpoints).some((address) => typeof address === 'string' && address.startsWith('http:'))) {
    // Only an address that the pool's owner wrote can be plain: discovery over TLS never gives one.
    allowInsecureRequests(config);
  }
  const jwks = keys.loaded();
  if (jwks !== undefined) {
    // Young enough to be used (under 300 s), old enough that an unknown kid asks again (over 60 s).
    setJwksCache(config, { jwks: { keys: [...jwks.keys] as never }, uat: Math.floor(Date.now() / 1000) - 100 });
  }
  return config;
}

function viaOurKeys(jwksAddress: string, keys: KeySet, fetchIt: typeof fetch): CustomFetch {
  return async (url, options) => {
    if (url === jwksAddress) {
      const jwks = await keys.afterUnknownKid();
      return new Response(JSON.stringify(jwks), { headers: { 'content-type': 'application/json' } });
    }
    return fetchIt(url, options as RequestInit);
  };
}
