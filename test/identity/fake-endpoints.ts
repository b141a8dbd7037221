import { createHash } from 'node:crypto';

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

import type { Pool } from '../../src/model/pool.ts';
import { Secret } from '../../src/model/secret.ts';
import { createUserPool, type UserPool } from '../../src/identity/user-pool.ts';

export const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI';
export const updatedIssuer = 'https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI';
export const clientId = '3n4b5example';
export const callback = 'https://auth.example.com/oauth2/callback';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(kid: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}

/** Kids of Cognito are standard base64, so `+`, `/` and `=` occur. */
export const idKey = await signingKey('h+7guc6G/idkey=');
export const accessKey = await signingKey('Zz/9accesskey+o=');
export const foreignKey = await signingKey('foreign');

export type Claims = Record<string, unknown>;

export const seconds = (): number => Math.floor(Date.now() / 1000);

export function idClaims(changes: Claims = {}): Claims {
  const now = seconds();
  return {
    iss: issuer,
    sub: 'sub-ada',
    aud: clientId,
    token_use: 'id',
    nonce: 'the-nonce',
    'cognito:username': 'ada',
    auth_time: now - 5,
    iat: now,
    exp: now + 3600,
    ...changes,
  };
}

export function accessClaims(changes: Claims = {}): Claims {
  const now = seconds();
  return {
    iss: issuer,
    sub: 'sub-ada',
    client_id: clientId,
    token_use: 'access',
    scope: 'openid',
    username: 'ada',
    version: 2,
    auth_time: now - 5,
    iat: now,
    exp: now + 1800,
    ...changes,
  };
}

/** A key with `undefined` as its value is left out. */
export async function sign(claims: Claims, key: SigningKey, header: Record<string, unknown> = {}): Promise<string> {
  const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  return new SignJWT(present).setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header }).sign(key.privateKey);
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

export type Handler = (body: URLSearchParams, signal: AbortSignal | null | undefined) => Promise<Answer> | Answer;

/** A `fetch` with the endpoints of one pool behind it; what a test doesn't set answers as Cognito does. */
export interface FakeEndpoints {
  readonly fetch: typeof fetch;
  readonly asked: string[];
  readonly bodies: URLSearchParams[];
  discovery: Record<string, Handler>;
  jwks: Handler;
  token: Handler;
  revoke: Handler;
}

export function discoveryDocument(of: string): Claims {
  const domain = 'https://acme.auth.eu-west-1.amazoncognito.com';
  return {
    authorization_endpoint: `${domain}/oauth2/authorize`,
    end_session_endpoint: `${domain}/logout`,
    id_token_signing_alg_values_supported: ['RS256'],
    issuer: of,
    jwks_uri: `${of}/.well-known/jwks.json`,
    response_types_supported: ['code', 'token'],
    revocation_endpoint: `${domain}/oauth2/revoke`,
    subject_types_supported: ['public'],
    token_endpoint: `${domain}/oauth2/token`,
    userinfo_endpoint: `${domain}/oauth2/userInfo`,
  };
}

export async function tokenAnswer(
  id: Claims = {},
  access: Claims = {},
  more: Claims = { refresh_token: 'refresh-1' },
): Promise<Answer> {
  const id_token = await sign(idClaims(id), idKey);
  const access_token = await sign(accessClaims(access), accessKey);
  return { body: { id_token, access_token, token_type: 'Bearer', expires_in: 3600, ...more } };
}

export function fakeEndpoints(): FakeEndpoints {
  const fake: FakeEndpoints = {
    asked: [],
    bodies: [],
    discovery: { [issuer]: () => ({ body: discoveryDocument(issuer) }) },
    jwks: () => ({ body: { keys: [idKey.jwk, accessKey.jwk] } }),
    token: () => tokenAnswer(),
    revoke: () => ({ body: '' }),
    async fetch(input, init) {
      const url = input instanceof Request ? input.url : input.toString();
      fake.asked.push(url);
      const body = new URLSearchParams(
        init?.body instanceof URLSearchParams || typeof init?.body === 'string' ? init.body : '',
      );
      if (init?.method === 'POST') {
        fake.bodies.push(body);
      }
      const answer = await route(fake, url)(body, init?.signal);
      const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
      return new Response(text, {
        status: answer.status ?? 200,
        headers: { 'content-type': 'application/json', ...answer.headers },
      });
    },
  };
  return fake;
}

function route(fake: FakeEndpoints, url: string): Handler {
  if (url.endsWith('/jwks.json')) {
    return fake.jwks;
  }
  if (url.endsWith('/oauth2/token')) {
    return fake.token;
  }
  if (url.endsWith('/oauth2/revoke')) {
    return fake.revoke;
  }
  const known = fake.discovery[url.replace('/.well-known/openid-configuration', '')];
  return known ?? (() => ({ status: 404, body: { message: 'no such pool' } }));
}

export const down: Handler = () => Promise.reject(new TypeError('fetch failed'));

/** Never answers; ends when the caller gives up. */
export const silent: Handler = (_body, signal) =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));

export function poolWith(changes: Partial<Pool> = {}): Pool {
  return {
    id: createHash('sha256').update('pool').digest('hex'),
    namespace: 'identity',
    name: 'staff',
    userPoolId: 'eu-west-1_AbCdEfGhI',
    issuers: [issuer, updatedIssuer],
    endpoints: {},
    domain: undefined,
    clientId,
    clientSecret: new Secret('a_b-c+d/secret'),
    scopes: ['openid', 'email'],
    groups: { claim: 'cognito:groups', token: 'Access', format: 'Array' },
    authorize: {},
    trustedEmailProviders: [],
    session: { signInLifetime: 43_200, lifetime: 43_200, idle: 7200, refreshAfter: 600, grace: 3600 },
    ...changes,
  };
}

export interface Setup {
  readonly fake: FakeEndpoints;
  readonly userPool: UserPool;
  readonly outcomes: string[];
  readonly logs: string[];
  clock: number;
}

/** `clock` is added to the time that the pool sees. */
export function setUp(changes: Partial<Pool> = {}, claims: readonly string[] = [], fake = fakeEndpoints()): Setup {
  const outcomes: string[] = [];
  const logs: string[] = [];
  const setup = { fake, outcomes, logs, clock: 0 };
  const userPool = createUserPool(poolWith(changes), {
    fetch: fake.fetch,
    now: () => Date.now() / 1000 + setup.clock,
    named: () => ({ claims: new Set(claims) }),
    onTokenRequest: (grant, outcome) => outcomes.push(`${grant} ${outcome}`),
    log: (line) => logs.push(line),
  });
  return Object.assign(setup, { userPool });
}

export function redeemInput(
  changes: Partial<Parameters<UserPool['redeem']>[0]> = {},
): Parameters<UserPool['redeem']>[0] {
  return {
    callbackUrl: new URL('http://10.0.0.1:8081/oauth2/callback?code=the-code&state=the-state'),
    redirectUri: callback,
    state: 'the-state',
    nonce: 'the-nonce',
    codeVerifier: 'v'.repeat(43),
    ...changes,
  };
}
