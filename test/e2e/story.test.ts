/** The story of the product, by plain HTTP through a real NGINX: every redirect and every cookie can be looked at. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { people, stackHosts, startStack, until } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { navigation } from '../support/visitor.ts';
import type { Visitor } from '../support/visitor.ts';

let stack: Stack;
before(async () => {
  stack = await startStack();
});
after(() => stack.stop());

function account(username: string): { username: string; password: string } {
  const found = people.find((one) => one.username === username);
  if (found === undefined) throw new Error(`no person ${username}`);
  return found;
}

async function signedIn(username: string, path = '/'): Promise<Visitor> {
  const visitor = stack.visitor();
  const page = await visitor.signIn(`${stack.urls.shop}${path}`, account(username));
  assert.equal(page.url.href, `${stack.urls.shop}${path}`);
  return visitor;
}

test('ada signs in once and reaches /admin on two unrelated domains; the deep link arrives unchanged (N12, L12)', async () => {
  const visitor = stack.visitor();
  const deep = '/admin/a?x=1&y=%2F%26&z=a+b&u=%C3%A9';
  const page = await visitor.signIn(`${stack.urls.shop}${deep}`, account('ada'));
  assert.equal(page.status, 200, page.body);
  assert.equal(page.url.href, `${stack.urls.shop}${deep}`);
  assert.equal(stack.shop.last?.path, deep);
  assert.equal(stack.shop.last?.headers['x-auth-request-groups'], 'admins');
  assert.equal(stack.shop.last?.headers['x-auth-request-email'], 'ada@example.com');
  const forms = stack.cognito.stats.signIn;
  const wiki = await visitor.go(`${stack.urls.wiki}/admin`);
  assert.equal(wiki.status, 200);
  assert.equal(wiki.url.href, `${stack.urls.wiki}/admin`);
  assert.equal(stack.cognito.stats.signIn, forms);
});

test('bob is told in plain words why he may not see /admin: 403 page, session kept, Cognito not asked for a sign-in again (N3, L18)', async () => {
  const visitor = await signedIn('bob');
  const before = { ...stack.cognito.stats };
  const page = await visitor.go(`${stack.urls.shop}/admin/x?y=1`);
  assert.equal(page.status, 403);
  assert.match(page.body, /bob/);
  assert.match(page.body, /admins/);
  assert.match(page.body, /extension 1234/);
  assert.equal(stack.cognito.stats.authorize, before.authorize);
  assert.equal(stack.cognito.stats.signIn, before.signIn);
  assert.ok([...visitor.cookies(stackHosts.shop).keys()].some((name) => name.startsWith('__Host-cg-')));
  assert.equal((await visitor.go(`${stack.urls.shop}/`)).status, 200);
  const script = await visitor.ask(`${stack.urls.shop}/admin`, {
    headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' },
  });
  assert.equal(script.status, 403);
});

test('a person who was just added to a group gets in at the next click', async () => {
  const eve = stack.visitor();
  const denied = await eve.signIn(`${stack.urls.shop}/`, account('eve'));
  assert.equal(denied.status, 403);
  stack.cognito.setGroups('eve', ['staff']);
  // Groups that are younger than two seconds are not read again: nobody is added and clicks that fast.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.equal((await eve.go(`${stack.urls.shop}/`)).status, 200);
  stack.cognito.setGroups('eve', []);
});

test('P16 deny beats allow: sam is staff and suspended', async () => {
  const sam = stack.visitor();
  const page = await sam.signIn(`${stack.urls.wiki}/`, account('sam'));
  assert.equal(page.status, 403);
  assert.ok(page.body.includes('the deny list'), 'names what denied');
  assert.ok(!page.body.includes('everyone-else'), 'and not the rule that would have let in');
  assert.equal((await sam.go(`${stack.urls.wiki}/healthz`)).status, 200);
});

test('S5 N7 N8 300 groups sign in, are judged rightly, and every cookie, header and URL keeps its limit', async () => {
  const max = stack.visitor();
  const page = await max.signIn(`${stack.urls.shop}/`, account('max'));
  assert.equal(page.status, 200, page.body.slice(0, 500));
  assert.equal((await max.go(`${stack.urls.shop}/admin`)).status, 403);
  assert.equal(stack.shop.last?.headers['x-auth-request-groups-partial'], 'true');
  for (const [host, jar] of max.jar) {
    if (host === stackHosts.cognito) continue;
    for (const [name, value] of jar) assert.ok(name.length + value.length + 1 <= 3600, `${name} on ${host}`);
    const total = [...jar].reduce((sum, [name, value]) => sum + name.length + value.length + 3, 0);
    assert.ok(total <= 6000, `${host}: ${total}`);
  }
  for (const href of max.trail) {
    const url = new URL(href);
    if (url.hostname === stackHosts.cognito) continue;
    assert.ok(url.search.length <= 2001, `query of ${url.pathname}: ${url.search.length}`);
    assert.ok(url.pathname.length <= 1000, `path: ${url.pathname.length}`);
  }
});

test('L17 T10.5 no code, token or state of Cognito is ever in a URL of an app host', async () => {
  const visitor = await signedIn('ada', '/admin');
  for (const href of visitor.trail) {
    const url = new URL(href);
    if (url.hostname !== stackHosts.shop) continue;
    assert.ok(!url.searchParams.has('code') && !url.searchParams.has('state'), href);
    assert.ok(!/eyJ/.test(href), href);
  }
  const callback = visitor.trail.map((href) => new URL(href)).find((url) => url.pathname === '/oauth2/callback');
  assert.match(callback?.searchParams.get('state') ?? '', /^[A-Za-z0-9_-]{16,64}$/, 'L1');
});

test('S19 T23.5 every cookie is __Host-, Secure, HttpOnly, Path=/, SameSite=Lax', async () => {
  const visitor = stack.visitor();
  let page = await visitor.ask(`${stack.urls.shop}/`);
  const lines: string[] = [];
  for (let step = 0; step < 12 && page.status === 302; step += 1) {
    if (page.url.hostname !== stackHosts.cognito) lines.push(...[page.headers['set-cookie'] ?? []].flat());
    page = await visitor.ask(new URL(String(page.headers['location']), page.url));
  }
  assert.ok(lines.length >= 2);
  for (const line of lines) {
    assert.match(line, /^__Host-cg/);
    for (const attribute of ['Secure', 'HttpOnly', 'Path=/', 'SameSite=Lax'])
      assert.ok(line.includes(`; ${attribute}`), line);
    assert.ok(!/domain=/i.test(line), line);
  }
});

test('S6 S7 T22.3 a session cookie of shop is useless on wiki, and a sign-in cookie is no session', async () => {
  const visitor = await signedIn('ada');
  const shop = visitor.cookies(stackHosts.shop);
  const [name, value] = [...shop].find(([key]) => key.startsWith('__Host-cg-')) ?? ['', ''];
  const thief = stack.visitor();
  thief.cookies(stackHosts.wiki).set(name, value);
  assert.equal((await thief.ask(`${stack.urls.wiki}/`)).status, 302);
  assert.equal(
    (await thief.ask(`${stack.urls.wiki}/`, { headers: { accept: '*/*', 'sec-fetch-mode': 'cors' } })).status,
    403,
  );
  const signIn = [...visitor.cookies(stackHosts.signIn)].find(([key]) => key.startsWith('__Host-cgs-'));
  thief.cookies(stackHosts.shop).set(name, signIn?.[1] ?? 'missing');
  assert.equal((await thief.ask(`${stack.urls.shop}/`)).status, 302);
});

test('T11 T23.4 T10.4 a cut, flipped, doubled or forged session cookie is never 2xx and never 5xx, both ways', async () => {
  const visitor = await signedIn('ada');
  const [name, good] = [...visitor.cookies(stackHosts.shop)].find(([key]) => key.startsWith('__Host-cg-')) ?? ['', ''];
  const ask = (cookie: string): Promise<{ status: number }> =>
    stack.visitor().ask(`${stack.urls.shop}/`, { headers: { cookie } });
  assert.equal((await ask(`${name}=${good}`)).status, 200);
  const bad: string[] = [];
  for (let length = 0; length < good.length; length += Math.max(1, Math.floor(good.length / 60)))
    bad.push(good.slice(0, length));
  for (let at = 0; at < good.length; at += Math.max(1, Math.floor(good.length / 60))) {
    bad.push(`${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`);
  }
  bad.push(
    `${good.slice(0, 16)}${'A'.repeat(good.length - 16)}`,
    `${good}A`,
    `"${good}"`,
    '%',
    '=',
    good.replaceAll('-', '+'),
  );
  for (const value of bad) assert.equal((await ask(`${name}=${value}`)).status, 302, value.slice(0, 40));
  for (const doubled of [
    `${name}=bad; ${name}=${good}`,
    `${name}=${good}; ${name}=bad`,
    `${name}=${good}; ${name}=${good}`,
  ]) {
    assert.equal((await ask(doubled)).status, 302, 'T11.7');
  }
  const many = Array.from({ length: 10 }, () => `${name}=${good.slice(0, -1)}`).join('; ');
  assert.notEqual((await ask(many.slice(0, 7000))).status, 200);
});

test('N29 WebSocket: foreign origins and none are refused with a good session, our own is not', async () => {
  const visitor = await signedIn('bob');
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-fetch-mode': 'websocket',
    'sec-fetch-dest': 'websocket',
  };
  const status = async (more: Record<string, string>): Promise<number> =>
    (await visitor.ask(`${stack.urls.shop}/ws`, { headers: { ...handshake, ...more } })).status;
  assert.equal(await status({ origin: stack.urls.wiki }), 403);
  assert.equal(await status({}), 403);
  const before = stack.shop.upgrades;
  assert.equal(await status({ origin: stack.urls.shop }), 101);
  assert.equal(stack.shop.upgrades, before + 1);
});

test('T6.3 T6.4 identity headers of the client never reach the app', async () => {
  const visitor = await signedIn('bob');
  await visitor.ask(`${stack.urls.shop}/`, {
    headers: { ...navigation, 'X-Auth-Request-User': 'mallory', 'X-Auth-Request-Groups': 'admins' },
  });
  assert.equal(stack.shop.last?.headers['x-auth-request-groups'], 'staff');
  assert.notEqual(stack.shop.last?.headers['x-auth-request-user'], 'mallory');
});

test('T20.1 an address in X-Forwarded-For gains nothing; T9.5 T7 a planted session is replaced by the new one', async () => {
  const visitor = stack.visitor();
  visitor.cookies(stackHosts.shop).set('__Host-cg-00000000', 'planted');
  const page = await visitor.signIn(`${stack.urls.shop}/`, account('bob'));
  assert.equal(page.status, 200);
});

test('T10.2 PKCE is S256, a nonce goes along, and groups is no scope (L9)', async () => {
  const visitor = stack.visitor();
  await visitor.go(`${stack.urls.shop}/`);
  const authorize = visitor.trail.map((href) => new URL(href)).find((url) => url.hostname === stackHosts.cognito);
  assert.equal(authorize?.searchParams.get('code_challenge_method'), 'S256');
  assert.ok((authorize.searchParams.get('nonce') ?? '').length >= 20);
  assert.deepEqual((authorize.searchParams.get('scope') ?? '').split(' ').toSorted(), ['email', 'openid', 'profile']);
});

test('sign-out ends it everywhere: Cognito asks for the password again, old cookies are refused at once (L20, L22, L23, T7.4, N18)', async () => {
  const visitor = await signedIn('ada');
  await visitor.go(`${stack.urls.wiki}/`);
  const copied = new Map(visitor.cookies(stackHosts.wiki));
  const question = await visitor.go(`${stack.urls.shop}/_cognito-gate/sign-out`);
  assert.equal(question.status, 200);
  const { revoke, logout } = { ...stack.cognito.stats };
  let page = await visitor.submit(question, {});
  assert.equal(page.status, 200);
  const refresh = /http-equiv="refresh" content="\d+;\s*url=([^"]+)"/i.exec(page.body)?.[1]?.replaceAll('&amp;', '&');
  assert.ok(refresh !== undefined, page.body);
  page = await visitor.go(new URL(refresh, page.url));
  assert.equal(page.url.pathname, '/oauth2/signed-out');
  assert.equal(stack.cognito.stats.revoke, revoke + 1);
  assert.equal(stack.cognito.stats.logout, logout + 1);
  const thief = stack.visitor();
  for (const [name, value] of copied) thief.cookies(stackHosts.wiki).set(name, value);
  assert.equal((await thief.ask(`${stack.urls.wiki}/`)).status, 302);
  const again = await visitor.go(`${stack.urls.shop}/`);
  assert.match(again.body, /name="password"/);
});

test('L19 a cross-site GET or POST signs nobody out', async () => {
  const visitor = await signedIn('bob');
  const url = `${stack.urls.shop}/_cognito-gate/sign-out`;
  await visitor.ask(url, {
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
  });
  const post = await visitor.ask(url, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
  });
  assert.ok(post.status >= 400, String(post.status));
  assert.equal((await visitor.ask(`${stack.urls.shop}/`)).status, 200);
});

test('userinfo: 200 with a session, 401 with the address to go to without, 403 with the reason for a path', async () => {
  const visitor = await signedIn('bob');
  const json = async (path: string, who: Visitor): Promise<{ status: number; value: Record<string, unknown> }> => {
    const page = await who.ask(`${stack.urls.shop}/_cognito-gate/userinfo${path}`, {
      headers: { accept: 'application/json', 'sec-fetch-mode': 'cors' },
    });
    return { status: page.status, value: JSON.parse(page.body) as Record<string, unknown> };
  };
  const here = await json('', visitor);
  assert.equal(here.status, 200);
  assert.deepEqual(here.value['groups'], ['staff']);
  const stranger = await json('', stack.visitor());
  assert.equal(stranger.status, 401);
  assert.match(String(stranger.value['signIn']), /\/_cognito-gate\/start\//);
  const admin = await json('?path=/admin', visitor);
  assert.equal(admin.status, 403);
  assert.equal(admin.value['reason'], 'not_allowed');
});

test('an edit is in force within a second; broken YAML changes nothing but log and metric; broken meaning refuses that app alone (P1, P17)', async () => {
  const visitor = await signedIn('bob');
  const status = async (url: string): Promise<number> =>
    (await visitor.ask(url, { headers: { accept: '*/*', 'sec-fetch-mode': 'cors' } })).status;
  const original = await readFile(`${stack.policies}/apps.yaml`, 'utf8');
  assert.equal(await status(`${stack.urls.shop}/admin`), 403);
  await stack.write('apps.yaml', original.replaceAll('groups: [admins] }]', 'groups: [admins, staff] }]'));
  await until(async () => (await status(`${stack.urls.shop}/admin`)) === 200, 'the edit to be in force');
  await stack.write('apps.yaml', `${original}\n  "broken`);
  await until(async () => /cognito_gate_source_broken 1/.test(await stack.metrics()), 'the metric of broken YAML');
  assert.equal(await status(`${stack.urls.shop}/admin`), 200);
  await until(
    async () => /"file":"[^"]*apps\.yaml","line":\d+/.test(await stack.log()),
    'the log line with file and line',
    2,
  );
  await visitor.go(`${stack.urls.wiki}/`);
  const [shop = '', ...wiki] = original.split('---\n\napiVersion: networking.k8s.io/v1');
  await stack.write(
    'apps.yaml',
    [shop.replace('groups: [staff, admins]', 'groups: []'), ...wiki].join('---\n\napiVersion: networking.k8s.io/v1'),
  );
  await until(async () => (await status(`${stack.urls.shop}/`)) === 403, 'the broken policy to refuse');
  assert.equal(await status(`${stack.urls.wiki}/`), 200);
  await stack.write('apps.yaml', original);
  await until(async () => (await status(`${stack.urls.shop}/`)) === 200, 'the good policy to be back');
});

test('M3 L17 no token, code, cookie, grant, e-mail or secret is in the log at the most verbose level', async () => {
  const log = await stack.log();
  assert.ok(log.length > 1000);
  for (const pattern of [
    /eyJ[A-Za-z0-9_-]{10}/,
    /@example\.com/,
    /secret-pw/,
    /__Host-/,
    /[?&](code|g|request|state)=/,
  ]) {
    assert.ok(!pattern.test(log), `${String(pattern)}: ${pattern.exec(log)?.[0]}`);
  }
});
