import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';

import type { TokenState } from '../../src/model/session.ts';
import { Secret } from '../../src/model/secret.ts';
import { createUserPool, type UserPool } from '../../src/identity/user-pool.ts';
import { startCognito } from '../support/cognito/cognito.ts';
import { noFaults, type Cognito, type CognitoClient, type Tampering } from '../support/cognito/types.ts';
import { callback, poolWith } from './fake-endpoints.ts';

const client: CognitoClient = {
  clientId: '1example23456789',
  clientSecret: 'web_secret-0123/456789+abcdef',
  redirectUris: [callback],
  logoutUris: ['https://auth.example.com/oauth2/signed-out'],
};
const rotating: CognitoClient = { ...client, clientId: '2rotating23456789', rotation: { graceSeconds: 1 } };
const ada = {
  username: 'ada',
  password: 'pw',
  sub: 'sub-ada',
  email: 'ada@example.com',
  groups: ['admins', 'équipe,a'],
};
const bob = { username: 'bob', password: 'pw', sub: 'sub-bob' };
const carol = {
  username: 'Entra_carol',
  password: 'pw',
  sub: 'sub-carol',
  email: 'carol@example.com',
  emailVerified: false,
  identities: [{ userId: '1', providerName: 'Entra', providerType: 'OIDC', issuer: null, primary: 'true' }],
};

let cognito: Cognito;
const used: UserPool[] = [];

before(async () => {
  cognito = await startCognito({ clients: [client, rotating], users: [ada, bob, carol] });
});
after(async () => {
  used.forEach((pool) => pool.stop());
  await cognito.close();
});
afterEach(() => void Object.assign(cognito.faults, noFaults()));

function userPool(of: CognitoClient = client): UserPool {
  const pool = poolWith({
    issuers: [`${cognito.issuer}x`, cognito.issuer],
    clientId: of.clientId,
    clientSecret: new Secret(of.clientSecret),
    scopes: ['openid', 'email', 'profile'],
    trustedEmailProviders: ['Entra'],
  });
  const made = createUserPool(pool, {
    fetch,
    now: () => Date.now() / 1000,
    named: () => ({ claims: new Set<string>() }),
  });
  used.push(made);
  return made;
}

/** Follows redirects with cookies and fills the sign-in form once, until the browser leaves for the callback. */
async function browse(start: URL, username: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  let body: URLSearchParams | undefined;
  for (let hop = 0; hop < 12 && !url.href.startsWith(callback); hop += 1) {
    const cookie = [...cookies.values()].join('; ');
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    for (const pair of answer.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')) {
      cookies.set(pair.split('=')[0] ?? '', pair);
    }
    const location = answer.headers.get('location');
    body = location === null ? new URLSearchParams({ username, password: 'pw' }) : undefined;
    url = location === null ? url : new URL(location, url);
  }
  return url;
}

async function signIn(pool: UserPool, username: string): Promise<Awaited<ReturnType<UserPool['redeem']>>> {
  const [state, nonce, codeVerifier] = [1, 2, 3].map(() => randomBytes(32).toString('base64url')) as [
    string,
    string,
    string,
  ];
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const callbackUrl = await browse(
    await pool.authorizeUrl({ redirectUri: callback, state, nonce, codeChallenge }),
    username,
  );
  return pool.redeem({ callbackUrl, redirectUri: callback, state, nonce, codeVerifier });
}

async function tokensOf(pool: UserPool, username: string): Promise<TokenState & { readonly refreshToken: Secret }> {
  const result = await signIn(pool, username);
  assert.ok(result.kind === 'ok', result.kind === 'failed' ? result.detail : '');
  const { refreshToken } = result.tokens;
  assert.ok(refreshToken !== undefined);
  return { ...result.tokens, refreshToken };
}

describe('one pool against the stand-in', () => {
  it('T10.2 signs a person in, with groups as they are', async () => {
    const { identity } = await tokensOf(userPool(), 'ada');
    assert.deepEqual(
      [identity.subject, identity.username, identity.email, identity.emailTrusted],
      ['sub-ada', 'ada', 'ada@example.com', true],
    );
    assert.deepEqual(identity.groups, { names: new Set(ada.groups), judged: undefined });
  });

  it('L10 signs in people without e-mail and groups, and federated ones', async () => {
    const pool = userPool();
    const nobody = (await tokensOf(pool, 'bob')).identity;
    assert.deepEqual([nobody.email, nobody.emailTrusted, nobody.groups.names.size], [undefined, false, 0]);
    const federated = (await tokensOf(pool, 'Entra_carol')).identity;
    assert.deepEqual([federated.username, federated.emailTrusted], ['Entra_carol', true]);
  });

  it('S2 S3 S4 a refresh reads groups anew, and ends with the person', async () => {
    const pool = userPool();
    const { refreshToken } = await tokensOf(pool, 'ada');
    for (const groups of [['staff'], []]) {
      cognito.setGroups('ada', groups);
      const refreshed = await pool.refresh(refreshToken);
      assert.ok(refreshed.kind === 'ok');
      assert.deepEqual([...refreshed.tokens.identity.groups.names], groups);
      assert.deepEqual([refreshed.rotated, refreshed.tokens.refreshToken?.reveal()], [false, refreshToken.reveal()]);
    }
    cognito.setGroups('ada', ada.groups);
    cognito.disable('ada');
    const ended = await pool.refresh(refreshToken);
    cognito.enable('ada');
    assert.equal(ended.kind === 'failed' && ended.code, 'invalid_grant');
  });

  it('tells of a rotated refresh token', async () => {
    const pool = userPool(rotating);
    const { refreshToken } = await tokensOf(pool, 'ada');
    const refreshed = await pool.refresh(refreshToken);
    assert.ok(refreshed.kind === 'ok' && refreshed.rotated);
    assert.notEqual(refreshed.tokens.refreshToken?.reveal(), refreshToken.reveal());
  });

  it('a revoked refresh token is no grant any more', async () => {
    const pool = userPool();
    const { refreshToken } = await tokensOf(pool, 'ada');
    assert.equal(await pool.revoke(refreshToken), true);
    const refreshed = await pool.refresh(refreshToken);
    assert.equal(refreshed.kind === 'failed' && refreshed.code, 'invalid_grant');
  });

  const tamperings: readonly Tampering[] = [
    'nonce',
    'audience',
    'expired',
    'issuer',
    'subject',
    'token_use',
    'signature',
    'alg_none',
    'unknown_kid',
  ];
  for (const tampering of tamperings) {
    it(`T22.7 L6 B6 refuses tokens tampered with: ${tampering}`, async () => {
      const pool = userPool();
      for (const token of ['idToken', 'accessToken'] as const) {
        if (token === 'accessToken' && tampering === 'nonce') {
          continue;
        }
        Object.assign(cognito.faults, noFaults(), { [token]: tampering });
        const result = await signIn(pool, 'bob');
        assert.equal(result.kind === 'failed' && result.code, 'bad_token', token);
      }
    });
  }

  it('B12 signs in while keys and discovery are away, once they are known', async () => {
    const pool = userPool();
    await tokensOf(pool, 'bob');
    cognito.faults.jwks = { status: 503 };
    cognito.faults.discovery = { reset: true };
    await tokensOf(pool, 'ada');
  });

  it('S13 what passes by itself is told from what ends a sign-in', async () => {
    const pool = userPool();
    const { refreshToken } = await tokensOf(pool, 'bob');
    const code = async (fault: Cognito['faults']['token']): Promise<string> => {
      cognito.faults.token = fault;
      const result = await pool.refresh(refreshToken);
      return result.kind === 'ok' ? 'ok' : result.code;
    };
    assert.equal(await code({ status: 500 }), 'unavailable');
    assert.equal(await code({ status: 429 }), 'throttled');
    assert.equal(await code({ reset: true }), 'unavailable');
    assert.equal(await code({ delayMs: 2600 }), 'timeout');
    assert.equal(await code(undefined), 'ok');
  });
});
