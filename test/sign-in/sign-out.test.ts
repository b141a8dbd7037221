import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Browser } from './browser.ts';
import { cognitoHost } from './fake-cognito.ts';
import { createWorld, shopHost, shopId, signInHost, staffPool, wikiHost, type World } from './world.ts';

const sameOrigin = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const signOutUrl = `https://${shopHost}/_cognito-gate/sign-out`;
const sessionName = `__Host-cg-${staffPool.id.slice(0, 8)}`;

async function signedIn(staff = {}): Promise<{ world: World; browser: Browser }> {
  const world = createWorld({ staff });
  world.cognito.person = { username: 'ada', groups: ['admins'] };
  const browser = new Browser(world);
  await browser.go(`https://${shopHost}/`);
  await browser.go(`https://${wikiHost}/`);
  return { world, browser };
}

describe('sign-out', () => {
  it('L20 L21 L25 ends everything: page, sign-in host, Cognito with client_id and logout_uri alone, signed out', async () => {
    const { world, browser } = await signedIn();
    const posted = await browser.ask(signOutUrl, { form: {}, headers: sameOrigin });
    assert.equal(posted.status, 200);
    assert.match(
      posted.body,
      /http-equiv="refresh" content="0;url=https:\/\/auth\.example\.com\/oauth2\/sign-out\?request=/,
    );
    const address = /0;url=([^"]*)/.exec(posted.body)?.[1] ?? '';
    const visited = await browser.go(address);
    assert.equal(visited.url.href, `https://${signInHost}/oauth2/signed-out`);
    assert.ok(visited.body.includes('You are signed out'));
    const logout = visited.way.find((url) => url.hostname === cognitoHost);
    assert.deepEqual([...(logout?.searchParams.keys() ?? [])].toSorted(), ['client_id', 'logout_uri']);
    world.cognito.person = undefined;
    assert.equal((await browser.go(`https://${shopHost}/`)).body, 'Cognito: password?');
    assert.equal((await browser.go(`https://${wikiHost}/`)).body, 'Cognito: password?');
  });

  it('T7.3 T7.4 L23 the POST clears the session and ends the sid at once: the old cookie is nobody', async () => {
    const { browser } = await signedIn();
    const old = browser.jar(shopHost).get(sessionName) ?? '';
    const wiki = browser.jar(wikiHost).get(sessionName) ?? '';
    const posted = await browser.ask(signOutUrl, { form: {}, headers: sameOrigin });
    assert.ok(posted.cookies.some((cookie) => cookie.startsWith(`${sessionName}=;`)));
    browser.jar(shopHost).set(sessionName, old);
    assert.equal((await browser.ask(`https://${shopHost}/_cognito-gate/userinfo`)).status, 401);
    browser.jar(wikiHost).set(sessionName, wiki);
    assert.equal((await browser.ask(`https://${wikiHost}/_cognito-gate/userinfo`)).status, 401);
  });

  it('L22 revokes the refresh token; where that fails the session ends all the same', async () => {
    const { world, browser } = await signedIn();
    await browser.ask(signOutUrl, { form: {}, headers: sameOrigin });
    assert.equal(world.cognito.revoked.length, 1);
    const second = await signedIn();
    second.world.cognito.failure = 'unavailable';
    await second.browser.ask(signOutUrl, { form: {}, headers: sameOrigin });
    assert.equal((await second.browser.ask(`https://${shopHost}/_cognito-gate/userinfo`)).status, 401);
  });

  it('L19 a GET asks, a cross-site or sibling POST asks and ends nothing', async () => {
    const { browser } = await signedIn();
    const asked = await browser.ask(`${signOutUrl}?rd=/x`);
    assert.deepEqual([asked.status, asked.cookies.length], [200, 0]);
    assert.ok(asked.body.includes('<form method="post" action="/_cognito-gate/sign-out">'));
    const posts: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none', origin: `https://${shopHost}` },
      { origin: `https://${wikiHost}` },
      { origin: 'null' },
      {},
    ];
    for (const headers of posts) {
      const response = await browser.ask(signOutUrl, { form: {}, headers });
      assert.deepEqual([response.status, response.cookies.length], [403, 0], JSON.stringify(headers));
    }
    assert.equal((await browser.go(`https://${shopHost}/`)).body, 'app: ada');
    assert.equal((await browser.ask(signOutUrl, { form: {}, headers: { origin: `https://${shopHost}` } })).status, 200);
  });

  it('L19 somebody else’s sealed sign-out in a link only asks', async () => {
    const { world, browser } = await signedIn();
    const attacker = new Browser(world);
    await attacker.go(`https://${shopHost}/`);
    const posted = await attacker.ask(signOutUrl, { form: {}, headers: sameOrigin });
    const address = /0;url=([^"]*)/.exec(posted.body)?.[1] ?? '';
    const victim = await browser.ask(address);
    assert.deepEqual([victim.status, victim.cookies.length], [200, 0]);
    assert.ok(victim.body.includes('Do you want to sign out?'));
    assert.equal((await browser.go(`https://${wikiHost}/new`)).body, 'app: ada');
  });

  it('without a valid request the sign-in host only asks; its own form ends every sign-in there', async () => {
    const { world, browser } = await signedIn();
    const url = `https://${signInHost}/oauth2/sign-out`;
    for (const query of ['', '?request=', '?request=junk']) {
      const response = await browser.ask(`${url}${query}`);
      assert.deepEqual([response.status, response.cookies.length], [200, 0]);
    }
    assert.equal((await browser.ask(url, { form: {}, headers: { 'sec-fetch-site': 'same-site' } })).status, 403);
    const ended = await browser.go(url, { form: {}, headers: sameOrigin });
    assert.equal(ended.url.pathname, '/oauth2/signed-out');
    world.cognito.person = undefined;
    assert.equal((await browser.go(`https://${shopHost}/`)).body, 'Cognito: password?');
  });

  it('L19 a stranger’s link to the end of a sign-out tells nobody that they are signed out: it asks', async () => {
    const { browser } = await signedIn();
    for (const address of [
      `https://${signInHost}/oauth2/signed-out`,
      `https://${cognitoHost}/logout?logout_uri=${encodeURIComponent(`https://${signInHost}/oauth2/signed-out`)}`,
    ]) {
      const visited = await browser.go(address);
      assert.ok(visited.body.includes('Do you want to sign out?') && !visited.body.includes('You are signed out'));
    }
    assert.equal((await browser.go(`https://${shopHost}/`)).body, 'app: ada');
    const nobody = await new Browser(createWorld()).go(`https://${signInHost}/oauth2/signed-out`);
    assert.ok(nobody.body.includes('You are signed out'));
  });

  it('a request older than 60 s asks', async () => {
    const { world, browser } = await signedIn();
    const posted = await browser.ask(signOutUrl, { form: {}, headers: sameOrigin });
    world.clock.now += 60;
    const late = await browser.ask(/0;url=([^"]*)/.exec(posted.body)?.[1] ?? '');
    assert.ok(late.body.includes('Do you want to sign out?'));
  });

  it('switch account comes back to the same app and page with the other account', async () => {
    const world = createWorld();
    world.cognito.person = { username: 'bob', groups: ['staff'] };
    const browser = new Browser(world);
    const denied = await browser.go(`https://${shopHost}/admin?x=1`);
    const fields = Object.fromEntries(
      [...denied.body.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    );
    assert.deepEqual([fields['rd'], fields['switch'], fields['route']], ['/admin?x=1', '1', shopId]);
    world.cognito.person = { username: 'ada', groups: ['admins'] };
    const visited = await browser.go(signOutUrl, { form: fields, headers: sameOrigin });
    assert.deepEqual([visited.body, visited.url.pathname, visited.url.search], ['app: ada', '/admin', '?x=1']);
    assert.equal(world.cognito.authorizations.at(-1)?.searchParams.get('prompt'), null);
  });

  it('switch account asks for a login where a provider would sign the same person in again, and the page says so', async () => {
    const { world, browser } = await signedIn({ authorize: { identityProvider: 'Entra' } });
    const visited = await browser.go(signOutUrl, {
      form: { switch: '1', rd: '/', route: shopId },
      headers: sameOrigin,
    });
    assert.equal(visited.body, 'app: ada');
    assert.equal(world.cognito.authorizations.at(-1)?.searchParams.get('prompt'), 'login');
    const out = await browser.go(signOutUrl, { form: {}, headers: sameOrigin });
    assert.ok(out.body.includes('Entra'));
  });

  it('the browser gets a new id: the next sign-in has another sid and works', async () => {
    const { browser } = await signedIn();
    const before = browser.jar(signInHost).get('__Host-cgb');
    await browser.go(signOutUrl, { form: {}, headers: sameOrigin });
    assert.equal(browser.jar(signInHost).has('__Host-cgb'), false);
    assert.equal((await browser.go(`https://${shopHost}/`)).body, 'app: ada');
    assert.notEqual(browser.jar(signInHost).get('__Host-cgb'), before);
  });
});
