import { randomBytes } from 'node:crypto';
import { interactionPolicy, Provider } from 'oidc-provider';
import type { Account, ClientMetadata, Configuration, ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import { accessTokenClaims, claimNames, idTokenClaims } from './claims.ts';
import type { Directory } from './directory.ts';
import type { SigningKeys } from './keys.ts';
import { createStore } from './store.ts';
import type { CognitoClient, CognitoOptions } from './types.ts';

/** Stands for "no resource was asked for": the audience is dropped for it. */
const defaultResource = 'urn:cognito:default';
const scopes = ['openid', 'email', 'phone', 'profile', 'aws.cognito.signin.user.admin'];
/** Cognito's own session in the browser lives for an hour, fixed: not sliding (cognito.md 1.4). */
const sessionSeconds = 3600;
/** Where the saved access token waits until the ID token's `at_hash` is made of it. */
const issued = new WeakMap<object, string>();

export interface ProviderInput {
  readonly options: CognitoOptions;
  readonly domain: string;
  readonly issuer: string;
  readonly keys: SigningKeys;
  readonly directory: Directory;
}

const seconds = (): number => Math.floor(Date.now() / 1000);

function clientMetadata(client: CognitoClient): ClientMetadata {
  return client.machineScopes === undefined ? webClient(client) : machineClient(client, client.machineScopes);
}

function machineClient(client: CognitoClient, machineScopes: readonly string[]): ClientMetadata {
  return {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    scope: machineScopes.join(' '),
  };
}

function webClient(client: CognitoClient): ClientMetadata {
  return {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [...client.redirectUris],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    require_auth_time: true,
    id_token_signed_response_alg: 'RS256',
    scope: scopes.join(' '),
    application_type: 'web',
  };
}

function findAccount(input: ProviderInput): NonNullable<Configuration['findAccount']> {
  return async (context, subject): Promise<Account | undefined> => {
    const user = input.directory.bySubject(subject);
    if (user === undefined || user.disabled === true) return undefined;
    return {
      accountId: subject,
      async claims(_use, scope) {
        const { Grant, AccessToken, AuthorizationCode } = context.oidc.entities;
        return idTokenClaims(input.directory.bySubject(subject) ?? user, {
          scope,
          grantId: Grant?.jti,
          accessToken: AccessToken === undefined ? undefined : issued.get(AccessToken),
          nonceMissing: AuthorizationCode !== undefined && AuthorizationCode.nonce === undefined,
        });
      },
    };
  };
}

/** No consent page; one grant for each sign-in, so that `origin_jti` names a family of refresh tokens. */
async function loadGrant(context: KoaContextWithOIDC): Promise<InstanceType<Provider['Grant']>> {
  const { client, session, params } = context.oidc;
  const grant = new context.oidc.provider.Grant({
    ...(client === undefined ? {} : { clientId: client.clientId }),
    ...(session?.accountId === undefined ? {} : { accountId: session.accountId }),
  });
  grant.addOIDCScope(scopes.join(' '));
  const resource = params?.['resource'];
  grant.addResourceScope(typeof resource === 'string' ? resource : defaultResource, scopes.join(' '));
  await grant.save();
  return grant;
}

/** oidc-provider insists on an `aud`: it stays readable, but out of the JSON unless a resource was asked for. */
function shapeAccessToken(
  input: ProviderInput,
): NonNullable<NonNullable<Configuration['formats']>['customizers']>['jwt'] {
  return (context, token, jwt) => {
    const payload: Record<string, unknown> = jwt.payload;
    const { AuthorizationCode, RefreshToken } = context.oidc.entities;
    const claims = accessTokenClaims(input.directory.bySubject(String(payload['sub'])), {
      issuer: input.issuer,
      payload,
      authTime: AuthorizationCode?.authTime ?? RefreshToken?.authTime,
      grantId: 'grantId' in token && typeof token.grantId === 'string' ? token.grantId : undefined,
    });
    const audience = payload['aud'];
    Object.defineProperty(claims, 'aud', { value: audience, writable: true, enumerable: audience !== defaultResource });
    Object.assign(jwt, { payload: claims, header: { typ: undefined } });
  };
}

function firstOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function machineScopes({ clients }: CognitoOptions): readonly string[] {
  return clients.flatMap((client) => client.machineScopes ?? []);
}

function features(input: ProviderInput, accessTtl: number): NonNullable<Configuration['features']> {
  const off = { enabled: false };
  return {
    devInteractions: off,
    userinfo: off,
    rpInitiatedLogout: off,
    revocation: { enabled: true, allowedPolicy: async (_context, client, token) => token.clientId === client.clientId },
    pushedAuthorizationRequests: off,
    dPoP: off,
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (_context, _client, oneOf) => firstOf(oneOf) ?? defaultResource,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (_context, resource) => ({
        scope: [...scopes, ...machineScopes(input.options)].join(' '),
        audience: resource,
        accessTokenTTL: accessTtl,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256', kid: input.keys.access.kid } },
      }),
    },
  };
}

function lifetimes(ttl: { access: number; id: number; refresh: number }): NonNullable<Configuration['ttl']> {
  return {
    AccessToken: ttl.access,
    ClientCredentials: ttl.access,
    IdToken: ttl.id,
    AuthorizationCode: 300,
    Interaction: 300,
    Grant: ttl.refresh + 60,
    Session: (_context, session) =>
      session.loginTs === undefined ? sessionSeconds : Math.max(1, session.loginTs + sessionSeconds - seconds()),
    // A rotated refresh token lives for what was left of the first one.
    RefreshToken: (context) => {
      const exp = context.oidc.entities.RotatedRefreshToken?.exp;
      return exp === undefined ? ttl.refresh : Math.max(1, exp - seconds());
    },
  };
}

async function renderError(context: KoaContextWithOIDC, out: ErrorOut): Promise<void> {
  const mismatch = /redirect_uri/.test(out.error_description ?? '');
  const clientId = context.query['client_id'];
  const query = new URLSearchParams({
    error: mismatch ? 'redirect_mismatch' : out.error,
    client_id: typeof clientId === 'string' ? clientId : '',
  });
  context.status = 302;
  context.redirect(`/error?${query.toString()}`);
}

function configuration(input: ProviderInput): Configuration {
  const { options, keys } = input;
  const rotationOf = (id: string): CognitoClient['rotation'] =>
    options.clients.find((client) => client.clientId === id)?.rotation;
  const ttl = { access: 3600, id: 3600, refresh: 30 * 86_400, ...options.ttl };
  const policy = interactionPolicy.base();
  policy.remove('consent');
  return {
    adapter: createStore((clientId) => rotationOf(clientId)?.graceSeconds ?? 0),
    jwks: { keys: [keys.id, keys.access] },
    clients: options.clients.map(clientMetadata),
    scopes: [...scopes, ...machineScopes(options)],
    claims: { openid: claimNames(options.users) },
    conformIdTokenClaims: false,
    clientAuthMethods: ['client_secret_basic', 'none'],
    routes: {
      authorization: '/oauth2/authorize',
      token: '/oauth2/token',
      revocation: '/oauth2/revoke',
      jwks: '/.well-known/jwks.json',
    },
    cookies: {
      keys: [randomBytes(32).toString('hex')],
      names: { session: 'cognito', interaction: 'page-data', resume: 'csrf-state' },
    },
    extraParams: ['identity_provider', 'idp_identifier', 'lang'],
    // Cognito leaves PKCE to the client; a client of ours that forgets it is a fault, so here it is demanded.
    pkce: { required: () => true },
    issueRefreshToken: async (_context, client, source) =>
      client.grantTypeAllowed('refresh_token') && source.kind === 'AuthorizationCode',
    expiresWithSession: async () => false,
    rotateRefreshToken: (context) => rotationOf(context.oidc.client?.clientId ?? '') !== undefined,
    // The page is named in the address: several tabs are several pages, and each form works.
    interactions: { policy, url: (context, interaction) => `/login?${context.querystring}&page=${interaction.uid}` },
    ttl: lifetimes(ttl),
    loadExistingGrant: loadGrant,
    findAccount: findAccount(input),
    formats: {
      // Cognito's refresh tokens are long: a JWE of some 1,800 characters.
      bitsOfOpaqueRandomness: (_context, token) => (token.kind === 'RefreshToken' ? 1800 * 6 : 256),
      customizers: { jwt: shapeAccessToken(input) },
    },
    features: features(input, ttl.access),
    renderError,
  };
}

/** An oidc-provider whose tokens and addresses are Cognito's: the issuer names the pool, the endpoints are the domain's. */
export function createProvider(input: ProviderInput): Provider {
  const provider = new Provider(input.domain, configuration(input));
  const prototype = provider.AccessToken.prototype as { save: () => Promise<string> };
  const save = prototype.save;
  prototype.save = async function saveAndRemember(this: object): Promise<string> {
    const value = await save.call(this as never);
    issued.set(this, value);
    return value;
  };
  const { pathFor } = provider as unknown as { pathFor(name: string, options?: unknown): string };
  const urlFor = (name: string, options?: unknown): string =>
    new URL(pathFor.call(provider, name, options), input.domain).href;
  Object.assign(provider, { issuer: input.issuer, urlFor });
  return provider;
}
