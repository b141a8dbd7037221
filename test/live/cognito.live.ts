import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createUserPool } from '../../src/identity/user-pool.ts';
import type { UserPool } from '../../src/identity/user-pool.ts';
import type { Pool } from '../../src/model/pool.ts';
import { Secret } from '../../src/model/secret.ts';
import { readSettings } from './settings.ts';
import type { LiveSettings } from './settings.ts';
import { describeLanding, openBrowser } from './sign-in-browser.ts';
import type { Landing, SignInBrowser } from './sign-in-browser.ts';
import { ask, describe, partOf, tokenOf } from './token-endpoint.ts';
import type { Answer, Client, ClientAuthentication } from './token-endpoint.ts';

/*
 * Questions that only a real user pool can answer. Answers are printed beside what we assume; only what the
 * product can't do without is asserted. No token, code or secret is printed. Not asked: how throttling looks
 * (that would disturb the pool's users) and which domain discovery names where a pool has two.
 */
const scopes = ['openid', 'profile', 'email'];
const random = (): string => randomBytes(32).toString('base64url');
const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

const settings = readSettings(process.env);
if ('missing' in settings) {
  test('a real user pool', { skip: `nothing was asked; missing: ${settings.missing.join(', ')}` }, () => undefined);
} else {
  suite('a real user pool', () => askAll(settings));
}

function answer(t: TestContext, question: string, found: string, assumed?: string): void {
  t.diagnostic(`${question}: ${found}${assumed === undefined ? '' : `   [we assume: ${assumed}]`}`);
}

interface Discovery {
  readonly issuer: string;
  readonly endpoint: (name: string) => string;
}

function askAll(live: LiveSettings): void {
  const client: Client = { id: live.clientId, secret: live.clientSecret };
  let browser: SignInBrowser;
  let found: Discovery;
  before(async () => {
    browser = await openBrowser(live);
  });
  after(() => browser.close());

  const authorizeUrl = (parameters: Readonly<Record<string, string>>): URL => {
    const url = new URL(found.endpoint('authorization_endpoint'));
    const all = {
      response_type: 'code',
      client_id: client.id,
      redirect_uri: live.redirectUri,
      scope: scopes.join(' '),
      ...parameters,
    };
    for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
    return url;
  };
  const start = (verifier: string, more: Readonly<Record<string, string>> = {}): URL =>
    authorizeUrl({
      state: random(),
      nonce: random(),
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      ...more,
    });
  const arrive = async (url: URL): Promise<Landing> => {
    const landing = await browser.visit(url);
    return landing.kind === 'page' && landing.form ? browser.signIn() : landing;
  };
  const codeFor = async (verifier: string): Promise<string> => {
    const landing = await arrive(start(verifier));
    const code = landing.kind === 'back' ? landing.url.searchParams.get('code') : null;
    assert.ok(code !== null, `the sign-in ended at ${describeLanding(landing)}`);
    return code;
  };
  const redeem = (code: string, verifier: string): Promise<Answer> =>
    ask(
      found.endpoint('token_endpoint'),
      { grant_type: 'authorization_code', code, redirect_uri: live.redirectUri, code_verifier: verifier },
      client,
    );
  const refresh = (token: string, authentication: ClientAuthentication = 'post'): Promise<Answer> =>
    ask(
      found.endpoint('token_endpoint'),
      { grant_type: 'refresh_token', refresh_token: token },
      client,
      authentication,
    );
  const signInTokens = async (): Promise<Answer> => {
    const verifier = random();
    const tokens = await redeem(await codeFor(verifier), verifier);
    assert.equal(tokens.status, 200, describe(tokens));
    return tokens;
  };
  const refreshTokenOf = (tokens: Answer): string => {
    const token = tokenOf(tokens, 'refresh_token');
    assert.ok(token !== undefined, 'there is no refresh token');
    return token;
  };

  test('discovery', async (t) => {
    const documents = await Promise.all(live.issuers.map((issuer) => readDiscovery(issuer)));
    for (const [index, document] of documents.entries()) {
      answer(t, `document of ${live.issuers[index]}`, document === undefined ? 'none' : JSON.stringify(document));
    }
    const at = documents.findIndex((document) => document?.['issuer'] !== undefined);
    const document = documents.find((one, index) => one?.['issuer'] === live.issuers[index]) ?? documents[at];
    assert.ok(document !== undefined, 'no issuer has a discovery document');
    found = { issuer: String(document['issuer']), endpoint: (name) => String(document[name]) };
    answer(t, 'issuer that names itself', found.issuer, 'one of the two forms');
    answer(t, 'host of the endpoints', new URL(found.endpoint('token_endpoint')).host, live.domain);
    const keys = await (await fetch(found.endpoint('jwks_uri'))).json();
    answer(t, 'signing keys', describeKeys(keys), '2 keys, RS256, kid of 44 characters of standard base64');
  });

  test('sign-in through our own code', async (t) => {
    const pool = ourPool(live, new URL(found.endpoint('token_endpoint')).host);
    const verifier = random();
    const [state, nonce] = [random(), random()];
    const url = await pool.authorizeUrl({
      redirectUri: live.redirectUri,
      state,
      nonce,
      codeChallenge: challengeOf(verifier),
    });
    const landing = await arrive(url);
    assert.equal(landing.kind, 'back', describeLanding(landing));
    if (landing.kind !== 'back') return;
    answer(t, 'the callback', describeLanding(landing), 'our URL, parameters: code state');
    const redeemed = await pool.redeem({
      callbackUrl: landing.url,
      redirectUri: live.redirectUri,
      state,
      nonce,
      codeVerifier: verifier,
    });
    assert.equal(redeemed.kind, 'ok', redeemed.kind === 'failed' ? `${redeemed.code}: ${redeemed.detail}` : '');
    if (redeemed.kind !== 'ok') return;
    const { identity, refreshToken } = redeemed.tokens;
    answer(t, 'groups of the person', String(identity.groups.names.size));
    answer(
      t,
      'e-mail',
      `${identity.email === undefined ? 'absent' : 'there'}, ${identity.emailTrusted ? 'verified' : 'not verified'}`,
    );
    assert.ok(refreshToken !== undefined, 'there is no refresh token');
    const refreshed = await pool.refresh(refreshToken);
    assert.equal(refreshed.kind, 'ok', refreshed.kind === 'failed' ? `${refreshed.code}: ${refreshed.detail}` : '');
    answer(t, 'revocation', String(await pool.revoke(refreshToken)), 'true');
    pool.stop();
  });

  test('what the tokens look like', async (t) => {
    const tokens = await signInTokens();
    answer(
      t,
      'token answer',
      describe(tokens),
      '200, fields: access_token expires_in id_token refresh_token token_type',
    );
    answer(t, 'content type', tokens.contentType, 'application/json;charset=UTF-8');
    answer(t, 'x-amz-cognito-request-id', tokens.requestIdHeader ? 'there' : 'absent', 'there');
    const [id, access] = [tokenOf(tokens, 'id_token'), tokenOf(tokens, 'access_token')];
    answer(t, 'ID token header', Object.keys(partOf(id, 0)).join(' '), 'kid alg, no typ');
    answer(t, 'ID token claims', Object.keys(partOf(id, 1)).toSorted().join(' '));
    answer(t, 'access token claims', Object.keys(partOf(access, 1)).toSorted().join(' '), 'no aud, client_id instead');
    answer(t, 'same key for both', String(partOf(id, 0)['kid'] === partOf(access, 0)['kid']), 'false');
    answer(t, 'type of email_verified', typeof partOf(id, 1)['email_verified'], 'boolean');
    answer(
      t,
      'cognito:groups',
      Array.isArray(partOf(access, 1)['cognito:groups']) ? 'an array' : 'absent or another type',
      'absent without groups',
    );
    const sizes = ([access, id, tokenOf(tokens, 'refresh_token')] as const)
      .map((token) => String(token?.length ?? 0))
      .join(', ');
    answer(t, 'characters of access, ID and refresh token', sizes, '1077, 1745, 1852 in one capture');
    answer(t, 'parts of the refresh token', String(tokenOf(tokens, 'refresh_token')?.split('.').length ?? 0), '5');
  });

  test('codes', async (t) => {
    const verifier = random();
    answer(
      t,
      'a wrong PKCE verifier',
      describe(await redeem(await codeFor(verifier), random())),
      '400 "invalid_grant"',
    );
    const code = await codeFor(verifier);
    await redeem(code, verifier);
    answer(t, 'a code used twice', describe(await redeem(code, verifier)), '400 "invalid_grant", no description');
    answer(t, 'an unknown code', describe(await redeem(random(), verifier)), '400 "invalid_grant", no description');
  });

  test('length of state', async (t) => {
    for (const length of [100, 500, 1000, 2000, 4000]) {
      const state = 's'.repeat(length);
      const landing = await arrive(start(random(), { state }));
      const same = landing.kind === 'back' && landing.url.searchParams.get('state') === state;
      answer(
        t,
        `state of ${length} characters`,
        same ? 'comes back' : describeLanding(landing),
        length === 100 ? 'comes back' : undefined,
      );
    }
  });

  test('prompt', async (t) => {
    await arrive(start(random()));
    answer(
      t,
      'prompt=login with a session',
      describeLanding(await browser.visit(start(random(), { prompt: 'login' }))),
      'a form in managed login',
    );
    await browser.forget();
    const none = await browser.visit(start(random(), { prompt: 'none' }));
    answer(t, 'prompt=none without a session', describeLanding(none), 'our URL, error=login_required in managed login');
  });

  test('refresh and client authentication', async (t) => {
    const tokens = await signInTokens();
    const token = refreshTokenOf(tokens);
    answer(t, 'Basic, as it is', describe(await refresh(token, 'basic')), '200');
    answer(
      t,
      'Basic, one character percent-encoded',
      describe(await refresh(token, 'basic-encoded')),
      'unknown; we send client_secret_post',
    );
    const refreshed = await refresh(token);
    answer(t, 'refresh', describe(refreshed), 'no refresh_token while rotation is off');
    const [old, fresh] = [partOf(tokenOf(tokens, 'id_token'), 1), partOf(tokenOf(refreshed, 'id_token'), 1)];
    answer(
      t,
      'auth_time after a refresh',
      old['auth_time'] === fresh['auth_time'] ? 'the same' : 'another',
      'the same',
    );
    answer(
      t,
      'nonce after a refresh',
      fresh['nonce'] === undefined ? 'absent' : old['nonce'] === fresh['nonce'] ? 'the same' : 'another',
    );
    answer(t, 'an unknown refresh token', describe(await refresh(random())), '400 "invalid_grant", no description');
  });

  test('rotation', async (t) => {
    const first = refreshTokenOf(await signInTokens());
    const second = tokenOf(await refresh(first), 'refresh_token');
    if (second === undefined)
      return answer(t, 'rotation', 'off at this app client; switch it on to ask the questions about it');
    answer(t, 'the old token at once', describe(await refresh(first)), '200 within the grace period');
    await sleep(65_000);
    answer(t, 'the old token 65 s later', describe(await refresh(first)), '400 "invalid_grant"');
    answer(t, 'the newer token after that', describe(await refresh(second)), '200: the family lives on');
  });

  test('revocation', async (t) => {
    const tokens = await signInTokens();
    const token = refreshTokenOf(tokens);
    const revoke = (value: string): Promise<Answer> =>
      ask(found.endpoint('revocation_endpoint'), { token: value }, client);
    answer(
      t,
      'an access token',
      describe(await revoke(tokenOf(tokens, 'access_token') ?? '')),
      '400 "unsupported_token_type"',
    );
    answer(t, 'a refresh token', describe(await revoke(token)), '200, fields: none');
    answer(t, 'the same again', describe(await revoke(token)), '200, fields: none');
    answer(t, 'a refresh after it', describe(await refresh(token)), '400 "invalid_grant"');
    answer(
      t,
      'authorize after it',
      describeLanding(await browser.visit(start(random()))),
      'our URL: the session of the pages is still there',
    );
  });

  const { machine } = live;
  test('a machine', { skip: machine === undefined && 'LIVE_MACHINE_CLIENT_ID is missing' }, async (t) => {
    const { scope = '', ...of } = machine ?? { id: '', secret: '' };
    const form = { grant_type: 'client_credentials', ...(scope === '' ? {} : { scope }) };
    const answered = await ask(found.endpoint('token_endpoint'), form, of);
    answer(t, 'client credentials', describe(answered), '200, fields: access_token expires_in token_type');
    const token = tokenOf(answered, 'access_token') ?? '';
    const claims = partOf(token, 1);
    answer(t, 'claims', Object.keys(claims).toSorted().join(' '), 'no username, no groups');
    assert.equal(claims['sub'], of.id, 'sub is the client');
    const pool = ourPool(live, new URL(found.endpoint('token_endpoint')).host);
    const verdict = await pool.accessTokens.verify(token);
    pool.stop();
    assert.equal(verdict.kind, 'verified', 'we take it');
  });

  test('sign-out', async (t) => {
    await arrive(start(random()));
    const pool = ourPool(live, new URL(found.endpoint('token_endpoint')).host);
    const out = await browser.visit(await pool.logoutUrl(live.logoutUri));
    pool.stop();
    answer(t, '/logout with client_id and logout_uri', describeLanding(out), 'our URL, parameters: none');
    answer(
      t,
      'authorize after it',
      describeLanding(await browser.visit(start(random()))),
      'a page with a sign-in form',
    );
    const standard = new URL(found.endpoint('end_session_endpoint'));
    standard.searchParams.set('post_logout_redirect_uri', live.logoutUri);
    answer(
      t,
      '/logout with post_logout_redirect_uri',
      describeLanding(await browser.visit(standard)),
      'an error page of Cognito',
    );
  });
}

async function readDiscovery(issuer: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(10_000),
  }).catch(() => undefined);
  if (response?.ok !== true) return undefined;
  const value: unknown = await response.json().catch(() => undefined);
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
}

function describeKeys(set: unknown): string {
  const keys: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys)) return 'no key set';
  const lines = keys.map(
    (key: Readonly<Record<string, unknown>>) => `${String(key['alg'])}/${String(key['kid']).length} characters`,
  );
  return `${keys.length}: ${lines.join(', ')}`;
}

/** The domain overrides discovery only where they differ. */
function ourPool(live: LiveSettings, discoveredHost: string): UserPool {
  const pool: Pool = {
    id: '0'.repeat(64),
    namespace: 'live',
    name: 'live',
    userPoolId: live.userPoolId,
    issuers: live.issuers,
    endpoints: {},
    domain: live.domain === discoveredHost ? undefined : live.domain,
    clientId: live.clientId,
    clientSecret: new Secret(live.clientSecret),
    scopes,
    groups: { claim: 'cognito:groups', token: 'Access', format: 'Array' },
    authorize: {},
    trustedEmailProviders: [],
    session: { signInLifetime: 43_200, lifetime: 43_200, idle: 7200, refreshAfter: 600, grace: 3600 },
  };
  return createUserPool(pool, {
    fetch,
    now: () => Math.floor(Date.now() / 1000),
    named: () => ({ claims: new Set() }),
  });
}
