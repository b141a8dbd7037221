/** Bearer tokens, at the decision endpoint and through NGINX: every case B1 to B14. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { routeId } from '../../src/translate/route-id.ts';
import { noFaults } from '../support/cognito/types.ts';
import type { CognitoClient } from '../support/cognito/types.ts';
import { ask } from '../support/request.ts';
import { account, scripted, sessionOn } from '../support/steps.ts';
import { stackHosts, startStack, until } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { navigation } from '../support/visitor.ts';

const machine = (clientId: string, ...machineScopes: readonly string[]): CognitoClient => ({
  clientId,
  clientSecret: `${clientId}-secret-0123456789`,
  redirectUris: [],
  logoutUris: [],
  machineScopes,
});
const job = machine('7job23456789', 'shop/read', 'shop/write');
const banned = machine('8banned23456789', 'shop/read', 'shop/write');
const stranger = machine('9stranger23456789', 'shop/read', 'shop/write');

/** shop: people and machines, people by bearer too. wiki: machines alone. plain: people alone. cookies: machines, and people by cookie. */
const apps = `
${ingress('shop', 'shop', stackHosts.shop)}
---
${policy('shop', 'shop')}
  bearer: Accept
  deny: [{ groups: [suspended] }, { machine: { clients: [${banned.clientId}] } }]
  rules:
    - { name: health, match: { paths: [{ type: Exact, value: /healthz }] }, access: Public }
    - name: api
      match: { paths: [{ type: PathPrefix, value: /api }] }
      allow: [{ groups: [staff] }, { machine: { clients: [${job.clientId}, ${banned.clientId}], scopes: [shop/write] } }]
    - name: both-scopes
      match: { paths: [{ type: PathPrefix, value: /both }] }
      allow: [{ machine: { scopes: [shop/read, shop/write] } }]
    - { name: everyone-else, access: SignedIn }
---
${ingress('wiki', 'wiki', stackHosts.wiki)}
---
${policy('wiki', 'wiki')}
  rules: [{ name: api, allow: [{ machine: { clients: [${job.clientId}], scopes: [shop/write] } }] }]
---
${ingress('shop', 'plain', stackHosts.shop, '/plain')}
---
${policy('shop', 'plain')}
  rules: [{ name: all, access: SignedIn }]
---
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: plain-planned, namespace: shop }
spec:
  mode: Audit
  targetRefs: [{ group: networking.k8s.io, kind: Ingress, name: plain }]
  rules: [{ name: all, allow: [{ machine: { scopes: [shop/write] } }] }]
---
${ingress('shop', 'cookies', stackHosts.shop, '/cookies')}
---
${policy('shop', 'cookies')}
  rules: [{ name: all, allow: [{ groups: [staff] }, { machine: { scopes: [shop/write] } }] }]
`;

function ingress(namespace: string, name: string, host: string, path = '/'): string {
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: ${namespace}, annotations: { cognito-gate.dev/policy: ${name} } }
spec:
  ingressClassName: nginx
  rules: [{ host: ${host}, http: { paths: [{ path: ${path}, pathType: Prefix, backend: { service: { name: ${name}, port: { number: 80 } } } }] } }]`;
}

function policy(namespace: string, name: string): string {
  return `apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec:`;
}

let stack: Stack;
/** bob's session on the shop's host. */
let cookie: string;
before(async () => {
  stack = await startStack({
    apps,
    clients: [job, banned, stranger],
    poolSpec: `  machineClients: [${job.clientId}, ${banned.clientId}]\n`,
    wiring: { wiki: { signIn: false, companion: false } },
  });
  const visitor = stack.visitor();
  await visitor.signIn(`${stack.urls.shop}/`, account('bob'));
  cookie = sessionOn(visitor, stackHosts.shop).join('=');
});
after(() => stack.stop());
afterEach(() => void Object.assign(stack.cognito.faults, noFaults()));

const seconds = (): number => Math.floor(Date.now() / 1000);

/** As a CI job asks Cognito. */
async function issued(client: CognitoClient, scope: string): Promise<string> {
  const answer = await ask(`${stack.urls.cognito}/oauth2/token`, {
    method: 'POST',
    ca: stack.ca,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }).toString(),
  });
  assert.equal(answer.status, 200, answer.body);
  return String((JSON.parse(answer.body) as Record<string, unknown>)['access_token']);
}

type Claims = Readonly<Record<string, unknown>>;
const machineClaims = (changes: Claims = {}): Claims => ({
  iss: stack.cognito.issuer,
  sub: job.clientId,
  client_id: job.clientId,
  token_use: 'access',
  scope: 'shop/read shop/write',
  iat: seconds(),
  exp: seconds() + 600,
  ...changes,
});
const personClaims = (changes: Claims = {}): Claims =>
  machineClaims({
    sub: 'sub-of-bob',
    username: 'bob',
    client_id: '1example23456789',
    scope: 'openid',
    'cognito:groups': ['staff'],
    auth_time: seconds(),
    ...changes,
  });
const made = (changes: Claims = {}): Promise<string> => stack.cognito.sign(machineClaims(changes));

type Headers = Readonly<Record<string, string | readonly string[]>>;

interface Sent {
  readonly headers?: Headers;
  readonly path?: string;
}

/** At the decision endpoint, as ingress-nginx asks: status, and the challenge where there is one. */
async function decided(
  of: 'shop' | 'wiki' | 'plain' | 'cookies',
  { headers = {}, path = '/api' }: Sent,
): Promise<string> {
  const host = of === 'wiki' ? stackHosts.wiki : stackHosts.shop;
  const id = routeId(of === 'wiki' ? 'wiki' : 'shop', of);
  const answer = await ask(`${stack.decisions}/nginx/${id}`, {
    headers: { 'x-original-url': `https://${host}${path}`, 'x-original-method': 'GET', ...scripted, ...headers },
  });
  const challenge = answer.headers['www-authenticate'];
  return challenge === undefined ? String(answer.status) : `${answer.status} ${challenge}`;
}

/** Through NGINX. */
async function through(of: 'shop' | 'wiki', { headers = {}, path = '/api' }: Sent): Promise<string> {
  const answer = await ask(`${stack.urls[of]}${path}`, { ca: stack.ca, headers: { ...scripted, ...headers } });
  assert.equal(answer.headers.location, undefined, 'B10: never a redirect');
  const challenge = answer.headers['www-authenticate'];
  return challenge === undefined ? String(answer.status) : `${answer.status} ${challenge}`;
}

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const invalid = '401 Bearer error="invalid_token"';

/** On shop, whose wiring has a sign-in, and on wiki, whose wiring has none: both ways. */
async function everywhere(sent: Sent, shop: string, wiki: string): Promise<void> {
  assert.equal(await decided('shop', sent), shop, 'shop, decided');
  assert.equal(await through('shop', sent), shop, 'shop, through NGINX');
  assert.equal(await decided('wiki', sent), wiki, 'wiki, decided');
  // NGINX hands on the challenge of a 401 only.
  assert.equal(await through('wiki', sent), wiki.startsWith('403') ? '403' : wiki, 'wiki, through NGINX');
}

test('B1, B4 a machine with client and scope passes, and the app learns its client and nothing else', async () => {
  const headers = { ...bearer(await issued(job, 'shop/write')), 'x-auth-request-email': 'ada@example.com' };
  await everywhere({ headers }, '200', '200');
  const seen = stack.wiki.last?.headers ?? {};
  assert.deepEqual(
    ['user', 'email', 'groups', 'preferred-username', 'groups-partial'].map(
      (name) => seen[`x-auth-request-${name}`] ?? '',
    ),
    [job.clientId, '', '', '', 'false'],
  );
});

test('B1 a person’s access token passes by its groups, where the policy takes it', async () => {
  await everywhere({ headers: bearer(await stack.cognito.sign(personClaims())) }, '200', '401 Bearer');
  const nobody = await stack.cognito.sign(personClaims({ 'cognito:groups': undefined }));
  assert.equal(await through('shop', { headers: bearer(nobody) }), '403');
  const suspended = await stack.cognito.sign(personClaims({ 'cognito:groups': ['staff', 'suspended'] }));
  assert.equal(await through('shop', { headers: bearer(suspended) }), '403');
});

test('a person who has taken the id of a machine’s client as a name is no machine to the app', async () => {
  const user = async (username: string): Promise<unknown> => {
    const token = await stack.cognito.sign(personClaims({ username }));
    assert.equal(await through('shop', { headers: bearer(token) }), '200');
    return stack.shop.last?.headers['x-auth-request-user'] ?? '';
  };
  assert.deepEqual([await user('bob'), await user(job.clientId)], ['bob', '']);
});

test('B2 another client of the same pool is refused', async () => {
  await everywhere({ headers: bearer(await issued(stranger, 'shop/write')) }, '403', invalid);
});

test('a client that is denied is refused, scope or not', async () => {
  assert.equal(await through('shop', { headers: bearer(await issued(banned, 'shop/write')) }), '403');
});

test('B3 an ID token is refused, and so is one that only calls itself one of access', async () => {
  const id = { token_use: 'id', aud: job.clientId, client_id: undefined };
  await everywhere({ headers: bearer(await stack.cognito.sign(machineClaims(id), 'id')) }, '403', invalid);
  await everywhere({ headers: bearer(await made({ token_use: 'refresh' })) }, '403', invalid);
});

test('B4 without the scope it is refused', async () => {
  const headers = bearer(await issued(job, 'shop/read'));
  await everywhere({ headers }, '403', '403 Bearer error="insufficient_scope"');
});

test('B5 one scope of two is not enough', async () => {
  const path = '/both';
  assert.equal(await through('shop', { path, headers: bearer(await issued(job, 'shop/read')) }), '403');
  assert.equal(await through('shop', { path, headers: bearer(await issued(job, 'shop/read shop/write')) }), '200');
});

test('B6 forged, expired, endless and early tokens are refused', async () => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const tokens = {
    'unknown kid': await stack.cognito.sign(machineClaims(), 'foreign'),
    'another key': await stack.cognito.sign(machineClaims(), 'foreign', { kid: 'x' }),
    'alg none': `${part({ alg: 'none' })}.${part(machineClaims())}.`,
    HS256: `${part({ alg: 'HS256' })}.${part(machineClaims())}.c2ln`,
    'its own key': await stack.cognito.sign(machineClaims(), 'foreign', { jwk: stack.cognito.publicKey() }),
    expired: await made({ exp: seconds() - 60 }),
    'no exp': await made({ exp: undefined }),
    'not yet valid': await made({ nbf: seconds() + 120 }),
  };
  for (const [name, token] of Object.entries(tokens)) {
    assert.equal(await through('shop', { headers: bearer(token) }), '403', name);
    assert.equal(await through('wiki', { headers: bearer(token) }), invalid, name);
    assert.equal(await decided('wiki', { headers: bearer(token) }), invalid, name);
  }
  const alien = await made({ iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other' });
  await everywhere({ headers: bearer(alien) }, '403', '401 Bearer');
});

test('B7 a token in the query is ignored', async () => {
  const path = `/api?access_token=${await issued(job, 'shop/write')}`;
  await everywhere({ path }, '403', '401 Bearer');
});

test('B8 a JWT as user or password of Basic is refused, with a good cookie as well', async () => {
  const token = await issued(job, 'shop/write');
  for (const pair of [`x:${token}`, `${token}:`, `${token}:x`]) {
    await everywhere({ headers: { authorization: `Basic ${btoa(pair)}` } }, '403', invalid);
    assert.equal(await through('shop', { headers: { cookie, authorization: `Basic ${btoa(pair)}` } }), '403');
  }
});

test('B9 a good cookie with a bad token of ours: refused where bearers are read, and only there', async () => {
  const bad = await made({ exp: seconds() - 60 });
  const foreign = await made({ iss: 'https://login.example.com' });
  const rows: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
    ['no token', '', { shop: '200', plain: '200', cookies: '200' }],
    ['a bad one', `Bearer ${bad}`, { shop: '403', plain: '200', cookies: '403' }],
    ['another issuer', `Bearer ${foreign}`, { shop: '200', plain: '200', cookies: '200' }],
    ['an opaque one', 'Bearer glsa_of-grafana', { shop: '200', plain: '200', cookies: '200' }],
    ['Basic', `Basic ${btoa('a:b')}`, { shop: '200', plain: '200', cookies: '200' }],
    [
      'a person’s',
      `Bearer ${await stack.cognito.sign(personClaims({ 'cognito:groups': [] }))}`,
      { shop: '403', plain: '200', cookies: '200' },
    ],
  ];
  for (const [name, authorization, expected] of rows) {
    const headers = { cookie, ...(authorization === '' ? {} : { authorization }) };
    for (const route of ['shop', 'plain', 'cookies'] as const) {
      assert.equal(await decided(route, { headers }), expected[route], `${name} on ${route}`);
    }
    assert.equal(await through('shop', { headers }), expected['shop'], `${name} through NGINX`);
  }
  assert.equal(stack.shop.last?.headers['authorization'] === undefined, false, 'the app gets its own');
});

test('B10 never a redirect, not even where it looks like a browser’s navigation', async () => {
  const navigating = (token: string): Sent => ({ headers: { ...navigation, ...bearer(token) } });
  await everywhere(navigating(await made({ exp: 1 })), '403', invalid);
  await everywhere(navigating(await issued(job, 'shop/read')), '403', '403 Bearer error="insufficient_scope"');
  const start = await ask(`${stack.urls.shop}/api`, { ca: stack.ca, headers: { ...navigation } });
  assert.equal(start.status, 302, 'without a token a person is sent to sign in');
  assert.equal(await through('wiki', { headers: navigation }), '401 Bearer', 'where nobody can, they are not');
});

test('B11 a token that is known ends with its exp, with its client, and with a revocation', async () => {
  const short = bearer(await made({ exp: seconds() - 28 }));
  assert.equal(await through('wiki', { headers: short }), '200', 'within the leeway');
  const token = bearer(await made({ iat: seconds() - 100 }));
  await everywhere({ headers: token }, '200', '200');
  await until(async () => (await through('wiki', { headers: short })) === invalid, 'the end of the token');

  const pool = `kind: SessionRevocation
apiVersion: cognito-gate.dev/v1alpha1
metadata: { name: leaked, namespace: identity }
spec:
  pool: { name: staff }
  user: { subject: ${job.clientId} }
  before: ${new Date((seconds() - 10) * 1000).toISOString().replace(/\.\d+/, '')}
`;
  await stack.write('revocation.yaml', pool);
  await until(async () => (await through('wiki', { headers: token })) === invalid, 'the revocation');
  await everywhere({ headers: token }, '403', invalid);
  assert.equal(await through('wiki', { headers: bearer(await made()) }), '200', 'a newer token is not meant');
});

test('B12 a flood of unknown kids: bounded fetches, and known tokens pass meanwhile', async () => {
  const good = bearer(await issued(job, 'shop/write'));
  assert.equal(await through('wiki', { headers: good }), '200');
  const before = stack.cognito.stats.jwks;
  const flood = Array.from(
    { length: 60 },
    async () => await decided('wiki', { headers: bearer(await stack.cognito.sign(machineClaims(), 'foreign')) }),
  );
  assert.equal(await through('wiki', { headers: good }), '200');
  assert.deepEqual([...new Set(await Promise.all(flood))], [invalid]);
  assert.ok(stack.cognito.stats.jwks - before <= 2, `${stack.cognito.stats.jwks - before} fetches`);
});

test('B12 the key set is down: known keys go on, unknown ones are refused', async () => {
  stack.cognito.faults.jwks = { reset: true };
  assert.equal(await through('wiki', { headers: bearer(await made({ jti: 'new' })) }), '200');
  const unknown = await stack.cognito.sign(machineClaims({ jti: 'other' }), 'foreign');
  assert.equal(await through('wiki', { headers: bearer(unknown) }), invalid);
});

test('B13 forms of Authorization: defined, refused where malformed, never 5xx', async () => {
  const token = await issued(job, 'shop/write');
  await everywhere({ headers: { authorization: `bearer ${token}` } }, '200', '200');
  await everywhere({ headers: { authorization: `Bearer ${token}   ` } }, '200', '200');
  await everywhere({ headers: { authorization: `Bearer ${token} x` } }, '403', invalid);
  const twice = { authorization: [`Bearer ${token}`, `Bearer ${token}`] };
  assert.equal(await decided('shop', { headers: twice }), '403');
  assert.equal(await decided('wiki', { headers: twice }), invalid);
  assert.match(await through('wiki', { headers: twice }), /^40[013]/);
  const large = bearer('a'.repeat(64_000));
  assert.match(await decided('wiki', { headers: large }), /^40[13]/);
  assert.match(await through('wiki', { headers: large }), /^4/);
  assert.equal(await decided('wiki', { headers: bearer(`${token}${'a'.repeat(20_000)}`) }), invalid);
});

test('B14 token headers of load balancers and our own identity headers are never read', async () => {
  const token = await issued(job, 'shop/write');
  const headers = {
    'x-amzn-oidc-data': token,
    'x-amzn-oidc-accesstoken': token,
    'x-amzn-oidc-identity': 'ada',
    'x-forwarded-access-token': token,
    'x-auth-request-user': 'ada',
    'x-auth-request-groups': 'staff,admins',
  };
  await everywhere({ headers }, '403', '401 Bearer');
  assert.equal(await through('shop', { path: '/healthz', headers }), '200');
  assert.equal(stack.shop.last?.headers['x-auth-request-user'] ?? '', '', 'a public page: nobody');
});

test('a public rule is passed without a look at the bearer', async () => {
  const path = '/healthz';
  assert.equal(await through('shop', { path, headers: bearer(await made({ exp: 1 })) }), '200');
});

test('P23 a policy that is only audited sees machines too, and opens nothing', async () => {
  const headers = bearer(await issued(job, 'shop/write'));
  assert.equal(await decided('plain', { headers }), '403');
  const counted = /cognito_gate_audit_decisions_total\{[^}]*policy="plain-planned"[^}]*reason="allowed"[^}]*\} 1/;
  await until(async () => counted.test(await stack.metrics()), 'the audited decision');
});

test('outcomes are counted, and the log tells the reason and no token', async () => {
  const metrics = await stack.metrics();
  for (const outcome of ['verified', 'known', 'bearer_expired', 'bearer_client', 'bearer_id_token', 'bearer_revoked']) {
    assert.match(metrics, new RegExp(`cognito_gate_bearer_tokens_total\\{outcome="${outcome}"\\} [1-9]`), outcome);
  }
  const log = await stack.log();
  assert.match(log, /"reason":"bearer_malformed"/);
  assert.doesNotMatch(log, /eyJ/);
});

test('B12 the keys rotate: the new one is accepted', async () => {
  stack.cognito.rotateKeys();
  const token = bearer(await issued(job, 'shop/write'));
  // At most one fetch in ten seconds, and the tests before asked.
  await until(async () => (await through('wiki', { headers: token })) === '200', 'the new key', 15);
});

test('B11 a client leaves the list: its tokens are refused, known or not', async () => {
  const token = bearer(await issued(job, 'shop/write'));
  await until(async () => (await through('shop', { headers: token })) === '200', 'the new key', 15);
  const file = await readFile(join(stack.policies, 'pool.yaml'), 'utf8');
  await stack.write('pool.yaml', file.replace(`[${job.clientId}, `, '['));
  await until(async () => (await through('shop', { headers: token })) === '403', 'the new list');
  await everywhere({ headers: token }, '403', invalid);
  assert.equal(await through('shop', { path: '/', headers: { cookie } }), '200', 'people are not concerned');
});
