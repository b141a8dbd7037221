import type { Pool } from '../model/pool.ts';
import { PoolFailure } from './failures.ts';
import { getJson } from './get-json.ts';

/** Where one pool is, after discovery and overrides. */
export interface Endpoints {
  readonly issuer: string;
  readonly authorization: string;
  readonly token: string;
  readonly jwks: string;
  readonly revocation: string | undefined;
  readonly logout: string | undefined;
  /** An issuer before this one could not be asked: it is looked for again later. */
  readonly tentative: boolean;
}

/**
 * Overrides of the pool first, then its domain, then the discovery document of the first issuer that names itself
 * (Cognito has two forms of issuer; a pool answers to one). With issuer, authorization, token and key address given
 * nothing is asked. `pinned`: the issuer that was found before, the only one that is asked again.
 */
export async function findEndpoints(pool: Pool, fetchIt: typeof fetch, pinned?: string): Promise<Endpoints> {
  const given = merge(pool, undefined);
  if (given !== undefined) {
    return { ...given, tentative: false };
  }
  let tentative = false;
  let last: unknown;
  for (const issuer of issuersOf(pool, pinned)) {
    try {
      const found = merge(pool, await discover(issuer, fetchIt));
      if (found !== undefined) {
        return { ...found, tentative };
      }
      last = new PoolFailure('misconfigured', 'the discovery document names no endpoints: has the pool a domain?');
    } catch (error) {
      tentative ||= !(error instanceof PoolFailure && error.failure.code === 'misconfigured');
      last = error;
    }
  }
  throw last ?? new PoolFailure('misconfigured', 'the pool has no issuer');
}

function issuersOf(pool: Pool, pinned: string | undefined): readonly string[] {
  const one = pool.endpoints.issuer ?? pinned;
  return one === undefined ? pool.issuers : [one];
}

interface Discovered {
  readonly issuer: string;
  endpoint(name: string): string | undefined;
}

async function discover(issuer: string, fetchIt: typeof fetch): Promise<Discovered> {
  const value = await getJson(`${issuer}/.well-known/openid-configuration`, fetchIt);
  const fields = new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  if (fields.get('issuer') !== issuer) {
    throw new PoolFailure('misconfigured', 'the discovery document names another issuer');
  }
  const secure = issuer.startsWith('https:');
  return {
    issuer,
    endpoint(name) {
      const address = fields.get(name);
      const usable = typeof address === 'string' && URL.canParse(address) && /^https?:/.test(address);
      return usable && (!secure || address.startsWith('https:')) ? address : undefined;
    },
  };
}

function merge(pool: Pool, discovered: Discovered | undefined): Omit<Endpoints, 'tentative'> | undefined {
  const { endpoints, domain } = pool;
  const at = (override: string | undefined, path: string | undefined, name: string): string | undefined =>
    override ??
    (domain === undefined || path === undefined ? undefined : `https://${domain}${path}`) ??
    discovered?.endpoint(name);
  const issuer = endpoints.issuer ?? discovered?.issuer;
  const authorization = at(endpoints.authorization, '/oauth2/authorize', 'authorization_endpoint');
  const token = at(endpoints.token, '/oauth2/token', 'token_endpoint');
  const jwks = at(endpoints.jwks, undefined, 'jwks_uri');
  if (issuer === undefined || authorization === undefined || token === undefined || jwks === undefined) {
    return undefined;
  }
  const revocation = at(endpoints.revocation, '/oauth2/revoke', 'revocation_endpoint');
  const logout = at(endpoints.logout, '/logout', 'end_session_endpoint');
  return { issuer, authorization, token, jwks, revocation, logout };
}
