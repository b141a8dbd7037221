import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { test } from 'node:test';

import { CognitoJwtVerifier } from 'aws-jwt-verify';

import { createBearers, type BearerRead, type KnownToken } from '../../src/identity/bearers.ts';
import type { Caller } from '../../src/model/identity.ts';
import type { Pool } from '../../src/model/pool.ts';
import type { RevocationAnswer } from '../../src/model/revocation.ts';
import { createUserPools } from '../../src/identity/pools.ts';
import { createBoundedCache } from '../../src/session/bounded-cache.ts';
import {
  accessClaims,
  accessKey,
  clientId,
  down,
  fakeEndpoints,
  foreignKey,
  idClaims,
  idKey,
  issuer,
  poolWith,
  seconds,
  sign,
  signingKey,
  silent,
  updatedIssuer,
  type Claims,
} from './fake-endpoints.ts';

const job = '7abcexample';
const staff = poolWith({ machineClients: [job] });

interface World {
  readonly fake: ReturnType<typeof fakeEndpoints>;
  readonly outcomes: string[];
  readonly cache: ReturnType<typeof createBoundedCache<KnownToken>>;
  clock: number;
  named: ReadonlySet<string>;
  revoked: (caller: Caller) => RevocationAnswer;
  /** What came of it, in a word. */
  read(authorization: string, pools?: readonly Pool[]): Promise<string>;
  caller(token: string, pools?: readonly Pool[]): Promise<Caller>;
  raw(authorization: string, pools?: readonly Pool[]): BearerRead | Promise<BearerRead>;
}

function world(fake = fakeEndpoints(), entries = 100): World {
  const outcomes: string[] = [];
  const cache = createBoundedCache<KnownToken>({ entries, bytes: 1_000_000 });
  const now = (): number => Date.now() / 1000 + made.clock;
  const pools = createUserPools(() => ({ fetch: fake.fetch, now, named: () => ({ claims: made.named }) }));
  const bearers = createBearers({
    tokensOf: (pool) => pools.of(pool).accessTokens,
    known: cache,
    now,
    named: () => ({ claims: made.named }),
    observe: (outcome) => void outcomes.push(outcome),
  });
  const made: World = {
    fake,
    outcomes,
    cache,
    clock: 0,
    named: new Set(),
    revoked: () => 'no',
    raw: (authorization, of = [staff]) =>
      bearers.read({ authorization, authorizationTwice: false }, of, (caller) => made.revoked(caller)),
    async read(authorization, of) {
      const read = await made.raw(authorization, of);
      return read.kind === 'refused'
        ? read.reason
        : read.kind === 'callers'
          ? (read.callers[0]?.kind ?? '')
          : 'foreign';
    },
    async caller(token, of) {
      const read = await made.raw(`Bearer ${token}`, of);
      const [caller] = read.kind === 'callers' ? read.callers : [];
      assert.ok(caller !== undefined, JSON.stringify(read));
      return caller;
    },
  };
  return made;
}

const machineClaims = (changes: Claims = {}): Claims =>
  accessClaims({ sub: job, client_id: job, username: undefined, scope: 'shop/read shop/write', ...changes });
const machineToken = (changes: Claims = {}): Promise<string> => sign(machineClaims(changes), accessKey);
const personToken = (changes: Claims = {}): Promise<string> => sign(accessClaims(changes), accessKey);

test('B4: a token of the client credentials grant is a machine, with its client and scopes', async () => {
  const { caller } = world();
  const claims = machineClaims();
  assert.deepEqual(await caller(await sign(claims, accessKey)), {
    kind: 'machine',
    pool: staff.id,
    client: job,
    scopes: new Set(['shop/read', 'shop/write']),
    authTime: claims['iat'],
  });
  const none = await caller(await machineToken({ scope: undefined, auth_time: 1 }));
  assert.equal(none.kind === 'machine' && none.scopes.size, 0);
});

test('a person’s access token says who, and leaves unknown what it doesn’t say', async () => {
  const one = world();
  one.named = new Set(['custom:site', 'custom:tier']);
  const claims = { 'cognito:groups': ['staff'], 'custom:site': 'berlin' };
  const who = await one.caller(await personToken(claims));
  assert.ok(who.kind === 'person');
  assert.deepEqual([who.subject, who.username, who.email, who.bearer], ['sub-ada', 'ada', undefined, true]);
  assert.deepEqual(who.groups, { names: new Set(['staff']), judged: undefined });
  assert.deepEqual(who.claims, new Map([['custom:site', ['berlin']]]));
  const inIdToken = poolWith({ groups: { claim: 'custom:groups', token: 'ID', format: 'JSON' } });
  const other = await world().caller(await personToken(claims), [inIdToken]);
  assert.deepEqual(other.kind === 'person' && other.groups, { names: new Set(), judged: new Set() });
});

test('whoever has a username is a person, whatever client and scopes the token names', async () => {
  const { caller } = world();
  assert.equal((await caller(await machineToken({ username: 'ada' }))).kind, 'person');
  assert.equal((await caller(await machineToken({ sub: 'sub-ada' }))).kind, 'person');
});

const alien = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other';
const hs256 = (claims: Claims): string => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', kid: accessKey.kid })}.${part(claims)}`;
  const secret = createPublicKey({ key: accessKey.jwk, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};
const unsigned = (claims: Claims): string =>
  `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;

const tokens: readonly (readonly [name: string, token: () => Promise<string> | string, expected: string])[] = [
  ['B1 a good one', () => machineToken(), 'machine'],
  ['B1 of the pool’s own client', () => personToken(), 'person'],
  ['B2 of another client', () => machineToken({ client_id: 'other', sub: 'other' }), 'bearer_client'],
  ['B2 without a client', () => machineToken({ client_id: undefined }), 'bearer_client'],
  ['B3 an ID token', () => sign(idClaims(), idKey), 'bearer_id_token'],
  ['B3 an ID token that calls itself access', () => sign(idClaims({ token_use: 'access' }), idKey), 'bearer_client'],
  ['B3 of no use', () => machineToken({ token_use: undefined }), 'bearer_invalid'],
  ['B3 of another use', () => machineToken({ token_use: 'refresh' }), 'bearer_invalid'],
  ['B6 of another pool', () => machineToken({ iss: alien }), 'foreign'],
  ['B6 of our issuer in the form that is not in use', () => machineToken({ iss: updatedIssuer }), 'bearer_invalid'],
  ['B6 with an unknown kid', () => sign(machineClaims(), foreignKey), 'bearer_invalid'],
  ['B6 without a kid', () => sign(machineClaims(), accessKey, { kid: undefined }), 'bearer_invalid'],
  ['B6 signed by another key', () => sign(machineClaims(), { ...foreignKey, kid: accessKey.kid }), 'bearer_invalid'],
  [
    'B6 that brings its own key',
    () => sign(machineClaims(), { ...foreignKey, kid: accessKey.kid }, { jwk: foreignKey.jwk }),
    'bearer_invalid',
  ],
  ['B6 alg none', () => unsigned(machineClaims()), 'bearer_invalid'],
  ['B6 HS256 with the public key', () => hs256(machineClaims()), 'bearer_invalid'],
  ['B6 expired', () => machineToken({ exp: seconds() - 60 }), 'bearer_expired'],
  ['B6 expired within the leeway', () => machineToken({ exp: seconds() - 20 }), 'machine'],
  ['B6 without exp', () => machineToken({ exp: undefined }), 'bearer_expired'],
  ['B6 exp as text', () => machineToken({ exp: '2099' }), 'bearer_expired'],
  ['B6 not yet valid', () => machineToken({ nbf: seconds() + 60 }), 'bearer_invalid'],
  ['B6 not yet valid within the leeway', () => machineToken({ nbf: seconds() + 20 }), 'machine'],
  ['B6 without sub', () => machineToken({ sub: undefined }), 'bearer_invalid'],
  ['B6 cut', async () => (await machineToken()).slice(0, -8), 'bearer_invalid'],
];

const oracle = CognitoJwtVerifier.create({
  userPoolId: 'eu-west-1_AbCdEfGhI',
  clientId: [clientId, job],
  tokenUse: 'access',
  graceSeconds: 30,
});
oracle.cacheJwks({ keys: [idKey.jwk, accessKey.jwk] as never });
/** Where we are stricter on purpose: an end, somebody, and the one issuer that was found. */
const stricter = new Set([
  'B6 without exp',
  'B6 without sub',
  'B6 of our issuer in the form that is not in use',
  'B3 an ID token that calls itself access',
]);

for (const [name, token, expected] of tokens) {
  test(`${name}: ${expected}, and aws-jwt-verify agrees`, async () => {
    const one = world();
    // The issuer that was found is pinned: the pool has been looked for before.
    await one.read(`Bearer ${await machineToken()}`);
    const value = await token();
    assert.equal(await one.read(`Bearer ${value}`), expected);
    const theirs = await oracle.verify(value).then(
      () => true,
      () => false,
    );
    const ours = expected === 'machine' || expected === 'person';
    assert.ok(ours === theirs || (!ours && stricter.has(name)), `theirs: ${String(theirs)}`);
  });
}

test('B13, B8, B9: what an Authorization header may look like', async () => {
  const one = world();
  const token = await machineToken();
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const expected: readonly (readonly [string, string])[] = [
    [`bearer ${token}`, 'machine'],
    [`BEARER   ${token}  `, 'machine'],
    [`Bearer ${token} ${token}`, 'bearer_malformed'],
    [`Bearer ${token}, Bearer ${token}`, 'bearer_malformed'],
    [`Bearer x ${token}`, 'bearer_malformed'],
    [`Bearer ${'a'.repeat(64_000)}`, 'bearer_malformed'],
    [`Bearer ${token}${'a'.repeat(16_384)}`, 'bearer_malformed'],
    [basic(`user:${token}`), 'bearer_malformed'],
    [basic(`${token}:x`), 'bearer_malformed'],
    [basic(`${token}:`), 'bearer_malformed'],
    [basic('user:secret'), 'foreign'],
    [basic('user:se:cret'), 'foreign'],
    ['Basic', 'foreign'],
    ['Bearer', 'foreign'],
    ['Bearer glsa_opaque-of-grafana', 'foreign'],
    ['Bearer a.b.c', 'foreign'],
    [`Bearer ${Buffer.from('{}').toString('base64url')}.${Buffer.from('[[').toString('base64url')}.x`, 'foreign'],
    ['Negotiate YIIG', 'foreign'],
    [`AWS4-HMAC-SHA256 Credential=${token}`, 'foreign'],
    [token, 'foreign'],
    ['', 'foreign'],
    ['\u0000\uffff', 'foreign'],
  ];
  for (const [header, outcome] of expected) assert.equal(await one.read(header), outcome, header.slice(0, 60));
});

test('B13: two headers are refused, whatever is in them', async () => {
  const bearers = createBearers({
    tokensOf: () => assert.fail('nobody is asked'),
    known: createBoundedCache({ entries: 1, bytes: 1 }),
    now: () => 0,
    named: () => ({ claims: new Set() }),
    observe: () => undefined,
  });
  const read = await bearers.read({ authorization: 'a\nb', authorizationTwice: true }, [staff], () => 'no');
  assert.deepEqual(read, { kind: 'refused', reason: 'bearer_malformed' });
});

test('B11: verified once, then known, and the end of a token is its end', async () => {
  const one = world();
  const header = `Bearer ${await machineToken({ exp: seconds() + 100 })}`;
  assert.equal(await one.read(header), 'machine');
  const again = one.raw(header);
  assert.ok(!(again instanceof Promise) && again.kind === 'callers');
  one.clock = 129;
  assert.equal(await one.read(header), 'machine');
  one.clock = 131;
  assert.equal(await one.read(header), 'bearer_expired');
  assert.deepEqual(one.outcomes.slice(0, 2), ['verified', 'known']);
  assert.equal(one.outcomes.at(-1), 'bearer_expired');
});

test('B11: a client that leaves the list is refused at once, and no key is read again for that', async () => {
  const one = world();
  const header = `Bearer ${await machineToken()}`;
  assert.equal(await one.read(header), 'machine');
  const asked = one.fake.asked.length;
  assert.equal(await one.read(header, [poolWith({ machineClients: ['other'] })]), 'bearer_client');
  assert.equal(await one.read(header, [poolWith()]), 'bearer_client');
  assert.equal(await one.read(header), 'machine');
  assert.equal(one.fake.asked.length, asked);
});

test('B11: a revocation reaches a token that is known; what was never judged is refused', async () => {
  const one = world();
  const header = `Bearer ${await machineToken()}`;
  assert.equal(await one.read(header), 'machine');
  one.revoked = () => 'yes';
  assert.equal(await one.read(header), 'bearer_revoked');
  one.revoked = () => 'unknown';
  assert.equal(await one.read(header), 'groups_unknown');
  one.revoked = () => 'no';
  assert.equal(await one.read(header), 'machine');
});

test('claims that a newer policy names are read from a token that is known', async () => {
  const one = world();
  const token = await personToken({ 'custom:site': 'berlin' });
  const before = await one.caller(token);
  assert.equal(await one.caller(token), before, 'the same object, as long as nothing changes');
  one.named = new Set(['custom:site']);
  const after = await one.caller(token);
  assert.deepEqual(after.kind === 'person' && after.claims.get('custom:site'), ['berlin']);
});

const newKey = await signingKey('new');
const jwksAsked = ({ fake }: World): number => fake.asked.filter((url) => url.endsWith('/jwks.json')).length;

test('B12: a flood of unknown kids costs one fetch in ten seconds, and known tokens pass meanwhile', async () => {
  const one = world();
  const good = `Bearer ${await machineToken()}`;
  assert.equal(await one.read(good), 'machine');
  one.clock = 11;
  const before = jwksAsked(one);
  const strange = `Bearer ${await sign(machineClaims(), newKey)}`;
  const all = await Promise.all(Array.from({ length: 100 }, () => one.read(strange)));
  assert.ok(all.every((outcome) => outcome === 'bearer_invalid'));
  assert.equal(await one.read(good), 'machine');
  assert.equal(jwksAsked(one), before + 1);
});

test('B12: keys rotate: the new one is accepted, what the removed one signed is not, known or new', async () => {
  const one = world();
  const old = `Bearer ${await machineToken()}`;
  assert.equal(await one.read(old), 'machine');
  one.fake.jwks = () => ({ body: { keys: [idKey.jwk, newKey.jwk] } });
  one.clock = 11;
  assert.equal(await one.read(`Bearer ${await sign(machineClaims(), newKey)}`), 'machine');
  assert.equal(await one.read(old), 'bearer_invalid');
});

test('B12: a key that is replaced under its kid ends what the one before had signed', async () => {
  const one = world();
  const old = `Bearer ${await machineToken()}`;
  assert.equal(await one.read(old), 'machine');
  const replaced = { ...newKey, kid: accessKey.kid, jwk: { ...newKey.jwk, kid: accessKey.kid } };
  one.fake.jwks = () => ({ body: { keys: [idKey.jwk, replaced.jwk] } });
  one.clock = 11;
  await one.read(`Bearer ${await sign(machineClaims(), foreignKey)}`);
  assert.equal(await one.read(old), 'bearer_invalid');
  assert.equal(await one.read(`Bearer ${await sign(machineClaims(), replaced)}`), 'machine');
});

for (const [name, jwks] of [
  ['down', down],
  ['malformed', () => ({ body: { keys: 'none' } })],
  ['empty', () => ({ body: { keys: [] } })],
  ['no JSON', () => ({ body: '<html>' })],
] as const) {
  test(`B12: the key set is ${name}: known keys go on, unknown ones are refused`, async () => {
    const one = world();
    const known = `Bearer ${await machineToken()}`;
    assert.equal(await one.read(known), 'machine');
    one.fake.jwks = jwks;
    one.clock = 11;
    assert.equal(await one.read(`Bearer ${await sign(machineClaims(), newKey)}`), 'bearer_invalid');
    assert.equal(await one.read(known), 'machine');
    assert.equal(await one.read(`Bearer ${await machineToken({ jti: 'another' })}`), 'machine');
  });

  test(`B12: the key set is ${name} from the start: nothing is believed`, async () => {
    const fake = fakeEndpoints();
    fake.jwks = jwks;
    const one = world(fake);
    const header = `Bearer ${await machineToken()}`;
    assert.equal(await one.read(header), 'bearer_unverifiable');
    fake.jwks = fakeEndpoints().jwks;
    one.clock = 3;
    assert.equal(await one.read(header), 'machine');
  });
}

test('B12: a pool that does not answer holds a request for two seconds at most', async () => {
  const fake = fakeEndpoints();
  fake.jwks = silent;
  assert.equal(await world(fake).read(`Bearer ${await machineToken()}`), 'bearer_unverifiable');
});

test('several pools: the issuer says which, and of two with one issuer the one whose client it is', async () => {
  const fake = fakeEndpoints();
  const other = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Robots000';
  fake.discovery[other] = () => ({ body: { ...(fakeDocument(other) as object) } });
  const robots = poolWith({
    id: 'b'.repeat(64),
    name: 'robots',
    issuers: [other],
    clientId: 'own',
    machineClients: [job],
  });
  const twin = poolWith({ id: 'c'.repeat(64), name: 'twin', clientId: 'twin-client' });
  const one = world(fake);
  const pools = [twin, staff, robots];
  assert.equal((await one.caller(await machineToken(), pools)).pool, staff.id);
  assert.equal((await one.caller(await machineToken(), pools)).pool, staff.id);
  assert.equal((await one.caller(await machineToken({ iss: other }), pools)).pool, robots.id);
  const elsewhere = `Bearer ${await machineToken({ iss: other, client_id: clientId })}`;
  assert.equal(await one.read(elsewhere, pools), 'bearer_client', 'a client is one pool’s');
  assert.equal(await one.read(`Bearer ${await machineToken({ iss: other })}`, [staff]), 'foreign');
});

test('S15 B11: of a client that two pools name, a revocation or an entry about either pool counts', async () => {
  const twin = poolWith({ id: 'c'.repeat(64), name: 'twin', clientId: 'twin-client', machineClients: [job, clientId] });
  const pools = [staff, twin];
  for (const token of [await machineToken(), await personToken()]) {
    const one = world();
    const header = `Bearer ${token}`;
    for (const id of [staff.id, twin.id, staff.id, twin.id]) {
      one.revoked = (caller) => (caller.pool === id ? 'yes' : 'no');
      assert.equal(await one.read(header, pools), 'bearer_revoked');
      one.revoked = (caller) => (caller.pool === id ? 'unknown' : 'no');
      assert.equal(await one.read(header, pools), 'groups_unknown');
    }
    one.revoked = () => 'no';
    const read = await one.raw(header, pools);
    assert.deepEqual(read.kind === 'callers' && read.callers.map(({ pool }) => pool), [staff.id, twin.id]);
  }
});

function fakeDocument(of: string): unknown {
  const domain = 'https://robots.auth.eu-west-1.amazoncognito.com';
  return {
    issuer: of,
    authorization_endpoint: `${domain}/oauth2/authorize`,
    token_endpoint: `${domain}/oauth2/token`,
    jwks_uri: `${of}/.well-known/jwks.json`,
  };
}

test('a pool that is pointed at other keys verifies anew what another one verified', async () => {
  const one = world();
  const header = `Bearer ${await machineToken()}`;
  assert.equal(await one.read(header), 'machine');
  one.fake.jwks = () => ({ body: { keys: [newKey.jwk] } });
  const moved = poolWith({ machineClients: [job], endpoints: { issuer, jwks: 'https://a.example/jwks.json' } });
  assert.equal(await one.read(header, [moved]), 'bearer_invalid');
});

test('what is remembered is bounded', async () => {
  const one = world(fakeEndpoints(), 5);
  for (let count = 0; count < 12; count += 1) await one.read(`Bearer ${await machineToken({ jti: String(count) })}`);
  assert.equal(one.cache.size, 5);
});
