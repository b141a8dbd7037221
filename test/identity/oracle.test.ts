import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { CognitoJwtVerifier } from 'aws-jwt-verify';

import { createKeySet } from '../../src/identity/key-set.ts';
import { verifyAccessToken, verifyIdToken } from '../../src/identity/tokens.ts';
import {
  accessClaims,
  accessKey,
  clientId,
  fakeEndpoints,
  foreignKey,
  idClaims,
  idKey,
  issuer,
  seconds,
  sign,
  type Claims,
  type SigningKey,
} from './fake-endpoints.ts';

const oracles = {
  id: CognitoJwtVerifier.create({ userPoolId: 'eu-west-1_AbCdEfGhI', clientId, tokenUse: 'id', graceSeconds: 30 }),
  access: CognitoJwtVerifier.create({
    userPoolId: 'eu-west-1_AbCdEfGhI',
    clientId,
    tokenUse: 'access',
    graceSeconds: 30,
  }),
};
for (const oracle of Object.values(oracles)) {
  oracle.cacheJwks({ keys: [idKey.jwk, accessKey.jwk] as never });
}

const now = (): number => Date.now() / 1000;
const keys = createKeySet(`${issuer}/.well-known/jwks.json`, { fetch: fakeEndpoints().fetch, now });
const rules = { issuer, clientId, keys, now };

async function accepts(check: () => unknown): Promise<boolean> {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
}

const rewritten = (token: string, part: number, change: (text: string) => string): string =>
  token
    .split('.')
    .map((text, index) =>
      index === part ? Buffer.from(change(Buffer.from(text, 'base64url').toString())).toString('base64url') : text,
    )
    .join('.');

const changes: readonly Claims[] = [
  {},
  { 'cognito:groups': ['ü,"'] },
  { exp: seconds() - 20 },
  { exp: seconds() - 60 },
  { exp: 'soon' },
  { nbf: seconds() + 20 },
  { nbf: seconds() + 60 },
  { iss: `${issuer}/` },
  { iss: undefined },
  { iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other' },
  { aud: 'other', client_id: 'other' },
  { aud: undefined, client_id: undefined },
  { token_use: 'id' },
  { token_use: 'access' },
  { token_use: 'refresh' },
  { token_use: undefined },
];

const otherKeys: readonly SigningKey[] = [
  { ...foreignKey, kid: idKey.kid },
  { ...accessKey, kid: idKey.kid },
  foreignKey,
];

/** We are stricter, on purpose: `exp` must be there, `aud` is one client, no padding. */
const stricter: readonly Claims[] = [{ exp: undefined }, { aud: [clientId] }, { sub: '' }];

async function tokensOf(use: 'id' | 'access'): Promise<readonly string[]> {
  const claims = use === 'id' ? idClaims : accessClaims;
  const key = use === 'id' ? idKey : accessKey;
  const good = await sign(claims(), key);
  return [
    ...(await Promise.all(changes.map((one) => sign(claims(one), key)))),
    ...(await Promise.all(otherKeys.map((one) => sign(claims(), one)))),
    '',
    'a.b',
    `${good}.x`,
    good.slice(0, -8),
    rewritten(good, 0, (text) => text.replace('RS256', 'none')),
    rewritten(good, 0, (text) => text.replace('RS256', 'HS256')),
    rewritten(good, 0, (text) => text.replace('RS256', 'RS512')),
    rewritten(good, 0, () => '[]'),
    rewritten(good, 0, () => '{'),
    rewritten(good, 1, (text) => text.replace('ada', 'bob')),
    rewritten(good, 1, () => 'null'),
  ];
}

describe('our token checks beside aws-jwt-verify', () => {
  for (const use of ['id', 'access'] as const) {
    const ours = use === 'id' ? verifyIdToken : verifyAccessToken;
    it(`B6 T22.7 the same ${use} tokens are accepted`, async () => {
      const tokens = await tokensOf(use);
      let accepted = 0;
      for (const [index, token] of tokens.entries()) {
        const [we, they] = [await accepts(() => ours(token, rules)), await accepts(() => oracles[use].verify(token))];
        assert.equal(we, they, `${use} token ${index}: ours ${String(we)}, theirs ${String(they)}`);
        accepted += we ? 1 : 0;
      }
      assert.ok(accepted >= 4 && accepted < 10, `${accepted} accepted`);
    });

    it(`we accept no ${use} token that it refuses, and refuse some more`, async () => {
      for (const change of use === 'id' ? stricter : [{ exp: undefined }, { sub: '' }]) {
        const token = await sign(
          use === 'id' ? idClaims(change) : accessClaims(change),
          use === 'id' ? idKey : accessKey,
        );
        assert.equal(await accepts(() => ours(token, rules)), false, JSON.stringify(change));
      }
    });
  }
});
