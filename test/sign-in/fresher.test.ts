import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import type { Pool } from '../../src/model/pool.ts';
import { createMemoryStore } from '../session/fresh/memory-store.ts';
import { Browser } from './browser.ts';
import { cognitoHost } from './fake-cognito.ts';
import { createWorld, shopHost, shopId, signInHost, staffPool, startUrl, wikiHost } from './world.ts';

const bob = { username: 'bob', groups: ['staff'] };
const payroll = `https://${shopHost}/payroll/may`;
const hour = 3600;

/** Signed in an hour ago; Cognito's own session is as old. */
async function oldSignIn(staff: Partial<Pool> = {}) {
  const world = createWorld({ staff });
  world.cognito.person = bob;
  world.cognito.tokenLife = 24 * hour;
  const browser = new Browser(world);
  await browser.go(`https://${shopHost}/`);
  world.clock.now += hour - 10;
  return { world, browser };
}

const promptOf = (url: URL | undefined): string | null | undefined => url?.searchParams.get('prompt');

describe('a rule that wants a recent sign-in (L26)', () => {
  it('asks Cognito for a login and comes back to the page; other pages need none', async () => {
    const { world, browser } = await oldSignIn();
    assert.equal((await browser.go(`https://${shopHost}/page`)).body, 'app: bob');
    assert.equal(world.cognito.redeems, 1);
    const visited = await browser.go(payroll);
    assert.deepEqual([visited.body, visited.url.href], ['app: bob', payroll]);
    assert.equal(promptOf(world.cognito.authorizations.at(-1)), 'login');
    assert.equal(world.cognito.redeems, 2);
    const again = await browser.go(payroll);
    assert.deepEqual([again.way.length, world.cognito.redeems], [1, 2]);
  });

  it('one fresh sign-in serves the other hosts, on another replica too', async () => {
    const { world, browser } = await oldSignIn();
    await browser.go(`https://${wikiHost}/`);
    await browser.go(payroll);
    const asked = world.cognito.authorizations.length;
    browser.use(world.replica());
    const visited = await browser.go(`https://${wikiHost}/payroll`);
    assert.equal(visited.body, 'app: bob');
    assert.equal(world.cognito.authorizations.length, asked);
  });

  it('prompt=login that is ignored gives a page that says so, no loop, and no sign-in', async () => {
    const { world, browser } = await oldSignIn();
    world.cognito.ignorePrompt = true;
    const jar = browser.cookieHeader(shopHost);
    const visited = await browser.go(payroll);
    assert.equal(visited.status, 403);
    assert.ok(visited.body.includes('answered with your earlier sign-in'));
    assert.equal(world.cognito.authorizations.length, 2, 'asked once');
    assert.equal(visited.url.hostname, signInHost);
    assert.ok(browser.cookieHeader(shopHost)?.includes(jar ?? 'none'), 'the session that there was stays');
    assert.equal(world.cognito.revoked.length, 1, 'what came is given back');
    assert.equal((await browser.go(`https://${shopHost}/page`)).body, 'app: bob');
  });

  it('its link signs out and in again, and then the page opens', async () => {
    const { world, browser } = await oldSignIn();
    world.cognito.ignorePrompt = true;
    const page = await browser.go(payroll);
    const link = /href="([^"]*sign-out[^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const question = await browser.go(link);
    const fields = Object.fromEntries(
      [...question.body.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const back = await browser.go(`https://${shopHost}/_cognito-gate/sign-out`, {
      form: fields,
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    assert.deepEqual([back.body, back.url.href], ['app: bob', payroll]);
  });

  it('prompt=login that somebody takes out of the address doesn’t help', async () => {
    const { world, browser } = await oldSignIn();
    const atCognito = await browser.go(payroll, { until: (url) => url.hostname === cognitoHost });
    atCognito.url.searchParams.delete('prompt');
    const visited = await browser.go(atCognito.url);
    assert.deepEqual([visited.status, visited.url.hostname], [403, signInHost]);
    assert.ok(world.outcomes.includes('too_old'));
  });

  it('Logout: through Cognito’s sign-out first, once', async () => {
    const { world, browser } = await oldSignIn({ freshSignIn: 'Logout' });
    world.cognito.ignorePrompt = true;
    const visited = await browser.go(payroll);
    assert.deepEqual([visited.body, visited.url.href], ['app: bob', payroll]);
    assert.equal(visited.way.filter((url) => url.pathname === '/logout').length, 1);
    assert.equal(promptOf(world.cognito.authorizations.at(-1)), null);
  });

  it('Logout without a cookie of the sign-in host: Cognito’s old session is found out at the callback', async () => {
    const { browser } = await oldSignIn({ freshSignIn: 'Logout' });
    browser.jar(signInHost).clear();
    const visited = await browser.go(payroll);
    assert.equal(visited.body, 'app: bob');
    assert.equal(visited.way.filter((url) => url.pathname === '/logout').length, 1);
  });

  it('None: a page says what to do', async () => {
    const { world, browser } = await oldSignIn({ freshSignIn: 'None' });
    const visited = await browser.go(payroll);
    assert.equal(visited.status, 403);
    assert.ok(visited.body.includes('that was too long ago for this page'));
    assert.equal(world.cognito.authorizations.length, 1);
  });

  it('nobody is asked for a password where a group is what is missing', async () => {
    const { world, browser } = await oldSignIn();
    const visited = await browser.go(`https://${shopHost}/admin`);
    assert.equal(visited.status, 403);
    assert.equal(world.cognito.authorizations.length, 1);
  });
});

describe('a sign-in that a SessionRevocation has ended (S23)', () => {
  const ended = (before: number) => ({
    pools: 'every' as const,
    who: { kind: 'subject' as const, value: 'sub-bob' },
    before,
  });

  it('leads through Cognito’s sign-out to a real sign-in, which is another sign-in', async () => {
    const { world, browser } = await oldSignIn();
    await browser.go(`https://${wikiHost}/`);
    const copy = browser.jar(wikiHost);
    world.revoke(ended(world.clock.now));
    world.clock.now += 5;
    const visited = await browser.go(`https://${shopHost}/page`);
    assert.equal(visited.body, 'app: bob');
    assert.equal(visited.way.filter((url) => url.pathname === '/logout').length, 1);
    assert.equal(world.cognito.revoked.length, 1);
    const thief = new Browser(world);
    thief.jars.set(wikiHost, new Map(copy));
    world.cognito.person = undefined;
    assert.equal((await thief.go(`https://${wikiHost}/`)).url.hostname, cognitoHost, 'a copied cookie stays nobody’s');
  });

  it('a copied session is not revived by what its person signs in to afterwards, without a cookie of the sign-in', async () => {
    const { world, browser } = await oldSignIn();
    const copy = new Map(browser.jar(shopHost));
    world.revoke(ended(world.clock.now));
    world.clock.now += 5;
    browser.sso.person = undefined;
    for (const name of browser.jar(signInHost).keys()) {
      if (name.startsWith('__Host-cgs')) browser.jar(signInHost).delete(name);
    }
    assert.equal((await browser.go(`https://${wikiHost}/`)).body, 'app: bob');
    // What is learned by sid from now on has the new sign-in's time.
    world.clock.now += staffPool.session.refreshAfter + 1;
    await browser.go(`https://${wikiHost}/`);
    await setImmediate();
    assert.equal(world.cognito.refreshes, 1);
    const thief = new Browser(world);
    thief.jars.set(shopHost, copy);
    world.cognito.person = undefined;
    assert.equal((await thief.go(`https://${shopHost}/`)).url.hostname, cognitoHost);
  });

  it('a thief with nothing but Cognito’s session gets the password form', async () => {
    const { world, browser } = await oldSignIn();
    world.revoke(ended(world.clock.now));
    world.clock.now += 5;
    const thief = new Browser(world);
    Object.assign(thief.sso, browser.sso);
    world.cognito.person = undefined;
    const visited = await thief.go(`https://${shopHost}/`);
    assert.deepEqual([visited.url.hostname, visited.body], [cognitoHost, 'Cognito: password?']);
    assert.equal(visited.way.filter((url) => url.pathname === '/logout').length, 1);
  });

  it('where even the new sign-in is over, a page says so: no loop', async () => {
    const { world, browser } = await oldSignIn();
    world.revoke(ended(world.clock.now + hour));
    const visited = await browser.go(`https://${shopHost}/page`);
    assert.equal(visited.status, 403);
    assert.ok(visited.body.includes('This sign-in was ended by the people who run the site'));
    assert.equal(visited.way.filter((url) => url.pathname === '/logout').length, 1);
    assert.equal((await browser.ask(startUrl(shopHost, shopId, '/page'))).status, 302);
  });

  it('others are not concerned', async () => {
    const { world, browser } = await oldSignIn();
    world.revoke({ pools: 'every', who: { kind: 'subject', value: 'sub-ada' }, before: world.clock.now });
    assert.equal((await browser.go(`https://${shopHost}/page`)).way.length, 1);
  });
});

describe('a copied cookie, when its person signs in once more in the same browser', () => {
  /** The thief has the cookies of that time; what the replica learns by sid since is of the newer sign-in. */
  async function copied(store: 'cookie' | 'redis') {
    const world = createWorld({
      staff: { session: { ...staffPool.session, signInLifetime: 24 * hour, lifetime: 24 * hour } },
      ...(store === 'redis' ? { store: createMemoryStore() } : {}),
    });
    world.cognito.person = bob;
    world.cognito.tokenLife = 24 * hour;
    const browser = new Browser(world);
    await browser.go(`https://${shopHost}/`);
    const since = world.clock.now;
    const thief = new Browser(world);
    for (const host of [shopHost, signInHost]) thief.jars.set(host, new Map(browser.jar(host)));
    world.clock.now += hour;
    assert.equal((await browser.go(payroll)).body, 'app: bob');
    world.clock.now += staffPool.session.refreshAfter + 1;
    await browser.go(payroll);
    await setImmediate();
    world.cognito.person = undefined;
    return { world, browser, thief, since };
  }

  for (const store of ['cookie', 'redis'] as const) {
    it(`T23.3 L26 ${store}: is not younger by that, where a rule wants a recent sign-in`, async () => {
      const { browser, thief } = await copied(store);
      assert.equal((await thief.go(payroll)).url.hostname, cognitoHost);
      // Read again, and sealed again, it is what it was.
      await thief.go(`https://${shopHost}/_cognito-gate/start/${shopId}?rd=%2F&check=1`);
      assert.equal((await thief.go(payroll)).url.hostname, cognitoHost);
      thief.jar(shopHost).clear();
      assert.equal((await thief.go(payroll)).url.hostname, cognitoHost);
      assert.equal((await browser.go(payroll)).body, 'app: bob');
    });

    it(`S23 ${store}: ends by a revocation of before that sign-in, which goes on`, async () => {
      const { world, browser, thief, since } = await copied(store);
      await thief.go(`https://${shopHost}/_cognito-gate/start/${shopId}?rd=%2F&check=1`);
      world.revoke({ pools: 'every', who: { kind: 'subject', value: 'sub-bob' }, before: since });
      assert.equal((await thief.go(`https://${shopHost}/page`)).url.hostname, cognitoHost);
      assert.equal((await browser.go(`https://${shopHost}/page`)).body, 'app: bob');
    });
  }
});
