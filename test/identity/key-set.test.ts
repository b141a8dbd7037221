import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  accessClaims,
  accessKey,
  down,
  idClaims,
  idKey,
  redeemInput,
  setUp,
  sign,
  signingKey,
  tokenAnswer,
  type Setup,
} from './fake-endpoints.ts';

const newKey = await signingKey('new');

const jwksRequests = (setup: Setup): number => setup.fake.asked.filter((url) => url.endsWith('/jwks.json')).length;

async function outcome(setup: Setup): Promise<string> {
  const result = await setup.userPool.redeem(redeemInput());
  return result.kind === 'ok' ? 'ok' : result.code;
}

async function signedBy(id = idKey, access = accessKey): Promise<{ body: unknown }> {
  const id_token = await sign(idClaims(), id);
  return { body: { id_token, access_token: await sign(accessClaims(), access), token_type: 'Bearer' } };
}

describe('B12 signing keys', () => {
  it('known keys keep working for ever while the endpoint is down', async () => {
    const setup = setUp();
    assert.equal(await outcome(setup), 'ok');
    setup.fake.jwks = down;
    setup.clock = 86_400 * 30;
    const later = { iat: Date.now() / 1000, exp: Math.floor(Date.now() / 1000) + 86_400 * 31 };
    setup.fake.token = () => tokenAnswer(later, later);
    assert.equal(await outcome(setup), 'ok');
    setup.userPool.stop();
    assert.equal(jwksRequests(setup), 1);
  });

  it('an unknown kid asks once in ten seconds, with the endpoint up or down', async () => {
    for (const broken of [false, true]) {
      const setup = setUp();
      assert.equal(await outcome(setup), 'ok');
      setup.clock = 11;
      if (broken) {
        setup.fake.jwks = down;
      }
      setup.fake.token = () => signedBy(newKey, newKey);
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(setup)));
      assert.ok(
        outcomes.every((one) => one === 'bad_token'),
        String(outcomes[0]),
      );
      for (let round = 0; round < 10; round += 1) {
        assert.equal(await outcome(setup), 'bad_token');
      }
      assert.ok(jwksRequests(setup) <= 2, `${jwksRequests(setup)} requests`);
      setup.fake.token = () => tokenAnswer();
      assert.equal(await outcome(setup), 'ok', 'known keys still work');
      setup.userPool.stop();
    }
  });

  it('a rotated key is taken at its first token', async () => {
    const setup = setUp();
    assert.equal(await outcome(setup), 'ok');
    setup.clock = 11;
    setup.fake.jwks = () => ({ body: { keys: [idKey.jwk, newKey.jwk] } });
    setup.fake.token = () => signedBy(idKey, newKey);
    assert.equal(await outcome(setup), 'ok');
    setup.fake.token = () => signedBy(newKey, newKey);
    assert.equal(await outcome(setup), 'ok');
    setup.userPool.stop();
    assert.equal(jwksRequests(setup), 2);
  });

  it('a new key of the ID token alone is taken as well', async () => {
    const setup = setUp();
    assert.equal(await outcome(setup), 'ok');
    setup.clock = 11;
    setup.fake.jwks = () => ({ body: { keys: [newKey.jwk, accessKey.jwk] } });
    setup.fake.token = () => signedBy(newKey, accessKey);
    assert.equal(await outcome(setup), 'ok');
    setup.userPool.stop();
  });

  it('a broken document never replaces good keys', async () => {
    const setup = setUp();
    assert.equal(await outcome(setup), 'ok');
    for (const body of [{ keys: [] }, { keys: 'x' }, '<html>', { keys: [{ kty: 'oct', k: 'AAAA', kid: idKey.kid }] }]) {
      setup.clock += 11;
      setup.fake.jwks = () => ({ body });
      setup.fake.token = () => signedBy(newKey, newKey);
      assert.equal(await outcome(setup), 'bad_token');
      setup.fake.token = () => tokenAnswer();
      assert.equal(await outcome(setup), 'ok');
    }
    setup.userPool.stop();
  });

  it('no keys yet and the endpoint down: unavailable, and tried again', async () => {
    const setup = setUp();
    setup.fake.jwks = down;
    assert.equal(await outcome(setup), 'unavailable');
    setup.fake.jwks = () => ({ body: { keys: [idKey.jwk, accessKey.jwk] } });
    setup.clock = 11;
    assert.equal(await outcome(setup), 'ok');
    setup.userPool.stop();
  });
});
