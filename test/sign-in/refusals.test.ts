import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { Browser } from './browser.ts';
import { createWorld, shopHost, shopId, signInHost, startUrl, wikiHost, wikiId, type World } from './world.ts';

function fresh() {
  const world = createWorld();
  world.cognito.person = { username: 'ada', groups: ['admins'] };
  return { world, browser: new Browser(world) };
}

/** A sign-in up to the address of the callback, which is not asked yet. */
async function toCallback(browser: Browser, host = shopHost): Promise<URL> {
  return (await browser.go(`https://${host}/`, { until: (url) => url.pathname === '/oauth2/callback' })).url;
}

async function toComplete(browser: Browser, host = shopHost): Promise<URL> {
  return (await browser.go(`https://${host}/`, { until: (url) => url.pathname.includes('/complete/') })).url;
}

function withState(url: URL, state: string | undefined): URL {
  const changed = new URL(url);
  changed.searchParams.delete('state');
  if (state !== undefined) {
    changed.searchParams.set('state', state);
  }
  return changed;
}

function errorAnswer(url: URL, error: string, description?: string): URL {
  const changed = new URL(url);
  changed.searchParams.delete('code');
  changed.searchParams.set('error', error);
  if (description !== undefined) {
    changed.searchParams.set('error_description', description);
  }
  return changed;
}

const flipLast = (text: string): string => `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`;

async function refusesCallback(world: World, browser: Browser, url: URL): Promise<string> {
  const before = world.cognito.redeems;
  const response = await browser.ask(url);
  assert.ok(response.status >= 400 && response.status < 500, `${response.status}`);
  assert.equal(world.cognito.redeems, before, 'no token request');
  assert.equal(response.headers['location'], undefined);
  assert.ok(!response.cookies.some((cookie) => cookie.startsWith('__Host-cgs')));
  return response.body;
}

describe('callback', () => {
  it('T9.1 L7 a tampered state', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    await refusesCallback(world, browser, withState(url, flipLast(url.searchParams.get('state') ?? '')));
  });

  it('T10.4 a state that is right only in its first 16 characters', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    await refusesCallback(world, browser, withState(url, `${url.searchParams.get('state')?.slice(0, 16) ?? ''}xxxxxx`));
  });

  it('T9.2 L14 a replayed state shows "continue", which leads to the app', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    assert.equal((await browser.go(url)).body, 'app: ada');
    const body = await refusesCallback(world, browser, url);
    assert.ok(body.includes(`https://${shopHost}/_cognito-gate/start/${shopId}?rd=%2F`));
  });

  it('T9.2 a replayed state with its old cookie', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    const jar = new Map(browser.jar(signInHost));
    await browser.go(url);
    browser.jars.set(signInHost, jar);
    await refusesCallback(world, browser, url);
  });

  it('T9.3 T10.1 L3 a state of another browser', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    await refusesCallback(world, new Browser(world), url);
    const other = new Browser(world);
    await toCallback(other);
    await refusesCallback(world, other, url);
  });

  it('T9.4 L13 an expired state shows "continue"', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    world.clock.now += 3601;
    assert.ok((await refusesCallback(world, browser, url)).includes('Continue'));
  });

  it('L14 an answer whose cookie the browser has lost leads on to the page that was wanted', async () => {
    const world = createWorld();
    world.cognito.person = { username: 'ada', groups: [] };
    const browser = new Browser(world);
    const { url } = await browser.go(`https://${shopHost}/page?a=1`, {
      until: ({ pathname }) => pathname === '/oauth2/callback',
    });
    browser.jar(signInHost).clear();
    const page = await browser.ask(url);
    assert.equal(page.status, 403);
    const link = /href="([^"]*)"[^>]*>Continue/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    assert.equal((await browser.go(link)).url.pathname, '/page');
    assert.equal(world.cognito.redeems, 1, 'the code of the lost attempt was not redeemed');
  });

  it('T9.5 L4 a cookie that was planted under the name of the state', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    const [name, value] = [...browser.jar(signInHost)].find(([key]) => key.startsWith('__Host-cgc-')) ?? ['', ''];
    const other = new Browser(world);
    const state = 'A'.repeat(22);
    other.jar(signInHost).set(`__Host-cgc-${state}`, value);
    await refusesCallback(world, other, withState(url, state));
    other.jar(signInHost).set(name, flipLast(value));
    await refusesCallback(world, other, url);
  });

  it('L2 a missing, empty or doubled state', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    await refusesCallback(world, browser, withState(url, undefined));
    await refusesCallback(world, browser, withState(url, ''));
    const doubled = new URL(url);
    doubled.searchParams.append('state', url.searchParams.get('state') ?? '');
    await refusesCallback(world, browser, doubled);
  });

  it('L15 M6 an error answer is a page with the reason as text', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    const wrong = errorAnswer(url, 'access_denied', 'PreSignUp failed: <img src=x onerror=alert(1)>');
    const body = await refusesCallback(world, browser, wrong);
    assert.ok(body.includes('PreSignUp failed: &lt;img') && body.includes('(access_denied)') && !body.includes('<img'));
    assert.ok(world.lines.every((line) => !JSON.stringify(line).includes('PreSignUp')));
  });

  it('L15 an error answer without a state of this browser shows no word of a stranger', async () => {
    const { world, browser } = fresh();
    const url = await toCallback(browser);
    const others = await toCallback(new Browser(world));
    for (const state of [undefined, '', 'A'.repeat(22), others.searchParams.get('state') ?? '']) {
      const known = errorAnswer(withState(url, state), 'access_denied', 'Call 555-0100 at once');
      const body = await refusesCallback(world, browser, known);
      assert.ok(body.includes('access_denied') && !body.includes('555-0100'), state);
      const made = errorAnswer(withState(url, state), 'Call 555-0100 at once');
      assert.ok(!(await refusesCallback(world, browser, made)).includes('555-0100'), state);
    }
  });

  it('T22.7 L6 a token failure gives a page with the reason and the id of the log line, and no sign-in', async () => {
    for (const code of [
      'bad_token',
      'invalid_grant',
      'invalid_client',
      'throttled',
      'unavailable',
      'timeout',
      'misconfigured',
    ] as const) {
      const { world, browser } = fresh();
      const url = await toCallback(browser);
      world.cognito.failure = code;
      const response = await browser.ask(url);
      assert.ok(response.status === 403 || response.status === 503);
      const line = world.lines.at(-1);
      assert.ok(line?.reason?.startsWith(code) === true && response.body.includes(line.id));
      assert.ok(response.body.includes('Try again'));
      assert.ok(!browser.jar(signInHost).has('__Host-cgs-a1b2c3d4'));
    }
  });
});

describe('complete', () => {
  it('T10.6 a grant serves once; again it is "continue", which leads to the page', async () => {
    const { browser } = fresh();
    const url = await toComplete(browser);
    const jar = new Map(browser.jar(shopHost));
    assert.equal((await browser.ask(url)).status, 302);
    const reload = await browser.ask(url);
    assert.deepEqual([reload.status, reload.cookies.length, reload.body.includes('Continue')], [403, 0, true]);
    browser.jars.set(shopHost, jar);
    assert.equal((await browser.ask(url)).status, 403);
  });

  it('T10.6 T10.5 a grant in another browser, or on another host', async () => {
    const { world, browser } = fresh();
    const url = await toComplete(browser);
    const other = new Browser(world);
    await toComplete(other);
    const foreign = await other.ask(url);
    assert.deepEqual([foreign.status, foreign.cookies.length], [403, 0]);
    const moved = new URL(url);
    moved.hostname = wikiHost;
    await toComplete(browser, wikiHost);
    assert.equal((await browser.ask(moved)).status, 403);
    browser.jars.set(wikiHost, new Map(browser.jar(shopHost)));
    const copied = await browser.ask(moved);
    assert.deepEqual([copied.status, copied.cookies.length], [403, 0]);
  });

  it('T10.6 after 60 s, and with any byte changed', async () => {
    const { world, browser } = fresh();
    const url = await toComplete(browser);
    const text = url.pathname + url.search;
    const start = '/_cognito-gate/complete/'.length;
    for (let at = start; at < text.length; at += 7) {
      const character = text[at] ?? '';
      if (/[A-Za-z0-9]/.test(character)) {
        const changed = `${text.slice(0, at)}${character === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
        const response = await browser.ask(`https://${shopHost}${changed}`);
        assert.ok(response.status === 403 || response.status === 404, `${at} ${response.status}`);
      }
    }
    world.clock.now += 60;
    assert.equal((await browser.ask(url)).status, 403);
  });

  it('any text at all is refused and sets nothing', async () => {
    const { browser } = fresh();
    // Not the dot segments, which a browser resolves before it asks.
    const text = fc.stringMatching(/^[A-Za-z0-9_.-]{1,300}$/).filter((part) => !/^\.{1,2}$/.test(part));
    await fc.assert(
      fc.asyncProperty(text, fc.string({ maxLength: 300 }), async (part, g) => {
        const response = await browser.ask(
          `https://${shopHost}/_cognito-gate/complete/${part}?${new URLSearchParams({ g }).toString()}`,
        );
        assert.ok(response.status === 403 || response.status === 404);
        assert.equal(response.cookies.length, 0);
      }),
    );
  });

  it('T10.6 never consumes another tab’s attempt', async () => {
    const { browser } = fresh();
    const first = await toComplete(browser);
    const second = await toComplete(browser);
    assert.equal((await browser.ask(first)).status, 302);
    assert.equal((await browser.ask(second)).status, 302);
  });

  it('S17 a hundred abandoned sign-ins leave at most 2 kB of attempts on either host', async () => {
    const { browser } = fresh();
    for (let count = 0; count < 100; count += 1) {
      await browser.go(startUrl(shopHost, shopId, `/page/${count}?${'x'.repeat(count * 8)}`), {
        until: (url) => url.pathname === '/oauth2/callback',
      });
      for (const host of [shopHost, signInHost]) {
        const attempts = [...browser.jar(host)].filter(([name]) => /^__Host-cg[ac]-/.test(name));
        const size = attempts.reduce((sum, [name, value]) => sum + name.length + value.length + 1, 0);
        assert.ok(size <= 2000 && attempts.length > 0, `${host} ${size}`);
      }
    }
  });

  it('L5 more tabs than the limit: each lands, or on a page that leads there', async () => {
    const { browser } = fresh();
    const callbacks: URL[] = [];
    for (let tab = 0; tab < 12; tab += 1) {
      const visited = await browser.go(`https://${shopHost}/tab/${tab}`, {
        until: (url) => url.pathname === '/oauth2/callback',
      });
      callbacks.push(visited.url);
    }
    for (const [tab, url] of callbacks.entries()) {
      const visited = await browser.go(url);
      const link = /href="([^"]*\/start\/[^"]*)"/.exec(visited.body)?.[1]?.replaceAll('&amp;', '&');
      const landed = link === undefined ? visited : await browser.go(link);
      assert.deepEqual([landed.body, landed.url.pathname], ['app: ada', `/tab/${tab}`]);
    }
  });

  it('T22.6 parallel sign-ins on two hosts each land on their own', async () => {
    const { browser } = fresh();
    const visits = [shopHost, wikiHost, shopHost, wikiHost].map(async (host, n) => browser.go(`https://${host}/${n}`));
    for (const [n, visited] of (await Promise.all(visits)).entries()) {
      assert.deepEqual([visited.url.hostname, visited.body], [n % 2 === 0 ? shopHost : wikiHost, 'app: ada']);
    }
  });
});

describe('what is no navigation', () => {
  it('N30 speculative loads: 403 and no attempt', async () => {
    const { browser } = fresh();
    const response = await browser.ask(startUrl(shopHost, shopId, '/'), {
      headers: { 'sec-purpose': 'prefetch;prerender', 'sec-fetch-mode': 'navigate' },
    });
    assert.deepEqual([response.status, response.cookies.length], [403, 0]);
  });

  it('N30 frames get a page that opens in a tab, on every step; nothing is set or used', async () => {
    const { browser } = fresh();
    const callback = await toCallback(browser);
    for (const dest of ['iframe', 'frame', 'embed', 'object']) {
      for (const url of [startUrl(shopHost, shopId, '/p'), callback.href]) {
        const response = await browser.ask(url, { headers: { 'sec-fetch-dest': dest, 'sec-fetch-mode': 'navigate' } });
        assert.deepEqual([response.status, response.cookies.length], [403, 0]);
        assert.ok(response.body.includes('target="_blank"'));
      }
    }
    assert.equal((await browser.go(callback)).body, 'app: ada');
  });

  it('a fetch that followed a redirect here sets nothing', async () => {
    const { browser } = fresh();
    const response = await browser.ask(startUrl(wikiHost, wikiId, '/'), {
      headers: { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
    });
    assert.deepEqual([response.status, response.cookies.length], [403, 0]);
  });

  it('other paths are 404, other methods 405, HEAD is GET without a body', async () => {
    const { browser } = fresh();
    for (const url of [
      `https://${shopHost}/oauth2/callback`,
      `https://${signInHost}/_cognito-gate/`,
      `https://${shopHost}/`,
      `https://${signInHost}/`,
      `https://evil.test/_cognito-gate/`,
    ]) {
      assert.equal((await browser.ask(url)).status, 404, url);
    }
    assert.equal((await browser.ask(startUrl(shopHost, shopId, '/'), { method: 'PUT' })).status, 405);
    assert.equal((await browser.ask(`https://${signInHost}/oauth2/callback`, { method: 'POST' })).status, 405);
    const head = await browser.ask(`https://${shopHost}/_cognito-gate/`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.body], [200, '']);
  });

  it('an old request on the sign-in host shows "continue"; a foreign one leads nowhere', async () => {
    const { world, browser } = fresh();
    const start = await browser.ask(startUrl(shopHost, shopId, '/x'));
    const location = start.headers['location'] ?? '';
    assert.equal((await browser.ask(flipLast(location))).status, 400);
    world.clock.now += 601;
    const late = await browser.ask(location);
    assert.equal(late.status, 403);
    assert.ok(late.body.includes(`/start/${shopId}?rd=%2Fx`));
  });
});
