/** Cognito lies, fails or stays away: no session out of a token that is not right, and nobody is signed out by an outage. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { EndpointFault, Tampering } from '../support/cognito/types.ts';
import { shopAndWiki } from '../support/stack-objects.ts';
import { people, person, stackHosts, startStack, until } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, atCallback, cookiesSet, goUntil, scripted, sessionOn } from '../support/steps.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { Watch } from '../support/watch.ts';

/** Tokens live for seconds, so that a refresh is never far away. */
const tokenSeconds = 6;
const verifications = [true, false, 'true', 'false', 'yes', undefined] as const;
const nameOf = (verified: unknown): string => `mail-${String(verified)}-${typeof verified}`;
const { email: _none, ...nomail } = person('nomail', ['staff'], { sub: randomUUID() });
const strangers = [
  nomail,
  ...verifications.map((verified) =>
    person(nameOf(verified), [], {
      sub: randomUUID(),
      email: 'boss@trusted.example',
      attributes: { email_verified: verified },
    }),
  ),
];

let stack: Stack;
let watch: Watch;
before(async () => {
  const rule =
    '    - name: mail\n      match: { paths: [{ type: PathPrefix, value: /mail }] }\n      allow: [{ emailDomains: [trusted.example] }]\n';
  const apps = shopAndWiki.replaceAll('    - name: everyone-else', `${rule}    - name: everyone-else`);
  stack = await startStack({ apps, users: [...people, ...strangers], ttl: { access: tokenSeconds, id: tokenSeconds } });
  watch = new Watch(stack);
});
after(() => stack.stop());
afterEach(() => {
  Object.assign(stack.cognito.faults, {
    token: undefined,
    jwks: undefined,
    discovery: undefined,
    revoke: undefined,
    idToken: undefined,
    accessToken: undefined,
  });
});

const shop = (path = '/'): string => `${stack.urls.shop}${path}`;
const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function signedIn(username = 'ada'): Promise<Visitor> {
  const visitor = watch.visitor();
  const page = await visitor.signIn(shop(), account(username));
  assert.equal(page.status, 200, page.body.slice(0, 300));
  return visitor;
}

function noSession(visitor: Visitor, page: Page, what: string): void {
  assert.ok(!cookiesSet(page).some((line) => /^__Host-cgs?-[^=]*=[^;]/.test(line)), what);
  for (const host of [stackHosts.shop, stackHosts.signIn]) {
    const names = [...visitor.cookies(host).keys()].filter((name) => /^__Host-cgs?-/.test(name));
    assert.deepEqual(names, [], what);
  }
}

const tampered: readonly Tampering[] = [
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
for (const kind of ['idToken', 'accessToken'] as const) {
  for (const how of tampered) {
    if (kind === 'accessToken' && how === 'nonce') continue;
    test(`T22.7 L6 ${kind} with a wrong ${how}: no session, and a page that leads on`, async () => {
      const visitor = watch.visitor();
      const callback = await goUntil(visitor, shop(), 'ada', atCallback);
      stack.cognito.faults[kind] = how;
      const page = await visitor.ask(callback);
      assert.equal(page.status, 403, page.body.slice(0, 300));
      noSession(visitor, page, how);
      stack.cognito.faults[kind] = undefined;
      assert.equal((await visitor.ask(callback)).status, 403, 'the state is used up');
      assert.equal((await visitor.go(shop())).status, 200);
    });
  }
}

const outages: readonly (readonly [string, EndpointFault, number])[] = [
  ['429', { status: 429, body: { error: 'TooManyRequestsException' } }, 503],
  ['500', { status: 500, body: 'Internal <b>error</b>' }, 503],
  ['502 with HTML', { status: 502, body: '<html>bad gateway</html>' }, 503],
  ['a connection that ends', { reset: true }, 503],
  ['silence', { delayMs: 8000 }, 503],
  ['200 with nonsense', { status: 200, body: 'hello' }, 403],
  ['200 without tokens', { status: 200, body: { token_type: 'Bearer' } }, 403],
  ['invalid_grant', { status: 400, body: { error: 'invalid_grant' } }, 403],
  ['invalid_client', { status: 400, body: { error: 'invalid_client' } }, 403],
];
for (const [what, fault, status] of outages) {
  test(`the token endpoint answers ${what} to a code: no session, a page with ${status}, and the next try works`, async () => {
    const visitor = watch.visitor();
    const callback = await goUntil(visitor, shop('/x'), 'ada', atCallback);
    stack.cognito.faults.token = fault;
    const page = await visitor.ask(callback);
    assert.equal(page.status, status);
    noSession(visitor, page, what);
    assert.ok(!/<b>error|bad gateway|hello/.test(page.body), 'nothing of the answer is on the page');
    assert.match(page.body, /rd=%2Fx/);
    stack.cognito.faults.token = undefined;
    assert.equal((await visitor.go(shop('/x'))).status, 200);
  });
}

test('S13 S14 an outage while groups should be read again signs nobody out; only a real invalid_grant does', async () => {
  const visitor = await signedIn();
  await pause(tokenSeconds + 1);
  const wordy: readonly EndpointFault[] = [
    { status: 500, body: { error: 'server_error', error_description: 'invalid_grant invalid_client' } },
    { status: 503, body: 'invalid_grant' },
    { reset: true },
    { status: 400, body: { error: 'not_invalid_grant_at_all' } },
    { status: 429, body: { error: 'invalid_grant' } },
  ];
  for (const fault of wordy) {
    stack.cognito.faults.token = fault;
    const page = await visitor.ask(shop(), { headers: scripted });
    assert.equal(page.status, 200, 'within the grace');
    assert.equal((await visitor.go(shop())).url.href, shop());
    assert.equal((await visitor.ask(shop('/admin/x'), { headers: scripted })).status, 200);
  }
  stack.cognito.faults.token = undefined;
  visitor.jar.delete(stackHosts.cognito);
  assert.equal((await visitor.go(shop())).url.href, shop(), 'back without a password');
});

test('S4 a person who was disabled is out at the next reading, and their session ends everywhere', async () => {
  const visitor = await signedIn('bob');
  await visitor.go(`${stack.urls.wiki}/`);
  stack.cognito.disable('bob');
  await pause(tokenSeconds + 1);
  const page = await visitor.go(shop());
  assert.ok(page.status !== 200 || page.url.hostname === stackHosts.cognito, `${page.status} ${page.url.hostname}`);
  assert.equal((await visitor.ask(`${stack.urls.wiki}/`, { headers: scripted })).status, 403);
  stack.cognito.enable('bob');
});

test('S2 S3 S21 a group that is gone, and the last one, is gone with the next tokens: never 2xx on older claims', async () => {
  const visitor = await signedIn('ada');
  assert.equal((await visitor.go(shop('/admin'))).status, 200);
  stack.cognito.setGroups('ada', []);
  await pause(tokenSeconds + 1);
  const burst = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      visitor.ask(shop('/admin'), { method: index % 2 === 0 ? 'POST' : 'GET', headers: scripted }),
    ),
  );
  assert.ok(burst.every(({ status }) => status === 403));
  assert.equal((await visitor.go(shop('/admin'))).status, 403);
  const anew = watch.visitor();
  assert.equal((await anew.signIn(shop(), account('ada'))).status, 403, 'and over a new sign-in');
  stack.cognito.setGroups('ada', ['admins']);
});

test('the key document away: known keys keep working; a flood of unknown kids asks for it a bounded number of times (B12, L7)', async () => {
  await signedIn();
  stack.cognito.faults.jwks = { status: 500 };
  await signedIn('bob');
  stack.cognito.faults.idToken = 'unknown_kid';
  const asked = stack.cognito.stats.jwks;
  for (let count = 0; count < 25; count += 1) {
    const visitor = watch.visitor();
    const page = await visitor.ask(await goUntil(visitor, shop(), 'ada', atCallback));
    assert.ok(page.status >= 400);
    noSession(visitor, page, 'unknown kid');
  }
  assert.ok(stack.cognito.stats.jwks - asked <= 2, `${stack.cognito.stats.jwks - asked} readings`);
  stack.cognito.faults.idToken = undefined;
  await signedIn();
});

test('L10 a person without an e-mail signs in', async () => {
  const visitor = watch.visitor();
  assert.equal((await visitor.signIn(shop(), { username: 'nomail', password: 'nomail-secret-pw' })).status, 200);
});

test('L11 L24 email_verified as text and as truth value: only true and "true" count', async () => {
  for (const verified of verifications) {
    const username = nameOf(verified);
    const page = await watch
      .visitor()
      .signIn(`${stack.urls.wiki}/mail`, { username, password: `${username}-secret-pw` });
    assert.equal(page.status, verified === true || verified === 'true' ? 200 : 403, username);
  }
});

test('L20 L21 at sign-out Cognito gets client_id and logout_uri, and nothing of OIDC’s; L22 a revocation that fails changes nothing', async () => {
  const visitor = await signedIn();
  stack.cognito.faults.revoke = { status: 500 };
  const old = sessionOn(visitor, stackHosts.shop);
  const question = await visitor.go(shop('/_cognito-gate/sign-out'));
  const leaving = await visitor.submit(question, {});
  assert.equal(leaving.status, 200);
  const refresh = /url=([^"]+)"/.exec(leaving.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const end = await visitor.go(refresh);
  assert.equal(end.url.pathname, '/oauth2/signed-out');
  const logout = visitor.trail.map((href) => new URL(href)).find((url) => url.pathname === '/logout');
  assert.deepEqual([...(logout?.searchParams.keys() ?? [])].toSorted(), ['client_id', 'logout_uri']);
  visitor.cookies(stackHosts.shop).set(...(old as [string, string]));
  assert.equal((await visitor.ask(shop(), { headers: scripted })).status, 403, 'T7.4 T22.5 N18');
});

test('T9.3 sign-out CSRF: somebody’s sealed sign-out opened by another person only asks', async () => {
  const attacker = await signedIn('bob');
  const victim = await signedIn('ada');
  const leaving = await attacker.submit(await attacker.go(shop('/_cognito-gate/sign-out')), {});
  const address = /url=([^"]+)"/.exec(leaving.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const page = await victim.ask(address, { headers: { 'sec-fetch-site': 'cross-site' } });
  assert.equal(page.status, 200);
  assert.equal(page.headers['location'], undefined);
  assert.equal((await victim.ask(shop())).status, 200);
});

test('S16 T23.3 T24.5 a planted session, sign-in or browser id doesn’t live on: the person who signs in gets their own', async () => {
  const attacker = await signedIn('bob');
  const victim = watch.visitor();
  for (const [name, value] of attacker.cookies(stackHosts.signIn))
    if (name.startsWith('__Host-cgb')) victim.cookies(stackHosts.signIn).set(name, value);
  const [name, planted] = sessionOn(attacker, stackHosts.shop);
  victim.cookies(stackHosts.shop).set(name, 'planted-value');
  await victim.signIn(shop('/admin'), account('ada'));
  assert.notEqual(sessionOn(victim, stackHosts.shop)[1], planted);
  await attacker.submit(await attacker.go(shop('/_cognito-gate/sign-out')), {});
  assert.equal((await victim.ask(shop('/admin'))).status, 200, 'the attacker’s sign-out ends nothing of the victim’s');
});

test('the client secret changes while the program runs: the next sign-in uses the new one, nobody is signed out', async () => {
  const file = join(stack.folder, 'secrets/identity/client/clientSecret');
  const visitor = await signedIn();
  const good = await readFile(file, 'utf8');
  await writeFile(file, 'a-secret-that-cognito-does-not-know');
  await until(
    async () => {
      const other = watch.visitor();
      return (await other.ask(await goUntil(other, shop(), 'ada', atCallback))).status === 403;
    },
    'the changed secret to be used',
    5,
  );
  await writeFile(file, good);
  await until(
    async () => {
      const other = watch.visitor();
      return (await other.signIn(shop(), account('ada'))).status === 200;
    },
    'the right secret to be back',
    5,
  );
  assert.equal((await visitor.go(shop())).status, 200);
});

test('M3 none of the secrets that these visitors met is in the log', async () => {
  assert.ok(watch.size > 50);
  assert.deepEqual(await watch.leaks(), []);
});
