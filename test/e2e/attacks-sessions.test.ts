/** Sessions in the wrong place, cut, mixed, trimmed and looping. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { ask } from '../support/request.ts';
import { stackHosts, until } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, atComplete, goUntil, scripted, sessionOn } from '../support/steps.ts';
import type { Visitor } from '../support/visitor.ts';
import { startTwoPools } from '../support/two-pools.ts';
import { Watch } from '../support/watch.ts';

let stack: Stack;
let watch: Watch;
before(async () => {
  stack = await startTwoPools();
  watch = new Watch(stack);
});
after(() => stack.stop());

const shop = (path = '/'): string => `${stack.urls.shop}${path}`;

async function signedIn(username = 'ada', path = '/'): Promise<Visitor> {
  const visitor = watch.visitor();
  const page = await visitor.signIn(shop(path), account(username));
  assert.equal(page.url.href, shop(path), page.body.slice(0, 300));
  return visitor;
}

function direct(
  path: string,
  cookie: string,
  route = stack.routes.shop,
  headers: Readonly<Record<string, string>> = {},
): ReturnType<typeof ask> {
  const witnesses = { 'X-Original-URL': `https://${stackHosts.shop}${path}`, 'X-Original-Method': 'GET', cookie };
  return ask(`${stack.decisions}/nginx/${route}`, { headers: { ...witnesses, ...headers } });
}

test('S25 a session of one pool is nothing on a route of another pool of the same host, under either name, both ways', async () => {
  const visitor = await signedIn('ada', '/tenant/admin');
  const [name, value] = sessionOn(visitor, stackHosts.shop);
  const own = watch.visitor();
  const staffName = sessionOn(await signedIn('bob'), stackHosts.shop)[0];
  assert.notEqual(name, staffName);
  for (const [key, text] of [
    [name, value],
    [staffName, value],
  ] as const) {
    own.jar.set(stackHosts.shop, new Map([[key, text]]));
    for (const path of ['/', '/admin']) {
      assert.equal((await own.ask(shop(path), { headers: scripted })).status, 403);
      assert.equal((await direct(path, `${key}=${text}`)).status, 403);
    }
  }
  assert.equal((await direct('/tenant/admin', `${name}=${value}`, stack.routes.wiki)).status, 200);
  const userinfo = await own.ask(shop('/_cognito-gate/userinfo?path=/admin'), { headers: scripted });
  assert.equal(userinfo.status, 401);
});

test('T10.6 a grant for one pool and route never becomes a session of another', async () => {
  const visitor = watch.visitor();
  const grant = await goUntil(visitor, shop('/tenant/x'), 'ada', atComplete);
  const other = watch.visitor();
  await goUntil(other, shop('/x'), 'ada', atComplete);
  for (const [name, value] of other.cookies(stackHosts.shop)) visitor.cookies(stackHosts.shop).set(name, value);
  await visitor.go(grant);
  assert.equal((await visitor.ask(shop('/x'), { headers: scripted })).status, 403);
  assert.equal((await visitor.ask(shop('/tenant/x'), { headers: scripted })).status, 200);
});

test('T11.9 whatever the cookies are, a 2xx on a protected path carries the identity', async () => {
  const visitor = await signedIn();
  const [name, value] = sessionOn(visitor, stackHosts.shop);
  for (const cookie of [
    `${name}=${value}`,
    `${name}=; ${name}=${value}`,
    `a=b;${name}=${value}`,
    `${name}="${value}"`,
    `${name.toLowerCase()}=${value}`,
    `${name} = ${value}`,
    `;;;${name}=${value};;`,
    value,
    name,
    '',
    `${name}=${value.replace('.', '%2E')}`,
    `x${name}=${value}`,
  ]) {
    const answer = await direct('/', cookie);
    assert.ok(
      answer.status === 200 ? answer.headers['x-auth-request-user'] !== undefined : answer.status === 403,
      cookie.slice(0, 30),
    );
  }
});

test('T22.1 T22.2 T11.5 bombs, huge indexes and thousands of cookies: refused, and the good cookie alone still counts', async () => {
  const visitor = await signedIn();
  const [name, value] = sessionOn(visitor, stackHosts.shop);
  const bomb = deflateRawSync(Buffer.alloc(20_000_000), { level: 9 }).subarray(0, 2500).toString('base64url');
  const [head = '', scope = ''] = value.split('.');
  const rows = [
    `${name}=${head}.${scope}.${bomb}`,
    `${name}=${bomb}`,
    `${name}_1of999999999=${value}`,
    ...[100, 1000, 4000].map((count) => Array.from({ length: count }, (_, index) => `${name}${index}=x`).join('; ')),
    Array.from({ length: 3000 }, () => `${name}=x`).join('; '),
    `${name}=${'A'.repeat(60_000)}`,
    ';'.repeat(60_000),
    `${' '.repeat(30_000)}${name}=x`,
    '__Host-cg'.repeat(6000),
  ];
  for (const cookie of rows) {
    assert.equal((await direct('/', cookie)).status, 403, cookie.slice(0, 40));
  }
  assert.equal((await direct('/', `${name}=x; ${name}=${value}`)).status, 403);
  assert.equal((await direct('/', `${name}=${value}`)).status, 200);
});

test('T22.3 S8 a session for a host is nothing on names around it', async () => {
  const visitor = await signedIn();
  const [name, value] = sessionOn(visitor, stackHosts.shop);
  for (const host of [
    `my${stackHosts.shop}`,
    `${stackHosts.shop}.evil.example`,
    'acme.localhost',
    `x.${stackHosts.shop}`,
    stackHosts.wiki,
  ]) {
    const answer = await ask(`http://127.0.0.1:${stack.signInPort}/_cognito-gate/userinfo`, {
      headers: { host, cookie: `${name}=${value}` },
    });
    assert.equal(answer.status, 404, host);
  }
});

test('T24.4 T23.4 bytes moved between the parts of a session, and parts of two sessions put together', async () => {
  const [name, one] = sessionOn(await signedIn('ada'), stackHosts.shop);
  const [, two] = sessionOn(await signedIn('bob'), stackHosts.shop);
  const [key = '', scope = '', body = ''] = one.split('.');
  const [, otherScope = '', otherBody = ''] = two.split('.');
  const mixed = [
    `${key}.${scope}${body[0]}.${body.slice(1)}`,
    `${key}.${scope.slice(0, -1)}.${scope.at(-1)}${body}`,
    `${key}${scope[0]}.${scope.slice(1)}.${body}`,
    `${key}.${scope}.${body.slice(0, -22)}${otherBody.slice(-22)}`,
    `${key}.${scope}.${body.slice(0, 16)}${otherBody.slice(16)}`,
    `${key}.${otherScope}A.${body}`,
    `2${key.slice(1)}.${scope}.${body}`,
    `1.${scope}.${body}`,
    `1k2.${scope}.${body}`,
    `${key}..${body}`,
    `${key}.${scope}.`,
    `${key}.${scope}.${body}.${body}`,
    `${key}.${scope}.${body}=`,
    `${key}.${scope}.${body}\u00e9`,
  ];
  for (const value of mixed) assert.equal((await direct('/', `${name}=${value}`)).status, 403, value.slice(0, 60));
});

test('N18 T22.5 S20 a decision is never kept: no-store, and the policy’s next edit counts for a warm session', async () => {
  const visitor = await signedIn();
  const cookie = sessionOn(visitor, stackHosts.shop).join('=');
  const answer = await direct('/admin', cookie);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers.etag, undefined);
  assert.deepEqual(answer.cookies, [], 'N9');
  const before = await readFile(join(stack.policies, 'apps.yaml'), 'utf8');
  await stack.write('apps.yaml', before.replaceAll('groups: [admins]', 'groups: [nobody]'));
  await until(async () => (await direct('/admin', cookie)).status === 403, 'the edit');
  await stack.write('apps.yaml', before);
  await until(async () => (await direct('/admin', cookie)).status === 200, 'the way back');
});

test('S22 a session trimmed of groups that nobody asked for is unknown, not free, when a deny begins to ask', async () => {
  const visitor = await signedIn('max');
  const cookie = sessionOn(visitor, stackHosts.shop).join('=');
  assert.equal((await direct('/', cookie)).status, 200);
  const before = await readFile(join(stack.policies, 'apps.yaml'), 'utf8');
  await stack.write(
    'apps.yaml',
    before.replaceAll('groups: [suspended]', 'groups: [suspended, warehouse-north-team-0250]'),
  );
  await until(async () => (await direct('/', cookie)).status === 403, 'the deny');
  assert.equal((await visitor.go(shop())).status, 403, 'and after reading again it is known');
  await stack.write('apps.yaml', before.replaceAll('groups: [suspended]', 'groups: [suspended, somebody-else]'));
  await until(async () => (await visitor.go(shop())).status === 200, 'a deny of others', 4);
  await stack.write('apps.yaml', before);
});

test('N19 a browser that keeps no cookies, and one whose session is lost on the way: a page after a bounded number of redirects', async () => {
  const forgetful = watch.visitor();
  await forgetful.signIn(shop(), account('bob'));
  const forget = (): void => {
    for (const name of forgetful.cookies(stackHosts.shop).keys()) {
      if (name.startsWith('__Host-cg-')) forgetful.cookies(stackHosts.shop).delete(name);
    }
  };
  forget();
  let page = await forgetful.ask(shop('/loop'));
  let redirects = 0;
  while (page.status === 302 && redirects < 60) {
    forget();
    page = await forgetful.ask(new URL(String(page.headers['location']), page.url));
    redirects += 1;
  }
  assert.ok(page.status === 403 && redirects < 30, `${page.status} after ${redirects}`);
  const none = watch.visitor();
  none.jar.set(stackHosts.cognito, new Map(forgetful.cookies(stackHosts.cognito)));
  let next = shop('/loop');
  let count = 0;
  for (; count < 60; count += 1) {
    none.jar.delete(stackHosts.shop);
    none.jar.delete(stackHosts.signIn);
    const answer = await none.ask(next);
    if (answer.status !== 302 && answer.status !== 303) break;
    next = new URL(String(answer.headers['location']), next).href;
  }
  assert.ok(count < 30, `${count} redirects without cookies`);
});

test('M3 none of the secrets that these visitors met is in the log', async () => {
  assert.ok(watch.size > 50);
  assert.deepEqual(await watch.leaks(), []);
});
