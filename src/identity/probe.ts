import type { Pool } from '../model/pool.ts';
import type { PoolState, ProbeAnswer } from '../model/pool-state.ts';
import { findEndpoints, type Endpoints } from './endpoints.ts';
import { failureOf } from './failures.ts';
import { getJson } from './get-json.ts';

export interface ProbeDeps {
  readonly fetch: typeof fetch;
  /** Seconds. */
  readonly now: () => number;
  /** The two addresses that are registered with Cognito. */
  readonly redirectUri: string;
  readonly logoutUri: string;
}

const timeout = 5000;

/**
 * Asks a pool what a person's browser would meet: discovery, keys, and the first step of sign-in and sign-out,
 * which Cognito answers with a redirect and no trace. Never rejects. Nothing of an answer is quoted but its status
 * and error codes of a closed list (case P27).
 */
export async function probePool(pool: Pool, deps: ProbeDeps): Promise<PoolState> {
  const askedAt = deps.now();
  let endpoints: Endpoints;
  try {
    endpoints = await findEndpoints(pool, deps.fetch);
  } catch (error) {
    const discovery = failed(
      `discovery: ${failureOf(error).detail}`,
      'check spec.userPoolId, and that the pool has a domain',
    );
    const unknown = { ok: false, reason: 'Unknown', message: 'not asked: discovery did not answer' };
    return {
      askedAt,
      issuer: undefined,
      discovery,
      keys: unknown,
      authorize: unknown,
      logout: unknown,
      loginPages: 'Unknown',
    };
  }
  const [keys, authorize, logout, loginPages] = await Promise.all([
    askKeys(endpoints, deps),
    askAuthorize(pool, endpoints, deps),
    askLogout(pool, endpoints, deps),
    askLoginPages(endpoints, deps),
  ]);
  const discovery = good(`the issuer is ${endpoints.issuer}`);
  return { askedAt, issuer: endpoints.issuer, discovery, keys, authorize, logout, loginPages };
}

function good(message: string): ProbeAnswer {
  return { ok: true, reason: 'Answered', message };
}

function failed(what: string, fix: string, reason = 'Unreachable'): ProbeAnswer {
  return { ok: false, reason, message: `${what}: ${fix}` };
}

async function askKeys({ jwks }: Endpoints, deps: ProbeDeps): Promise<ProbeAnswer> {
  try {
    const value = await getJson(jwks, deps.fetch);
    const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
    if (!Array.isArray(keys) || keys.length === 0) return failed('the key set holds no keys', 'check spec.userPoolId');
    return good(`${keys.length} signing keys`);
  } catch (error) {
    return failed(`the key set can’t be read (${failureOf(error).detail})`, 'check the egress of the cluster');
  }
}

async function askAuthorize(pool: Pool, endpoints: Endpoints, deps: ProbeDeps): Promise<ProbeAnswer> {
  const url = new URL(endpoints.authorization);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: pool.clientId,
    redirect_uri: deps.redirectUri,
    scope: pool.scopes.join(' '),
    state: 'probe',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...(pool.authorize.identityProvider === undefined ? {} : { identity_provider: pool.authorize.identityProvider }),
  }).toString();
  const answer = await askRedirect(url, deps);
  return answer.kind === 'failed'
    ? answer.why
    : judgeRedirect(answer, { list: 'callback URLs', uri: deps.redirectUri });
}

async function askLogout(pool: Pool, endpoints: Endpoints, deps: ProbeDeps): Promise<ProbeAnswer> {
  if (endpoints.logout === undefined) return failed('the pool has no sign-out page', 'set spec.domain', 'NoDomain');
  const url = new URL(endpoints.logout);
  url.search = new URLSearchParams({ client_id: pool.clientId, logout_uri: deps.logoutUri }).toString();
  const answer = await askRedirect(url, deps);
  return answer.kind === 'failed' ? answer.why : judgeRedirect(answer, { list: 'sign-out URLs', uri: deps.logoutUri });
}

/** The words differ where a parameter is missing; nothing else tells them apart (cognito.md 1.8). */
async function askLoginPages({ logout }: Endpoints, deps: ProbeDeps): Promise<PoolState['loginPages']> {
  if (logout === undefined) return 'Unknown';
  const answer = await askRedirect(new URL(logout), deps);
  const error = answer.kind === 'redirect' ? (answer.location.searchParams.get('error') ?? '') : '';
  if (/^Required String parameter/i.test(error)) return 'Classic';
  return /^Missing required parameter/i.test(error) ? 'Managed' : 'Unknown';
}

type Redirect =
  | { readonly kind: 'redirect'; readonly location: URL; readonly host: string }
  | { readonly kind: 'failed'; readonly why: ProbeAnswer };

async function askRedirect(url: URL, { fetch: fetchIt }: ProbeDeps): Promise<Redirect> {
  try {
    const response = await fetchIt(url.href, { redirect: 'manual', signal: AbortSignal.timeout(timeout) });
    await response.body?.cancel().catch(() => undefined);
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null && URL.canParse(location, url.href))
      return { kind: 'redirect', location: new URL(location, url), host: url.host };
    const what = `${url.host}${url.pathname} answered ${response.status} where Cognito redirects`;
    return { kind: 'failed', why: failed(what, 'check spec.domain', 'WrongDomain') };
  } catch (error) {
    const what = `${url.host}: ${failureOf(error).detail}`;
    return { kind: 'failed', why: failed(what, 'check spec.domain, and the egress of the cluster', 'WrongDomain') };
  }
}

const known: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  unauthorized_client: ['ClientNotAllowed', 'allow the authorization code grant in the app client'],
  invalid_client: ['ClientUnknown', 'check spec.clientId: the user pool has no such app client'],
  invalid_scope: ['ScopeNotAllowed', 'allow the scopes of spec.scopes in the app client'],
  invalid_request: ['RequestRefused', 'check spec.clientId, spec.scopes and spec.authorize'],
};

function judgeRedirect(
  { location, host }: Redirect & { kind: 'redirect' },
  asked: { list: string; uri: string },
): ProbeAnswer {
  const onError = location.host === host && location.pathname === '/error';
  const error = location.searchParams.get('error');
  if (!onError && error === null) return good(`${host} answered as it should`);
  if (error === 'redirect_mismatch')
    return failed(`Cognito doesn’t know ${asked.uri}`, `add it to the app client’s ${asked.list}`, 'RedirectMismatch');
  const [reason, fix] = known[error ?? ''] ?? ['Refused', 'check spec.clientId, and the settings of the app client'];
  return failed(`${host} refused the request`, fix, reason);
}
