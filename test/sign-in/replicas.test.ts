import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { StoreUnavailable, type StateStore, createCookieStore } from '../../src/session/state-store.ts';
import { Browser } from './browser.ts';
import { createWorld, shopHost, shopId, signInHost, startUrl } from './world.ts';

const person = () => ({ username: 'ada', groups: ['admins'] });

async function signedIn(options: Parameters<typeof createWorld>[0] = {}) {
  const world = createWorld(options);
  world.cognito.person = person();
  const browser = new Browser(world);
  await browser.go(`https://${shopHost}/admin`);
  return { world, browser, known: world.cognito.person };
}

describe('start on a replica that knows less than the one that refused (N34)', () => {
  it('a group is gone: it reads again before it would send back, and denies', async () => {
    const { world, browser, known } = await signedIn();
    known.groups = ['staff'];
    world.clock.now += 60;
    browser.use(world.replica());
    const visited = await browser.go(startUrl(shopHost, shopId, '/admin'));
    assert.deepEqual([visited.status, visited.way.length], [403, 1]);
    assert.match(visited.body, /What is missing: the group admins/);
    assert.equal(world.cognito.refreshes, 1);
  });

  it('Cognito has ended the sign-in: a real sign-in, without a way round', async () => {
    const { world, browser } = await signedIn();
    world.cognito.failure = 'invalid_grant';
    world.clock.now += 60;
    browser.use(world.replica());
    const start = await browser.ask(startUrl(shopHost, shopId, '/admin'));
    assert.match(start.headers['location'] ?? '', /^https:\/\/auth\.example\.com\/oauth2\/authorize/);
    world.cognito.failure = undefined;
  });

  it('a group was added: in at the next click, with a newer cookie and without Cognito’s pages', async () => {
    const { world, browser, known } = await signedIn();
    known.groups = ['staff'];
    world.clock.now += 60;
    const other = world.replica();
    browser.use(other);
    assert.equal((await browser.go(startUrl(shopHost, shopId, '/admin'))).status, 403);
    known.groups = ['admins'];
    world.clock.now += 60;
    const visited = await browser.go(startUrl(shopHost, shopId, '/admin'));
    assert.deepEqual([visited.body, visited.way.length], ['app: ada', 2]);
    browser.use(world.replica());
    assert.equal((await browser.go(`https://${shopHost}/admin`)).way.length, 1, 'the cookie itself is newer');
  });

  it('Cognito is away: sent back twice, then a page; nobody is signed out', async () => {
    const { world, browser } = await signedIn();
    world.cognito.failure = 'unavailable';
    world.clock.now += 60;
    browser.use(world.replica());
    const statuses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      statuses.push((await browser.ask(startUrl(shopHost, shopId, '/admin'))).status);
    }
    assert.deepEqual(statuses, [302, 302, 403, 302]);
    assert.equal((await browser.go(`https://${shopHost}/admin`)).body, 'app: ada');
  });

  it('ten tabs that are sent to start together: one reading, all of them back, no loop', async () => {
    const { world, browser } = await signedIn();
    world.clock.now += 60;
    browser.use(world.replica());
    const tabs = Array.from({ length: 10 }, (_, tab) => browser.ask(startUrl(shopHost, shopId, `/admin?tab=${tab}`)));
    const answers = await Promise.all(tabs);
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([302]));
    assert.ok(answers.every(({ headers }) => headers['location']?.startsWith(`https://${shopHost}/admin?tab=`)));
    assert.equal(world.cognito.refreshes, 1);
  });

  it('S13 a renewal while Cognito is away seals again what is known, so that nobody goes round', async () => {
    const { world, browser } = await signedIn();
    world.cognito.failure = 'throttled';
    world.clock.now += 2000;
    const before = browser.cookieHeader(shopHost);
    const visited = await browser.go(startUrl(shopHost, shopId, '/admin'));
    assert.equal(visited.body, 'app: ada');
    assert.notEqual(browser.cookieHeader(shopHost), before);
  });
});

describe('a store that does not answer', () => {
  /** Cookies are handles; the store is away from `down` on. */
  function flaky() {
    const records = new Map<string, Parameters<StateStore['create']>[2]>();
    const state = { down: false };
    const up = (): void => {
      if (state.down) throw new StoreUnavailable();
    };
    const load = async (sid: string) => {
      up();
      const found = records.get(sid);
      return found && { state: found, lastSeen: undefined };
    };
    const store: StateStore = {
      ...createCookieStore(),
      kind: 'redis',
      load,
      loadNewest: load,
      create: async (sid, _pool, token) => {
        up();
        records.set(sid, token);
      },
      update: async (sid, _pool, token) => {
        up();
        records.set(sid, token);
        return true;
      },
      remove: async (sid) => void records.delete(sid),
    };
    return { store, state, records };
  }

  it('is a page to try again at every step: 503, Retry-After, and no cookie is touched', async () => {
    const { store, state } = flaky();
    const { world, browser } = await signedIn({ store });
    const started = await browser.ask(startUrl('wiki.test', '2'.repeat(32), '/'));
    const authorize = started.headers['location'] ?? '';
    const complete = (await browser.ask(authorize)).headers['location'] ?? '';
    assert.match(complete, /complete/);
    state.down = true;
    for (const address of [startUrl(shopHost, shopId, '/admin'), authorize, complete]) {
      const answer = await browser.ask(address);
      assert.deepEqual([answer.status, answer.headers['retry-after'], answer.cookies], [503, '5', []], address);
      assert.match(answer.body, /the store of sessions does not answer/);
      assert.ok(answer.body.includes('Try again'));
    }
    state.down = false;
    assert.equal((await browser.go(complete)).body, 'app: ada', 'the attempt and the grant were not used up');
    assert.equal((await browser.go(`https://${shopHost}/admin`)).way.length, 1);
    assert.equal(world.cognito.redeems, 1);
  });

  it('at the callback: try again leads to start, and Cognito’s session does the rest', async () => {
    const { store, state } = flaky();
    const world = createWorld({ store });
    world.cognito.person = person();
    const browser = new Browser(world);
    const atCallback = await browser.go(`https://${shopHost}/admin`, {
      until: (url) => url.pathname === '/oauth2/callback',
    });
    state.down = true;
    const page = await browser.ask(atCallback.url);
    assert.equal(page.status, 503);
    state.down = false;
    const again = /href="([^"]*)"[^>]*>Try again/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    assert.equal((await browser.go(new URL(again, `https://${signInHost}`))).body, 'app: ada');
  });

  it('sign-out removes the record', async () => {
    const { store, records } = flaky();
    const { browser } = await signedIn({ store });
    assert.equal(records.size, 1);
    await browser.go(`https://${shopHost}/_cognito-gate/sign-out`, {
      form: { rd: '/' },
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    assert.equal(records.size, 0);
  });
});
