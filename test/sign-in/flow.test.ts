import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Browser } from './browser.ts';
import { cognitoHost } from './fake-cognito.ts';
import {
  createWorld,
  dualHost,
  dualId,
  partnerPool,
  shopHost,
  shopId,
  signInHost,
  staffPool,
  startUrl,
  wikiHost,
} from './world.ts';

const ada = { username: 'ada', groups: ['admins'] };
const bob = { username: 'bob', groups: ['staff'] };

function signedInWorld(person = ada, options: Parameters<typeof createWorld>[0] = {}) {
  const world = createWorld(options);
  world.cognito.person = person;
  return { world, browser: new Browser(world) };
}

describe('signing in', () => {
  it('leads to the page that was wanted, and serves a second app without Cognito (T10.2)', async () => {
    const { world, browser } = signedInWorld();
    const shop = await browser.go(`https://${shopHost}/admin`);
    assert.deepEqual([shop.status, shop.body, shop.url.pathname], [200, 'app: ada', '/admin']);
    assert.match(world.cognito.authorizations[0]?.searchParams.get('code_challenge') ?? '', /^[\w-]{43}$/);
    const wiki = await browser.go(`https://${wikiHost}/page`);
    assert.equal(wiki.body, 'app: ada');
    assert.equal(world.cognito.redeems, 1);
    assert.ok(!wiki.way.some((url) => url.hostname === cognitoHost));
  });

  it('N12 L12 keeps a deep link byte for byte', async () => {
    const { browser } = signedInWorld();
    const deep = '/r%C3%A4ume?a=1&b=%26x&c=a+b&d=%2B';
    const visited = await browser.go(`https://${shopHost}${deep}`);
    assert.equal(visited.url.pathname + visited.url.search, deep);
  });

  it('start for a public page makes the session that its script came for, and sends back who has one', async () => {
    const { world, browser } = signedInWorld();
    const first = await browser.go(startUrl(shopHost, shopId, '/healthz'));
    assert.deepEqual([first.url.pathname, world.cognito.redeems], ['/healthz', 1]);
    assert.equal((await browser.go(`https://${shopHost}/page`)).body, 'app: ada');
    const again = await browser.go(startUrl(shopHost, shopId, '/healthz'));
    assert.deepEqual([again.url.pathname, world.cognito.redeems, again.way.length], ['/healthz', 1, 2]);
  });

  it('L1 the state is 22 characters of base64url', async () => {
    const { world, browser } = signedInWorld();
    await browser.go(`https://${shopHost}/`);
    assert.match(world.cognito.authorizations[0]?.searchParams.get('state') ?? '', /^[\w-]{22}$/);
  });

  it('L17 T10.5 no token or code is in an address of an app host', async () => {
    const { world, browser } = signedInWorld();
    const visited = await browser.go(`https://${shopHost}/`);
    for (const url of visited.way.filter(({ hostname }) => hostname === shopHost)) {
      assert.ok(!world.cognito.secrets.some((secret) => url.href.includes(secret)));
      assert.equal(url.searchParams.get('code'), null);
    }
  });

  it('keeps every address under 1,000 bytes of path and 2,000 of query, for 300 groups too', async () => {
    const groups = Array.from({ length: 300 }, (_, index) => `team-of-words-and-more-${index}`);
    const { world, browser } = signedInWorld({ username: 'max', groups: [...groups, 'admins'] });
    const visited = await browser.go(`https://${shopHost}/admin?${'q'.repeat(900)}`);
    assert.equal(visited.body, 'app: max');
    for (const url of visited.way) {
      assert.ok(url.pathname.length <= 1000 && url.search.length <= 2000, url.pathname.slice(0, 40));
    }
    assert.ok(world.outcomes.includes('signed_in'));
  });

  it('S19 T23.5 every cookie is Secure, HttpOnly, Lax, host-only, and within its size', async () => {
    const { browser } = signedInWorld();
    const { cookies } = await browser.go(`https://${shopHost}/x?${'y'.repeat(150)}`);
    assert.ok(cookies.length >= 6);
    for (const cookie of cookies) {
      assert.match(cookie, /^__Host-cg[a-z]?(-[\w-]+)?=[^;]*; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/);
      const size = cookie.indexOf(';');
      assert.ok(size <= (/^__Host-cg[ac]-/.test(cookie) ? 300 + 170 : 3600), `${cookie.slice(0, 20)} ${size}`);
    }
  });

  it('T22.6 uses publicPort in every address and the one callback, whatever host is sent (L8)', async () => {
    const { world, browser } = signedInWorld(ada, { publicPort: 8443 });
    const response = await browser.ask(startUrl(shopHost, shopId, '/'), {
      headers: { 'x-forwarded-host': 'evil.test' },
    });
    assert.match(response.headers['location'] ?? '', /^https:\/\/auth\.example\.com:8443\/oauth2\/authorize\?request=/);
    await browser.go(response.headers['location'] ?? '', { until: (url) => url.pathname.startsWith('/_cognito-gate') });
    assert.equal(
      world.cognito.authorizations[0]?.searchParams.get('redirect_uri'),
      'https://auth.example.com:8443/oauth2/callback',
    );
  });

  it('L8 a host that is no host of the route is not served', async () => {
    const { browser } = signedInWorld();
    assert.equal((await browser.ask(startUrl(wikiHost, shopId, '/'))).status, 404);
    assert.equal((await browser.ask(startUrl('evil.test', shopId, '/'))).status, 404);
    assert.equal((await browser.ask(startUrl(signInHost, shopId, '/'))).status, 404);
  });

  it('a chooser names the pools, the first first', async () => {
    const { browser } = signedInWorld();
    const page = await browser.go(`https://${dualHost}/`);
    assert.equal(page.status, 200);
    assert.ok(page.body.indexOf('Continue with staff') < page.body.indexOf('Continue with partners'));
    assert.ok(page.body.indexOf('Continue with staff') > 0);
    const done = await browser.go(`${startUrl(dualHost, dualId, '/p')}&pool=${partnerPool.id.slice(0, 8)}`);
    assert.equal(done.body, 'app: ada');
    assert.ok(browser.jar(dualHost).has(`__Host-cg-${partnerPool.id.slice(0, 8)}`));
  });

  it('S16 T23.3 a planted browser id or session is replaced', async () => {
    const { browser } = signedInWorld();
    browser.jar(signInHost).set('__Host-cgb', 'planted');
    browser.jar(shopHost).set(`__Host-cg-${staffPool.id.slice(0, 8)}`, 'planted');
    assert.equal((await browser.go(`https://${shopHost}/`)).body, 'app: ada');
    assert.notEqual(browser.jar(signInHost).get('__Host-cgb'), 'planted');
  });

  it('T7.1 a session that can not be used is cleared on the way to a sign-in', async () => {
    const { browser } = signedInWorld();
    const name = `__Host-cg-${staffPool.id.slice(0, 8)}`;
    browser.jar(shopHost).set(name, 'old');
    const response = await browser.ask(startUrl(shopHost, shopId, '/'));
    assert.ok(response.cookies.some((cookie) => cookie.startsWith(`${name}=;`)));
  });

  it('a session past half of its tokens’ life is renewed by start, with the same start of the session', async () => {
    const { world, browser } = signedInWorld();
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 1900;
    const visited = await browser.go(startUrl(shopHost, shopId, '/here'));
    assert.equal(visited.body, 'app: ada');
    assert.equal(world.cognito.refreshes, 1);
    assert.deepEqual(
      visited.way.map((url) => url.pathname.replace(/start\/.*/, 'start')),
      ['/_cognito-gate/start', '/here'],
      'in place, without a trip to the sign-in host',
    );
    const direct = await browser.go(startUrl(shopHost, shopId, '/here'));
    assert.equal(direct.way.length, 2);
    const told = await browser.ask(`https://${shopHost}/_cognito-gate/userinfo`);
    assert.ok(told.body.includes('"sessionEnds":"2027-01-15T18:00:00.000Z"'), told.body);
  });

  it('another person in the same browser ends what the first had open on other hosts', async () => {
    const { world, browser } = signedInWorld();
    await browser.go(`https://${shopHost}/`);
    await browser.go(`https://${wikiHost}/`);
    world.cognito.person = bob;
    browser.sso.person = bob;
    browser.jar(shopHost).clear();
    assert.equal((await browser.go(`${startUrl(shopHost, shopId, '/')}&switch=1`)).body, 'app: bob');
    assert.equal((await browser.go(`https://${wikiHost}/`)).body, 'app: bob');
  });
});

describe('refresh at the sign-in host', () => {
  it('serves a sign-in whose groups are too old only after a refresh', async () => {
    const { world, browser } = signedInWorld();
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 700;
    assert.equal((await browser.go(`https://${wikiHost}/`)).body, 'app: ada');
    assert.equal(world.cognito.refreshes, 1);
  });

  it('keeps a rotated refresh token, for ten tabs with the old cookie too', async () => {
    const { world, browser } = signedInWorld();
    world.cognito.rotate = true;
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 700;
    const before = new Map(browser.jar(signInHost));
    const starts = await Promise.all(
      Array.from({ length: 10 }, (_, n) => browser.ask(startUrl(wikiHost, '2'.repeat(32), `/${n}`))),
    );
    const answers = await Promise.all(starts.map((start) => browser.ask(start.headers['location'] ?? '')));
    for (const answer of answers) {
      assert.match(answer.headers['location'] ?? '', /^https:\/\/wiki\.test\/_cognito-gate\/complete\//);
    }
    browser.jars.set(signInHost, before);
    const late = await browser.ask(startUrl(wikiHost, '2'.repeat(32), '/late'));
    const answer = await browser.ask(late.headers['location'] ?? '');
    assert.match(answer.headers['location'] ?? '', /\/_cognito-gate\/complete\//);
    assert.equal(world.cognito.refreshes, 1);
    world.clock.now += 700;
    await browser.go(`https://${wikiHost}/`);
    await browser.go(startUrl(shopHost, shopId, '/'));
    assert.equal(world.cognito.redeems, 1);
  });

  it('invalid_grant ends the sign-in: off to Cognito, and the new sign-in has a new sid', async () => {
    const { world, browser } = signedInWorld();
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 700;
    world.cognito.failure = 'invalid_grant';
    const stopped = await browser.go(`https://${wikiHost}/`, { until: (url) => url.pathname === '/oauth2/callback' });
    world.cognito.failure = undefined;
    assert.equal((await browser.go(stopped.url)).body, 'app: ada');
    assert.ok(world.outcomes.includes('sign_in_ended'));
  });

  it('goes on with what is known while the tokens are good and Cognito is away', async () => {
    const { world, browser } = signedInWorld();
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 700;
    world.cognito.failure = 'unavailable';
    assert.equal((await browser.go(`https://${wikiHost}/`)).body, 'app: ada');
    assert.ok(world.outcomes.includes('refresh_failed'));
  });
});

describe('denial', () => {
  it('N3 L18 ends on a 403 page after few redirects, keeps the session, asks Cognito once', async () => {
    const { world, browser } = signedInWorld(bob);
    const visited = await browser.go(`https://${shopHost}/admin?q=1`);
    assert.equal(visited.status, 403);
    assert.ok(visited.way.length <= 12);
    for (const text of ['bob', 'the group admins', 'Check again', 'Switch account', 'help@example.com', 'admin']) {
      assert.ok(visited.body.includes(text), text);
    }
    assert.equal(world.cognito.authorizations.length, 1);
    assert.equal((await browser.go(`https://${shopHost}/`)).body, 'app: bob');
  });

  it('groups that were just added are read before the denial, without Cognito’s pages', async () => {
    const person = { username: 'bob', groups: ['staff'] };
    const { world, browser } = signedInWorld(person);
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 60;
    person.groups.push('admins');
    assert.equal((await browser.go(`https://${shopHost}/admin`)).body, 'app: bob');
    assert.equal(world.cognito.authorizations.length, 1);
  });

  it('check again reads once more, at once', async () => {
    const person = { username: 'bob', groups: ['staff'] };
    const { world, browser } = signedInWorld(person);
    assert.equal((await browser.go(`https://${shopHost}/admin`)).status, 403);
    person.groups.push('admins');
    const check = `${startUrl(shopHost, shopId, '/admin')}&check=1`;
    assert.equal((await browser.go(check)).body, 'app: bob');
    for (let click = 0; click < 10; click += 1) {
      await browser.ask(check);
    }
    assert.equal(world.cognito.refreshes, 3, 'not as often as somebody clicks');
    world.clock.now += 11;
    await browser.ask(check);
    assert.equal(world.cognito.refreshes, 4);
  });

  it('N3 stands where groups can’t be read again, or the sign-in is gone', async () => {
    const { world, browser } = signedInWorld(bob);
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 60;
    world.cognito.failure = 'unavailable';
    assert.equal((await browser.go(`https://${shopHost}/admin`)).status, 403);
    world.cognito.failure = undefined;
    browser.jar(signInHost).clear();
    world.clock.now += 60;
    assert.equal((await browser.go(`https://${shopHost}/admin`)).status, 403);
    assert.equal(world.cognito.authorizations.length, 1);
  });

  it('a denied account is told so, and M6 names are escaped', async () => {
    const { browser } = signedInWorld({ username: '<b>x</b>', groups: ['suspended'] });
    const visited = await browser.go(`https://${shopHost}/`);
    assert.equal(visited.status, 403);
    assert.ok(visited.body.includes('&lt;b&gt;x&lt;/b&gt;') && !visited.body.includes('<b>x'));
  });

  it('N34 the third return to the same page within 30 s is a page; other pages are not counted with it', async () => {
    const { world, browser } = signedInWorld();
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 31;
    const starts = [1, 2, 3].map(() => startUrl(shopHost, shopId, '/same'));
    const statuses: number[] = [];
    for (const start of starts) {
      statuses.push((await browser.ask(start)).status);
    }
    assert.deepEqual(statuses, [302, 302, 403]);
    assert.equal((await browser.ask(startUrl(shopHost, shopId, '/other'))).status, 302);
  });

  it('N34 ten tabs to one page are not a loop', async () => {
    const { browser } = signedInWorld();
    const starts = [];
    for (let tab = 0; tab < 10; tab += 1) {
      starts.push(await browser.ask(startUrl(shopHost, shopId, '/')));
    }
    for (const start of starts) {
      const visited = await browser.go(start.headers['location'] ?? '');
      assert.ok(visited.body === 'app: ada' || visited.body.includes('Continue'), visited.body.slice(0, 300));
    }
    assert.equal((await browser.go(startUrl(shopHost, shopId, '/'))).body, 'app: ada');
  });
});
