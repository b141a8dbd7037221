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

const own = { 'sec-fetch-site': 'same-origin' };
const day = 86_400;

function begin() {
  const world = createWorld({ staff: { session: { ...staffPool.session, signInLifetime: day, idle: 2 * day } } });
  world.cognito.person = { username: 'ada', groups: ['admins'] };
  return { world, browser: new Browser(world) };
}

const signOut = (browser: Browser, host: string) =>
  browser.go(`https://${host}/_cognito-gate/sign-out`, { form: { rd: '/' }, headers: own });

/** When the one sid that was ended is forgotten, in seconds from now. */
function remembered(world: ReturnType<typeof begin>['world']): readonly number[] {
  return [...world.ended.entries()].map(([, until]) => until - world.clock.now);
}

/** Tokens live for an hour; the pool's grace, and a minute. */
const tokensAndGrace = 3600 + staffPool.session.grace + 60;

describe('how long an ended sign-in is remembered', () => {
  it('only while its tokens can be good, once Cognito has confirmed that nothing is refreshed any more', async () => {
    const { world, browser } = begin();
    await browser.go(`https://${shopHost}/`);
    await signOut(browser, shopHost);
    assert.deepEqual(remembered(world), [tokensAndGrace]);
  });

  it('L22 for the whole life of the sign-in where Cognito could not be asked', async () => {
    const { world, browser } = begin();
    await browser.go(`https://${shopHost}/`);
    world.cognito.failure = 'unavailable';
    await signOut(browser, shopHost);
    assert.deepEqual(remembered(world), [day]);
  });

  it('and where the sign-in has had another refresh token, which nobody revoked', async () => {
    const { world, browser } = begin();
    const { url: form } = await browser.go(`https://${wikiHost}/`, { until: (url) => url.hostname === cognitoHost });
    await browser.go(`https://${shopHost}/`);
    assert.equal((await browser.go(form)).body, 'app: ada');
    assert.equal(world.cognito.redeems, 2);
    const copy = new Map(browser.jar(shopHost));
    await signOut(browser, wikiHost);
    assert.deepEqual(remembered(world), [day]);
    world.clock.now += tokensAndGrace + 1;
    world.cognito.person = undefined;
    const thief = new Browser(world);
    thief.jars.set(shopHost, copy);
    assert.equal((await thief.go(`https://${shopHost}/`)).url.hostname, cognitoHost);
  });

  it('a fresher sign-in counts as another refresh token', async () => {
    const { world, browser } = begin();
    await browser.go(`https://${shopHost}/`);
    world.clock.now += 1000;
    assert.equal((await browser.go(`https://${shopHost}/payroll`)).body, 'app: ada');
    assert.equal(world.cognito.redeems, 2);
    await signOut(browser, shopHost);
    assert.deepEqual(remembered(world), [day]);
  });
});

describe('the life of a sign-in', () => {
  it('L23 ends when its time is over, whatever it is used for meanwhile', async () => {
    const { world, browser } = begin();
    world.cognito.tokenLife = 2 * day;
    await browser.go(`https://${shopHost}/`);
    world.cognito.person = undefined;
    browser.sso.person = undefined;
    world.clock.now += day - 1;
    assert.equal((await browser.go(`https://${wikiHost}/`)).body, 'app: ada');
    world.clock.now += 1;
    assert.equal((await browser.go(`https://${wikiHost}/`)).url.hostname, cognitoHost);
    assert.equal((await browser.go(`https://${shopHost}/`)).url.hostname, cognitoHost);
  });
});

describe('a sign-out with several pools', () => {
  async function both() {
    const { world, browser } = begin();
    // A person whom the first pool does not let in may sign in at the second as well.
    world.cognito.person = { username: 'ada', groups: [] };
    for (const pool of [staffPool, partnerPool]) {
      await browser.go(`${startUrl(dualHost, dualId, '/admin')}&pool=${pool.id.slice(0, 8)}`);
    }
    assert.equal([...browser.jar(signInHost).keys()].filter((name) => name.startsWith('__Host-cgs-')).length, 2);
    return { world, browser };
  }
  const clientsLeft = (way: readonly URL[]): readonly (string | null)[] =>
    way.filter((url) => url.pathname === '/logout').map((url) => url.searchParams.get('client_id'));

  it('goes through the sign-out of each, one after the other, and ends on one page', async () => {
    const { world, browser } = await both();
    const done = await signOut(browser, dualHost);
    assert.deepEqual(clientsLeft(done.way), [staffPool.clientId, partnerPool.clientId]);
    assert.ok(done.body.includes('You are signed out'));
    assert.equal(remembered(world).length, 2);
    assert.ok(![...browser.jar(signInHost).keys()].some((name) => /^__Host-cg[sr]/.test(name)));
  });

  it('from the sign-in host too', async () => {
    const { browser } = await both();
    const done = await browser.go(`https://${signInHost}/oauth2/sign-out`, { form: {}, headers: own });
    assert.deepEqual(clientsLeft(done.way), [staffPool.clientId, partnerPool.clientId]);
    assert.ok(done.body.includes('You are signed out'));
  });

  it('switch account comes back after all of them', async () => {
    const { world, browser } = await both();
    world.cognito.person = { username: 'bob', groups: ['staff'] };
    const form = { rd: '/p', route: dualId, switch: '1', pool: partnerPool.id.slice(0, 8) };
    const done = await browser.go(`https://${dualHost}/_cognito-gate/sign-out`, { form, headers: own });
    assert.deepEqual(clientsLeft(done.way), [partnerPool.clientId, staffPool.clientId]);
    assert.ok(done.body.includes('How would you like to sign in'));
  });

  it('L19 somebody else’s request asks where any sign-in that it names is another', async () => {
    const { world, browser } = await both();
    const sealed = await browser.ask(`https://${dualHost}/_cognito-gate/sign-out`, { form: { rd: '/' }, headers: own });
    const link = /content="0;url=([^"]*)"/.exec(sealed.body)?.[1] ?? '';
    const victim = new Browser(world);
    await victim.go(`${startUrl(dualHost, dualId, '/p')}&pool=${partnerPool.id.slice(0, 8)}`);
    const asked = await victim.go(link);
    assert.ok(asked.body.includes('Do you want to sign out?'));
    assert.equal((await victim.go(`https://${dualHost}/p`)).body, 'app: ada');
  });
});

describe('a sign-in that nobody uses', () => {
  const idle = staffPool.session.idle;
  function quiet() {
    const world = createWorld({ staff: { session: { ...staffPool.session, signInLifetime: day } } });
    world.cognito.person = { username: 'ada', groups: [] };
    world.cognito.tokenLife = 2 * day;
    return { world, browser: new Browser(world) };
  }

  it('is asked for the password once more, whatever Cognito’s own session would say', async () => {
    const { world, browser } = quiet();
    await browser.go(`https://${shopHost}/`);
    world.clock.now += idle;
    world.cognito.person = undefined;
    const form = await browser.go(`https://${shopHost}/page`);
    assert.deepEqual([form.url.hostname, form.url.searchParams.get('prompt')], [cognitoHost, 'login']);
    world.cognito.person = { username: 'ada', groups: [] };
    assert.equal((await browser.go(form.url)).body, 'app: ada');
  });

  for (const [way, address] of [
    ['asking a second time', `https://${shopHost}/page`],
    ['asking for another host', `https://${wikiHost}/`],
    ['asking as if to switch accounts', `${startUrl(shopHost, shopId, '/page')}&switch=1`],
  ] as const) {
    it(`L26 and ${way} is no way round that`, async () => {
      const { world, browser } = quiet();
      await browser.go(`https://${shopHost}/`);
      world.clock.now += idle;
      world.cognito.ignorePrompt = true;
      const cognitoIsNear = (url: URL): boolean => url.hostname === cognitoHost;
      await browser.go(`https://${shopHost}/page`, { until: cognitoIsNear });
      const visited = await browser.go(address);
      assert.deepEqual([visited.status, visited.url.hostname], [403, signInHost]);
      assert.ok(visited.body.includes('answered with your earlier sign-in'));
    });
  }

  it('is in use while any host of it is', async () => {
    const { world, browser } = quiet();
    await browser.go(`https://${shopHost}/`);
    for (let hour = 0; hour < 3; hour += 1) {
      world.clock.now += idle - 1;
      assert.equal((await browser.go(`https://${shopHost}/`)).way.length, 1);
    }
    const asked = world.cognito.authorizations.length;
    assert.equal((await browser.go(`https://${wikiHost}/`)).body, 'app: ada');
    assert.equal(world.cognito.authorizations.length, asked);
  });

  it('counts as used by a replica that has just begun: a restart asks nobody', async () => {
    const { world, browser } = quiet();
    await browser.go(`https://${shopHost}/`);
    world.clock.now += idle + 1;
    browser.use(world.replica());
    assert.equal((await browser.go(`https://${wikiHost}/`)).body, 'app: ada');
  });
});
