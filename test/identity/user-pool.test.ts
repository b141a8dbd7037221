import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { Secret } from '../../src/model/secret.ts';
import { PoolFailure } from '../../src/identity/failures.ts';
import {
  accessClaims,
  accessKey,
  callback,
  clientId,
  discoveryDocument,
  down,
  fakeEndpoints,
  foreignKey,
  idClaims,
  idKey,
  issuer,
  redeemInput,
  seconds,
  setUp,
  sign,
  silent,
  tokenAnswer,
  updatedIssuer,
  type Answer,
  type Claims,
  type Setup,
} from './fake-endpoints.ts';

async function redeemed(setup: Setup): Promise<string> {
  const result = await setup.userPool.redeem(redeemInput());
  setup.userPool.stop();
  return result.kind === 'ok' ? 'ok' : result.code;
}

async function withTokens(id: string | undefined, access: string): Promise<string> {
  const setup = setUp();
  setup.fake.token = () => ({
    body: { access_token: access, token_type: 'Bearer', ...(id === undefined ? {} : { id_token: id }) },
  });
  return redeemed(setup);
}

const withClaims = async (id: Claims, access: Claims = {}): Promise<string> => {
  const setup = setUp();
  setup.fake.token = () => tokenAnswer(id, access);
  return redeemed(setup);
};

const goodAccess = await sign(accessClaims(), accessKey);
const goodId = await sign(idClaims(), idKey);

function unsigned(header: Claims, claims: Claims, signature = ''): string {
  const part = (value: Claims): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}

/** HS256 with the public key as its secret. */
function confused(claims: Claims): string {
  const text = unsigned({ alg: 'HS256', kid: idKey.kid }, claims).slice(0, -1);
  return `${text}.${createHmac('sha256', JSON.stringify(idKey.jwk)).update(text).digest('base64url')}`;
}

describe('where to send the browser', () => {
  it('T10.2 T23.5 L6 always has state, nonce and an S256 challenge', async () => {
    const setup = setUp({ authorize: { identityProvider: 'Entra', lang: 'de' } });
    const url = await setup.userPool.authorizeUrl({
      redirectUri: callback,
      state: 's',
      nonce: 'n',
      codeChallenge: 'c',
      prompt: 'login',
    });
    setup.userPool.stop();
    assert.equal(url.origin + url.pathname, 'https://acme.auth.eu-west-1.amazoncognito.com/oauth2/authorize');
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: clientId,
      response_type: 'code',
      redirect_uri: callback,
      scope: 'openid email',
      state: 's',
      nonce: 'n',
      code_challenge: 'c',
      code_challenge_method: 'S256',
      identity_provider: 'Entra',
      lang: 'de',
      prompt: 'login',
    });
  });

  it('signs out in Cognito’s own way', async () => {
    const setup = setUp();
    const url = await setup.userPool.logoutUrl('https://auth.example.com/oauth2/signed-out');
    setup.userPool.stop();
    assert.equal(url.pathname, '/logout');
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: clientId,
      logout_uri: 'https://auth.example.com/oauth2/signed-out',
    });
  });

  it('a domain of the pool moves all its pages', async () => {
    const setup = setUp({ domain: 'login.example.com' });
    const input = { redirectUri: callback, state: 's', nonce: 'n', codeChallenge: 'c' };
    assert.equal((await setup.userPool.authorizeUrl(input)).host, 'login.example.com');
    assert.equal((await setup.userPool.logoutUrl('https://x')).host, 'login.example.com');
    assert.equal(await redeemed(setup), 'ok');
    assert.ok(setup.fake.asked.includes('https://login.example.com/oauth2/token'));
    assert.ok(setup.fake.asked.includes(`${issuer}/.well-known/jwks.json`));
  });
});

describe('discovery', () => {
  it('tries the issuers in order and pins the one that names itself', async () => {
    const fake = fakeEndpoints();
    fake.discovery = {
      [issuer]: () => ({ body: discoveryDocument(updatedIssuer) }),
      [updatedIssuer]: () => ({ body: discoveryDocument(updatedIssuer) }),
    };
    fake.token = () => tokenAnswer({ iss: updatedIssuer }, { iss: updatedIssuer });
    const setup = setUp({}, [], fake);
    assert.equal(await redeemed(setup), 'ok');
    assert.equal(setup.userPool.issuer(), updatedIssuer);
  });

  it('asks nobody when the endpoints are given', async () => {
    const endpoints = {
      issuer,
      authorization: 'https://a.example/authorize',
      token: 'https://a.example/oauth2/token',
      jwks: 'https://a.example/jwks.json',
    };
    const setup = setUp({ endpoints });
    assert.equal(await redeemed(setup), 'ok');
    assert.deepEqual(
      setup.fake.asked.filter((url) => url.includes('openid-configuration')),
      [],
    );
  });

  it('takes no plain http from a document that came over TLS', async () => {
    const fake = fakeEndpoints();
    fake.discovery = {
      [issuer]: () => ({ body: { ...discoveryDocument(issuer), token_endpoint: 'http://a.example/oauth2/token' } }),
    };
    assert.equal(await redeemed(setUp({ issuers: [issuer] }, [], fake)), 'misconfigured');
  });

  it('T22.8 a pool that is not there, or has no domain, is misconfigured; one that is away is unavailable', async () => {
    const missing = fakeEndpoints();
    missing.discovery = {};
    assert.equal(await redeemed(setUp({}, [], missing)), 'misconfigured');
    const bare = fakeEndpoints();
    bare.discovery = { [issuer]: () => ({ body: { issuer, jwks_uri: `${issuer}/jwks.json` } }) };
    assert.equal(await redeemed(setUp({ issuers: [issuer] }, [], bare)), 'misconfigured');
    const away = fakeEndpoints();
    away.discovery = { [issuer]: down, [updatedIssuer]: down };
    const setup = setUp({}, [], away);
    await assert.rejects(
      setup.userPool.authorizeUrl({ redirectUri: callback, state: 's', nonce: 'n', codeChallenge: 'c' }),
      PoolFailure,
    );
    assert.equal(await redeemed(setup), 'unavailable');
  });
});

describe('redeeming a code', () => {
  it('gives the person, the times and the refresh token', async () => {
    const setup = setUp();
    const result = await setup.userPool.redeem(redeemInput());
    setup.userPool.stop();
    assert.ok(result.kind === 'ok');
    const { tokens } = result;
    assert.equal(tokens.identity.subject, 'sub-ada');
    assert.equal(tokens.refreshToken?.reveal(), 'refresh-1');
    assert.ok(Math.abs(tokens.tokensExpireAt - seconds() - 1800) < 5, 'the earlier exp of the two');
    assert.ok(Math.abs(tokens.checkedAt - seconds()) < 5);
    assert.deepEqual(setup.outcomes, ['authorization_code ok']);
    assert.ok((setup.userPool.keySetAge() ?? 99) < 5);
  });

  it('sends verifier, redirect URI and the secret as it is, in the body', async () => {
    const setup = setUp();
    assert.equal(await redeemed(setup), 'ok');
    const [body] = setup.fake.bodies;
    assert.deepEqual(Object.fromEntries(body ?? []), {
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: callback,
      code_verifier: 'v'.repeat(43),
      client_id: clientId,
      client_secret: 'a_b-c+d/secret',
    });
  });

  it('works for a public client', async () => {
    const setup = setUp({ clientSecret: undefined });
    assert.equal(await redeemed(setup), 'ok');
    assert.equal(setup.fake.bodies[0]?.get('client_secret'), null);
  });

  it('T24.3 L7 asks nothing with another state, an error or no code', async () => {
    for (const query of [
      'code=c&state=other',
      'code=c',
      'error=access_denied&state=the-state',
      'state=the-state',
      'code=c&code=d&state=the-state',
    ]) {
      const setup = setUp();
      const callbackUrl = new URL(`${callback}?${query}`);
      const result = await setup.userPool.redeem(redeemInput({ callbackUrl }));
      setup.userPool.stop();
      assert.equal(result.kind, 'failed', query);
      assert.equal(setup.fake.bodies.length, 0, query);
    }
  });

  const badId: Record<string, Claims> = {
    'another nonce (L6)': { nonce: 'other' },
    'no nonce (L6)': { nonce: undefined },
    'another issuer': { iss: updatedIssuer },
    'an issuer with a slash': { iss: `${issuer}/` },
    'another client': { aud: 'other' },
    'a list of clients': { aud: [clientId, 'other'] },
    'use access': { token_use: 'access' },
    'no use': { token_use: undefined },
    'an exp long past': { exp: seconds() - 120, iat: seconds() - 4000 },
    'no exp': { exp: undefined },
    'an exp that is text': { exp: '9999999999' },
    'an nbf to come': { nbf: seconds() + 120 },
    'another subject': { sub: 'sub-bob' },
    'no subject': { sub: undefined },
    'an empty subject': { sub: '' },
  };
  for (const [name, claims] of Object.entries(badId)) {
    it(`T22.7 B6 refuses an ID token with ${name}`, async () => {
      assert.equal(await withClaims(claims), 'bad_token');
    });
  }

  const badAccess: Record<string, Claims> = {
    'another issuer': { iss: updatedIssuer },
    'another client': { client_id: 'other' },
    'no client': { client_id: undefined },
    'use id': { token_use: 'id' },
    'no use': { token_use: undefined },
    'an exp long past': { exp: seconds() - 120 },
    'no exp': { exp: undefined },
    'another subject': { sub: 'sub-bob' },
  };
  for (const [name, claims] of Object.entries(badAccess)) {
    it(`T22.7 B6 refuses an access token with ${name}`, async () => {
      assert.equal(await withClaims({}, claims), 'bad_token');
    });
  }

  it('allows 30 seconds of skew', async () => {
    assert.equal(await withClaims({ exp: seconds() - 20 }, { exp: seconds() - 20 }), 'ok');
  });

  it('T22.7 B6 refuses forged signatures, alg none and HS256, in either token', async () => {
    const forgedId = await sign(idClaims(), { ...foreignKey, kid: idKey.kid });
    const forgedAccess = await sign(accessClaims(), { ...foreignKey, kid: accessKey.kid });
    const cases: readonly (readonly [string, string | undefined, string])[] = [
      ['forged ID', forgedId, goodAccess],
      ['forged access', goodId, forgedAccess],
      ['none', unsigned({ alg: 'none' }, idClaims()), goodAccess],
      ['none with kid', unsigned({ alg: 'none', kid: idKey.kid }, idClaims()), goodAccess],
      ['access none', goodId, unsigned({ alg: 'none', kid: accessKey.kid }, accessClaims())],
      ['HS256', confused(idClaims()), goodAccess],
      ['access HS256', goodId, confused(accessClaims())],
      ['swapped', goodAccess, goodId],
      ['ID twice', goodId, goodId],
      ['padded', goodId, `${goodAccess}==`],
      ['two parts', goodId, goodAccess.slice(0, goodAccess.lastIndexOf('.'))],
      ['not a token', goodId, 'opaque'],
    ];
    for (const [name, id, access] of cases) {
      assert.equal(await withTokens(id, access), 'bad_token', name);
    }
    assert.equal(await withTokens(goodId, goodAccess), 'ok');
    assert.notEqual(await withTokens(undefined, goodAccess), 'ok');
  });
});

describe('what the token endpoint may answer', () => {
  const answers: readonly (readonly [string, Answer, string])[] = [
    ['invalid_grant', { status: 400, body: { error: 'invalid_grant' } }, 'invalid_grant'],
    ['invalid_client 400', { status: 400, body: { error: 'invalid_client' } }, 'invalid_client'],
    ['invalid_client 401', { status: 401, body: { error: 'invalid_client' } }, 'invalid_client'],
    [
      '401 with a challenge',
      { status: 401, body: {}, headers: { 'www-authenticate': 'Basic realm="x"' } },
      'invalid_client',
    ],
    [
      'unauthorized_client',
      { status: 400, body: { error: 'unauthorized_client', error_description: 'invalid_redirect' } },
      'invalid_client',
    ],
    [
      'S14 the words in a description',
      { status: 400, body: { error: 'invalid_request', error_description: 'invalid_grant' } },
      'misconfigured',
    ],
    ['S14 the words inside another error', { status: 400, body: { error: 'not_invalid_grant_really' } }, 'unavailable'],
    [
      'S14 the words in HTML',
      { status: 400, body: '<h1>invalid_grant</h1>', headers: { 'content-type': 'text/html' } },
      'unavailable',
    ],
    ['S14 500 with the words', { status: 500, body: { error: 'invalid_grant' } }, 'unavailable'],
    ['429', { status: 429, body: { error: 'invalid_grant' } }, 'throttled'],
    ['the API’s own throttling', { status: 400, body: { __type: 'TooManyRequestsException' } }, 'unavailable'],
    ['S13 500', { status: 500, body: '<h1>no</h1>' }, 'unavailable'],
    ['S13 503', { status: 503, body: {} }, 'unavailable'],
    ['a redirect', { status: 302, body: '', headers: { location: 'https://evil.example' } }, 'unavailable'],
    ['200 without JSON', { body: 'hello', headers: { 'content-type': 'text/plain' } }, 'unavailable'],
    ['200 with broken JSON', { body: '{' }, 'unavailable'],
  ];
  for (const [name, answer, code] of answers) {
    it(`${name}: ${code}`, async () => {
      const setup = setUp();
      setup.fake.token = () => answer;
      const refreshed = await setup.userPool.refresh(new Secret('secret-refresh'));
      assert.ok(refreshed.kind === 'failed');
      assert.equal(refreshed.code, code, refreshed.detail);
      assert.doesNotMatch(refreshed.detail, /secret|not_invalid|h1|evil/u);
      assert.deepEqual(setup.outcomes, [`refresh_token ${code}`]);
      assert.equal(await redeemed(setup), code);
    });
  }

  it('S13 network failure: unavailable; silence: timeout', async () => {
    const setup = setUp();
    setup.fake.token = down;
    assert.equal(await redeemed(setup), 'unavailable');
    setup.fake.token = silent;
    const result = await setup.userPool.refresh(new Secret('r'));
    assert.equal(result.kind === 'failed' && result.code, 'timeout');
  });

  it('two seconds are for discovery too', async () => {
    const fake = fakeEndpoints();
    fake.discovery = { [issuer]: silent };
    const setup = setUp({ issuers: [issuer] }, [], fake);
    const result = await setup.userPool.refresh(new Secret('r'));
    setup.userPool.stop();
    assert.equal(result.kind === 'failed' && result.code, 'timeout');
  });
});

describe('refreshing and revoking', () => {
  it('S3 reads the groups anew: absent means gone', async () => {
    const setup = setUp();
    setup.fake.token = () => tokenAnswer({ nonce: undefined }, { 'cognito:groups': ['admins'] }, {});
    const before = await setup.userPool.refresh(new Secret('r1'));
    setup.fake.token = () => tokenAnswer({ nonce: undefined }, {}, {});
    const after = await setup.userPool.refresh(new Secret('r1'));
    setup.userPool.stop();
    assert.ok(before.kind === 'ok' && after.kind === 'ok');
    assert.deepEqual(before.tokens.identity.groups, { names: new Set(['admins']), judged: undefined });
    assert.deepEqual(after.tokens.identity.groups, { names: new Set(), judged: undefined });
  });

  it('keeps the refresh token unless another comes (rotation)', async () => {
    const setup = setUp();
    setup.fake.token = () => tokenAnswer({ nonce: undefined }, {}, {});
    const same = await setup.userPool.refresh(new Secret('r1'));
    setup.fake.token = () => tokenAnswer({ nonce: undefined }, {}, { refresh_token: 'r2' });
    const other = await setup.userPool.refresh(new Secret('r1'));
    setup.userPool.stop();
    assert.ok(same.kind === 'ok' && other.kind === 'ok');
    assert.deepEqual([same.rotated, same.tokens.refreshToken?.reveal()], [false, 'r1']);
    assert.deepEqual([other.rotated, other.tokens.refreshToken?.reveal()], [true, 'r2']);
  });

  it('says whether a revocation was confirmed', async () => {
    const setup = setUp();
    assert.equal(await setup.userPool.revoke(new Secret('r1')), true);
    assert.equal(setup.fake.bodies[0]?.get('token'), 'r1');
    for (const answer of [
      { status: 400, body: { error: 'invalid_request' } },
      { status: 503, body: '' },
    ]) {
      setup.fake.revoke = () => answer;
      assert.equal(await setup.userPool.revoke(new Secret('r1')), false);
    }
    setup.fake.revoke = down;
    assert.equal(await setup.userPool.revoke(new Secret('r1')), false);
    setup.userPool.stop();
    assert.ok(setup.logs.every((line) => !line.includes('r1')));
  });
});
