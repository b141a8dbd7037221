import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { startCognito } from './cognito/cognito.ts';
import { noFaults } from './cognito/types.ts';
import type { Cognito, CognitoClient, Tampering } from './cognito/types.ts';

const callback = 'https://auth.localhost:8443/oauth2/callback';
const signedOut = 'https://auth.localhost:8443/oauth2/signed-out';
const web: CognitoClient = {
  clientId: '1example23456789',
  clientSecret: 'websecret-0123456789abcdef',
  redirectUris: [callback],
  logoutUris: [signedOut],
};
const rotating: CognitoClient = { ...web, clientId: '2rotating23456789', rotation: { graceSeconds: 1 } };
const job: CognitoClient = {
  clientId: '7job23456789',
  clientSecret: 'jobsecret-0123456789abcdef',
  redirectUris: [],
  logoutUris: [],
  machineScopes: ['shop/read', 'shop/write'],
};
const alice = {
  username: 'alice',
  password: 'pw',
  sub: 'a1b2c3d4-5678-90ab-cdef-1234567890ab',
  email: 'alice@example.com',
  name: 'Alice',
  groups: ['admins', 'beta,testers', 'équipe'],
  attributes: { 'custom:department': 'books' },
};
const bob = { username: 'bob', password: 'pw', sub: 'b1b2c3d4-5678-90ab-cdef-1234567890ab' };
const carol = {
  username: 'Google_1',
  password: 'pw',
  sub: 'c1b2c3d4-5678-90ab-cdef-1234567890ab',
  email: 'carol@example.com',
  emailVerified: false,
  identities: [{ userId: '1', providerName: 'Google', providerType: 'Google', primary: 'true' }],
};

let cognito: Cognito;
let config: oidc.Configuration;

async function configure(client: CognitoClient): Promise<oidc.Configuration> {
  const auth = oidc.ClientSecretPost(client.clientSecret);
  const made = await oidc.discovery(new URL(cognito.issuer), client.clientId, {}, auth, {
    execute: [oidc.allowInsecureRequests],
  });
  oidc.enableNonRepudiationChecks(made);
  return made;
}

before(async () => {
  cognito = await startCognito({ clients: [web, rotating, job], users: [alice, bob, carol] });
  config = await configure(web);
});
after(async () => await cognito.close());
afterEach(() => void Object.assign(cognito.faults, noFaults()));

/** Just enough of a browser: cookies of one host, redirects followed until they leave it. */
class Browser {
  readonly #cookies = new Map<string, { readonly pair: string; readonly path: string }>();

  async go(to: string, form?: Record<string, string>): Promise<{ url: string; status: number; text: string }> {
    let url = to;
    let body = form === undefined ? undefined : new URLSearchParams(form);
    for (let hops = 0; hops < 12; hops += 1) {
      if (!url.startsWith(cognito.domain)) return { url, status: 0, text: '' };
      const answer = await fetch(url, {
        redirect: 'manual',
        headers: { accept: 'text/html', cookie: this.#sent(url) },
        ...(body === undefined ? {} : { method: 'POST', body }),
      });
      this.#keep(answer.headers.getSetCookie());
      const location = answer.headers.get('location');
      if (location === null) return { url, status: answer.status, text: await answer.text() };
      url = new URL(location, url).href;
      body = undefined;
    }
    throw new Error('redirected for ever');
  }

  #sent(url: string): string {
    const { pathname } = new URL(url);
    const pairs = [...this.#cookies.values()].filter(({ path }) => pathname.startsWith(path));
    return pairs.map(({ pair }) => pair).join('; ');
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = ''] = line.split(';');
      const path = /path=([^;]+)/i.exec(line)?.[1] ?? '/';
      const key = `${pair.split('=')[0] ?? ''} ${path}`;
      if (/1970|max-age=0/i.test(line)) this.#cookies.delete(key);
      else this.#cookies.set(key, { pair, path });
    }
  }
}

interface Attempt {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
  /** Empty: none was sent. */
  readonly nonce: string;
}

async function authorizeUrl(
  extra: Record<string, string> = {},
  use = config,
): Promise<{ url: URL; verifier: string; state: string }> {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(use, {
    redirect_uri: callback,
    scope: 'openid email profile',
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...extra,
  });
  return { url, verifier, state };
}

async function signIn(
  username: string,
  { browser = new Browser(), use = config, nonce = 'nonce-of-this-test' } = {},
): Promise<Attempt> {
  const { url, verifier, state } = await authorizeUrl(nonce === '' ? {} : { nonce }, use);
  let page = await browser.go(url.href);
  if (page.url.includes('/login')) page = await browser.go(page.url, { username, password: 'pw' });
  return { url: page.url, verifier, state, nonce };
}

async function redeem(
  attempt: Attempt,
  use = config,
): Promise<Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>> {
  return await oidc.authorizationCodeGrant(use, new URL(attempt.url), {
    pkceCodeVerifier: attempt.verifier,
    expectedState: attempt.state,
    ...(attempt.nonce === '' ? {} : { expectedNonce: attempt.nonce }),
  });
}

const post = async (path: string, fields: Record<string, string>): Promise<Response> =>
  await fetch(cognito.domain + path, {
    method: 'POST',
    body: new URLSearchParams({ client_id: web.clientId, client_secret: web.clientSecret, ...fields }),
  });

test('discovery has the pool in its issuer, endpoints on another host, and Cognito’s twelve fields', async () => {
  const answer = await fetch(`${cognito.issuer}/.well-known/openid-configuration`);
  const document = (await answer.json()) as Record<string, unknown>;
  assert.equal(document['issuer'], cognito.issuer);
  assert.equal(document['end_session_endpoint'], `${cognito.domain}/logout`);
  assert.equal(Object.keys(document).length, 12);
  assert.equal(config.serverMetadata().supportsPKCE(), false);
  assert.notEqual(new URL(cognito.issuer).host, new URL(cognito.domain).host);
});

test('a sign-in gives both tokens as Cognito shapes them', async () => {
  const attempt = await signIn('alice');
  assert.equal(new URL(attempt.url).searchParams.has('iss'), false);
  const tokens = await redeem(attempt);
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? ''));
  const id = await jwtVerify(tokens.id_token ?? '', keys, { issuer: cognito.issuer, audience: web.clientId });
  assert.equal(id.payload['token_use'], 'id');
  assert.deepEqual(id.payload['cognito:groups'], alice.groups);
  assert.equal(id.payload['custom:department'], 'books');
  assert.equal(id.protectedHeader.typ, undefined);
  assert.ok(id.payload['at_hash'] !== undefined && id.payload['auth_time'] !== undefined);
  const access = await jwtVerify(tokens.access_token, keys, { issuer: cognito.issuer });
  assert.equal(access.payload.aud, undefined);
  assert.equal(access.payload['client_id'], web.clientId);
  assert.equal(access.payload['username'], 'alice');
  assert.ok(access.payload['auth_time'] !== undefined);
  assert.equal(access.payload['origin_jti'], id.payload['origin_jti']);
  assert.notEqual(access.protectedHeader.kid, id.protectedHeader.kid);
  assert.ok((tokens.refresh_token ?? '').length >= 1700);
});

test('without groups the claim is absent in both tokens, and without e-mail that one too', async () => {
  const tokens = await redeem(await signIn('bob'));
  for (const claims of [decodeJwt(tokens.id_token ?? ''), decodeJwt(tokens.access_token)]) {
    assert.equal('cognito:groups' in claims, false);
    assert.equal('email' in claims, false);
  }
});

test('a federated person gets a nonce that nobody sent', async () => {
  await assert.rejects(redeem(await signIn('Google_1', { nonce: '' })), /unexpected|nonce|invalid/i);
  const claims = decodeJwt((await redeem(await signIn('Google_1'))).id_token ?? '');
  assert.equal(claims['email_verified'], false);
  assert.ok(Array.isArray(claims['identities']));
});

test('a refresh brings new groups and no refresh token', async () => {
  const tokens = await redeem(await signIn('alice'));
  cognito.setGroups('alice', ['staff']);
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
  cognito.setGroups('alice', alice.groups);
  assert.equal(fresh.refresh_token, undefined);
  assert.deepEqual(decodeJwt(fresh.access_token)['cognito:groups'], ['staff']);
  assert.equal(decodeJwt(fresh.id_token ?? '')['auth_time'], decodeJwt(tokens.id_token ?? '')['auth_time']);
});

test('rotation gives a new refresh token; the old one is good for the grace period only', async () => {
  const use = await configure(rotating);
  const tokens = await redeem(await signIn('alice', { use }), use);
  const old = tokens.refresh_token ?? '';
  const first = await oidc.refreshTokenGrant(use, old);
  assert.ok(first.refresh_token !== undefined && first.refresh_token !== old);
  await oidc.refreshTokenGrant(use, old);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  await assert.rejects(oidc.refreshTokenGrant(use, old), { error: 'invalid_grant' });
  await oidc.refreshTokenGrant(use, first.refresh_token ?? '');
});

test('revocation and disabling end a refresh with a bare invalid_grant', async () => {
  const tokens = await redeem(await signIn('alice'));
  const refresh = tokens.refresh_token ?? '';
  const grant = { grant_type: 'refresh_token', refresh_token: refresh };
  cognito.disable('alice');
  assert.equal((await post('/oauth2/token', grant)).status, 400);
  cognito.enable('alice');
  await oidc.tokenRevocation(config, refresh);
  const answer = await post('/oauth2/token', grant);
  assert.equal(answer.status, 400);
  assert.equal(await answer.text(), '{"error":"invalid_grant"}');
});

test('token errors are bare and 400: bad secret, missing and wrong verifier, other redirect URI', async () => {
  const grant = { grant_type: 'authorization_code', redirect_uri: callback };
  const other = await signIn('alice');
  const code = async (): Promise<string> => new URL((await signIn('alice')).url).searchParams.get('code') ?? '';
  const cases: [Record<string, string>, string][] = [
    [{ ...grant, code: 'nope', code_verifier: 'a'.repeat(43) }, 'invalid_grant'],
    [{ ...grant, code: await code() }, 'invalid_grant'],
    [{ ...grant, code: await code(), code_verifier: 'a'.repeat(43) }, 'invalid_grant'],
    [{ ...grant, code: await code(), code_verifier: 'a'.repeat(43), client_secret: 'wrong' }, 'invalid_client'],
    [
      {
        ...grant,
        code: new URL(other.url).searchParams.get('code') ?? '',
        code_verifier: other.verifier,
        redirect_uri: `${callback}/`,
      },
      'unauthorized_client',
    ],
  ];
  for (const [fields, error] of cases) {
    const answer = await post('/oauth2/token', fields);
    assert.equal(answer.status, 400);
    assert.equal(((await answer.json()) as { error: string }).error, error);
  }
});

test('authorize wants a challenge, and S256', async () => {
  const browser = new Browser();
  const without = (await authorizeUrl()).url;
  without.searchParams.delete('code_challenge');
  without.searchParams.delete('code_challenge_method');
  assert.match((await browser.go(without.href)).url, /error=invalid_request/);
  const plain = (await authorizeUrl({ code_challenge_method: 'plain' })).url;
  assert.match((await browser.go(plain.href)).url, /error=invalid_request/);
});

test('a wrong password shows the form again; the session in the browser asks no second time', async () => {
  const browser = new Browser();
  const form = await browser.go((await authorizeUrl()).url.href);
  assert.match(form.text, /name="username"[^]*name="password"[^]*Sign in/);
  const again = await browser.go(form.url, { username: '<b>', password: 'x' });
  assert.match(again.text, /Incorrect username or password\.[^]*value="&lt;b&gt;"/);
  await signIn('alice', { browser });
  const second = await browser.go((await authorizeUrl()).url.href);
  assert.ok(new URL(second.url).searchParams.has('code'));
  const forced = await browser.go((await authorizeUrl({ prompt: 'login' })).url.href);
  assert.match(forced.url, /\/login\?/);
});

test('several tabs are several forms, and each leads back to its own attempt', async () => {
  const browser = new Browser();
  const tabs = await Promise.all([authorizeUrl(), authorizeUrl(), authorizeUrl()]);
  const forms: string[] = [];
  for (const { url } of tabs) forms.push((await browser.go(url.href)).url);
  for (const [index, form] of forms.entries()) {
    const back = new URL((await browser.go(form, { username: 'alice', password: 'pw' })).url);
    assert.equal(back.searchParams.get('state'), tabs[index]?.state);
    assert.ok(back.searchParams.has('code'));
  }
});

test('/logout ends the session with client_id and an exact logout_uri, and otherwise shows an error', async () => {
  const browser = new Browser();
  await signIn('alice', { browser });
  const to = (query: Record<string, string>): string =>
    `${cognito.domain}/logout?${new URLSearchParams(query).toString()}`;
  const client_id = web.clientId;
  assert.match((await browser.go(to({ post_logout_redirect_uri: signedOut }))).url, /\/error\?error=Missing/);
  assert.match((await browser.go(to({ client_id, logout_uri: `${signedOut}/` }))).url, /redirect_mismatch/);
  assert.equal((await browser.go(to({ client_id, logout_uri: signedOut }))).url, signedOut);
  assert.match((await browser.go((await authorizeUrl()).url.href)).url, /\/login\?/);
});

test('a redirect URI that is not registered stays on the domain', async () => {
  const page = await new Browser().go((await authorizeUrl({ redirect_uri: `${callback}/x` })).url.href);
  assert.match(page.url, /\/error\?error=redirect_mismatch/);
  assert.equal(page.status, 400);
});

test('faults: throttled, cut, and an error on the callback', async () => {
  const tokens = await redeem(await signIn('alice'));
  cognito.faults.token = { status: 429, body: { message: 'Too Many Requests' } };
  assert.equal((await post('/oauth2/token', { grant_type: 'refresh_token' })).status, 429);
  cognito.faults.token = { reset: true };
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token ?? ''));
  cognito.faults.authorize = { error: 'invalid_request', description: 'PreSignUp <failed>' };
  const { url, state } = await authorizeUrl();
  const back = new URL((await new Browser().go(url.href)).url).searchParams;
  assert.equal(back.get('error_description'), 'PreSignUp <failed>');
  assert.equal(back.get('state'), state);
});

test('tampered ID tokens are refused by a client that checks', async () => {
  const ways: Tampering[] = ['nonce', 'audience', 'expired', 'issuer', 'signature', 'alg_none', 'unknown_kid'];
  for (const way of ways) {
    const attempt = await signIn('alice');
    cognito.faults.idToken = way;
    await assert.rejects(redeem(attempt), way);
    cognito.faults.idToken = undefined;
  }
  cognito.faults.accessToken = 'signature';
  const tokens = await redeem(await signIn('alice'));
  assert.equal(decodeProtectedHeader(tokens.access_token).alg, 'RS256');
});

test('requests are counted', async () => {
  const before = { ...cognito.stats };
  await redeem(await signIn('alice'));
  assert.equal(cognito.stats.token, before.token + 1);
  assert.equal(cognito.stats.authorize, before.authorize + 1);
  assert.equal(cognito.stats.signIn, before.signIn + 1);
});

test('rotated keys sign from then on, and are the only ones in the key set', async () => {
  const tokens = await redeem(await signIn('alice'));
  cognito.rotateKeys();
  const fresh = await oidc.refreshTokenGrant(await configure(web), tokens.refresh_token ?? '');
  const keys = createRemoteJWKSet(new URL(`${cognito.issuer}/.well-known/jwks.json`));
  await jwtVerify(fresh.access_token, keys);
  await assert.rejects(jwtVerify(tokens.access_token, keys), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
});

test('client credentials: the claims of a machine, and no client of people may', async () => {
  const ask = async (client: CognitoClient, scope: string) =>
    await fetch(`${cognito.domain}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    });
  const answer = await ask(job, 'shop/write');
  const body = (await answer.json()) as Record<string, string>;
  assert.deepEqual(Object.keys(body).toSorted(), ['access_token', 'expires_in', 'token_type']);
  const {
    sub,
    client_id: client,
    token_use: use,
    scope,
    auth_time: at,
    iat,
    ...others
  } = decodeJwt(body['access_token'] ?? '');
  assert.deepEqual([sub, client, use, scope, at], [job.clientId, job.clientId, 'access', 'shop/write', iat]);
  assert.deepEqual(Object.keys(others).toSorted(), ['event_id', 'exp', 'iss', 'jti', 'version']);
  assert.equal((await ask(web, 'shop/write')).status, 400);
});
