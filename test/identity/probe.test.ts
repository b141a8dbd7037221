import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { probePool } from '../../src/identity/probe.ts';
import type { Pool } from '../../src/model/pool.ts';
import { startCognito } from '../support/cognito/cognito.ts';
import type { Cognito } from '../support/cognito/types.ts';
import { poolWith } from './fake-endpoints.ts';

const client = {
  clientId: '1example23456789',
  clientSecret: 'not-asked',
  redirectUris: ['https://auth.example.com/oauth2/callback'],
  logoutUris: ['https://auth.example.com/oauth2/signed-out'],
};

suite('what a pool answers, as it is asked for its conditions', () => {
  let cognito: Cognito;
  before(async () => {
    cognito = await startCognito({ clients: [client], users: [] });
  });
  after(() => cognito.close());

  const ask = (more: Partial<Pool> = {}, uris: { redirectUri?: string; logoutUri?: string } = {}) =>
    probePool(
      poolWith({ issuers: [cognito.issuer], endpoints: {}, domain: undefined, clientId: client.clientId, ...more }),
      {
        fetch,
        now: () => 1000,
        redirectUri: 'https://auth.example.com/oauth2/callback',
        logoutUri: 'https://auth.example.com/oauth2/signed-out',
        ...uris,
      },
    );

  test('all is well', async () => {
    const state = await ask();
    assert.deepEqual(
      [state.discovery.ok, state.keys.ok, state.authorize.ok, state.logout.ok],
      [true, true, true, true],
      JSON.stringify(state),
    );
    assert.equal(state.issuer, cognito.issuer);
    assert.equal(state.loginPages, 'Managed');
    assert.equal(state.askedAt, 1000);
  });

  test('a callback URL that is not registered is named, with the list it belongs on', async () => {
    const { authorize, logout } = await ask({}, { redirectUri: 'https://other.example.com/oauth2/callback' });
    assert.equal(authorize.reason, 'RedirectMismatch');
    assert.match(
      authorize.message,
      /https:\/\/other\.example\.com\/oauth2\/callback: add it to the app client’s callback URLs/,
    );
    assert.ok(logout.ok);
  });

  test('a sign-out URL that is not registered too', async () => {
    const { authorize, logout } = await ask({}, { logoutUri: 'https://other.example.com/oauth2/signed-out' });
    assert.ok(authorize.ok);
    assert.equal(logout.reason, 'RedirectMismatch');
    assert.match(logout.message, /sign-out URLs/);
  });

  test('an app client that the pool does not have', async () => {
    const { authorize } = await ask({ clientId: 'nobody' });
    assert.equal(authorize.ok, false);
    assert.match(authorize.message, /check spec\.clientId/);
  });

  test('a domain where nothing is', async () => {
    const { authorize } = await ask({ endpoints: { authorization: 'http://127.0.0.1:9/oauth2/authorize' } });
    assert.equal(authorize.reason, 'WrongDomain');
    assert.match(authorize.message, /127\.0\.0\.1:9: .*cannot be reached.*check spec\.domain/);
  });

  test('a domain where something else answers', async () => {
    const { authorize } = await ask({ endpoints: { authorization: `${cognito.issuer}/.well-known/jwks.json` } });
    assert.equal(authorize.reason, 'WrongDomain');
    assert.match(authorize.message, /answered 200 where Cognito redirects/);
  });

  test('a user pool that is not there: nothing else is asked', async () => {
    const { discovery, keys } = await ask({ issuers: [`${cognito.issuer}x`] });
    assert.equal(discovery.reason, 'Unreachable');
    assert.match(discovery.message, /check spec\.userPoolId/);
    assert.equal(keys.reason, 'Unknown');
  });
});
