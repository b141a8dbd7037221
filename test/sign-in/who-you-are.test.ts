import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { html } from '../../src/sign-in/html.ts';
import { Browser } from './browser.ts';
import { createWorld, shopHost, shopId, signInHost, staffPool, startUrl } from './world.ts';

const own = `https://${shopHost}/_cognito-gate`;

async function as(person: { username: string; groups: string[]; name?: string } | undefined) {
  const world = createWorld();
  world.cognito.person = person;
  const browser = new Browser(world);
  if (person !== undefined) {
    await browser.go(`https://${shopHost}/healthz`);
    await browser.go(`https://${shopHost}/x`);
  }
  return { world, browser };
}

describe('who you are', () => {
  it('shows account, groups, end and rule', async () => {
    const { browser } = await as({ username: 'ada', groups: ['staff', 'admins'], name: 'Ada <L>' });
    const page = await browser.ask(`${own}/`);
    assert.equal(page.status, 200);
    for (const text of ['Ada &lt;L&gt;', 'admins, staff', 'the rule everyone', 'Sign out', '2027-01-15 18:00 UTC']) {
      assert.ok(page.body.includes(text), text);
    }
  });

  it('offers a sign-in to nobody', async () => {
    const { browser } = await as(undefined);
    const page = await browser.ask(`${own}/`);
    assert.ok(page.body.includes('Nobody is signed in here') && page.body.includes(`/start/${shopId}?rd=%2F`));
  });

  it('userinfo: where a fresher sign-in is wanted it says where that is made (L26)', async () => {
    const { world, browser } = await as({ username: 'bob', groups: ['staff'] });
    assert.equal((await browser.ask(`${own}/userinfo?path=/payroll`)).status, 200);
    world.clock.now += 901;
    const told = await browser.ask(`${own}/userinfo?path=/payroll`);
    const { reason, signIn } = JSON.parse(told.body) as { reason: string; signIn: string };
    assert.deepEqual([told.status, reason], [403, 'sign_in_too_old']);
    assert.equal((await browser.go(signIn)).url.pathname, '/payroll');
  });

  it('userinfo: shows what was learned of the person meanwhile', async () => {
    const person = { username: 'bob', groups: ['staff'] };
    const { world, browser } = await as(person);
    person.groups = ['staff', 'admins'];
    world.clock.now += staffPool.session.refreshAfter + 1;
    await browser.ask(`${own}/userinfo`);
    await setImmediate();
    const told = JSON.parse((await browser.ask(`${own}/userinfo`)).body) as Record<string, unknown>;
    assert.deepEqual(told['groups'], ['admins', 'staff']);
  });

  it('userinfo: 200, 401 with the address to navigate to, 403 with the reason', async () => {
    const { browser } = await as({ username: 'bob', groups: ['staff'] });
    const ok = await browser.ask(`${own}/userinfo`);
    const told = JSON.parse(ok.body) as Record<string, unknown>;
    assert.deepEqual(
      [ok.status, told['user'], told['groups'], told['sessionEnds']],
      [200, 'bob', ['staff'], '2027-01-15T18:00:00.000Z'],
    );
    const refused = await browser.ask(`${own}/userinfo?path=/admin`);
    assert.deepEqual([refused.status, JSON.parse(refused.body)], [403, { reason: 'not_allowed' }]);
    assert.equal((await browser.ask(`${own}/userinfo?path=/x`)).status, 200);
    assert.equal((await browser.ask(`${own}/userinfo?path=//evil.com`)).status, 400);
    const nobody = await new Browser(createWorld()).ask(`${own}/userinfo`);
    assert.deepEqual([nobody.status, JSON.parse(nobody.body)], [401, { signIn: startUrl(shopHost, shopId, '/') }]);
  });
});

describe('pages', () => {
  it('carry a strict policy that names the one style sheet, and are kept by nobody', async () => {
    const { browser } = await as({ username: 'bob', groups: ['staff'] });
    const pages = [`${own}/`, `${own}/sign-out`, `https://${signInHost}/oauth2/callback`, `${own}/nowhere`];
    const denied = await browser.go(`https://${shopHost}/admin`);
    const signedOut = await new Browser(createWorld()).ask(`https://${signInHost}/oauth2/signed-out`);
    const answers = [...(await Promise.all(pages.map((url) => browser.ask(url)))), denied, signedOut];
    for (const { headers, body } of answers) {
      const sheet = /<style>([\s\S]*)<\/style>/.exec(body)?.[1] ?? '';
      const hash = createHash('sha256').update(sheet).digest('base64');
      assert.equal(
        headers['content-security-policy'],
        `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      );
      assert.deepEqual(
        [headers['cache-control'], headers['referrer-policy'], headers['x-content-type-options']],
        ['no-store', 'same-origin', 'nosniff'],
      );
      assert.match(body, /<html lang="en">[\s\S]*<title>[^<]+<\/title>[\s\S]*<main[^>]*>\s*<h1>[^<]+<\/h1>/);
      assert.ok(!body.includes('<script') && !/ style=| on[a-z]+=/.test(body));
    }
  });

  it('M6 a template escapes whatever is put in', () => {
    assert.equal(
      html`<a href="${`"><script>`}">${['<b>', html`<i>${"'&"}</i>`, undefined, false, 3]}</a>`.text,
      '<a href="&quot;&gt;&lt;script&gt;">&lt;b&gt;<i>&#39;&amp;</i>3</a>',
    );
  });

  it('M3 no token, code, cookie, grant, address or name is in any event', async () => {
    const { world, browser } = await as({ username: 'ada-lovelace', groups: ['staff'] });
    await browser.go(`https://${shopHost}/admin`);
    await browser.go(`${own}/sign-out`, { form: {}, headers: { 'sec-fetch-site': 'same-origin' } });
    const logged = JSON.stringify([world.lines, world.outcomes]);
    const cookies = [...browser.jars.values()].flatMap((jar) => [...jar.values()]);
    for (const secret of [...world.cognito.secrets, ...cookies, 'ada-lovelace', '@mail.example']) {
      assert.ok(!logged.includes(secret));
    }
    assert.ok(
      world.lines.some(({ event }) => event === 'denied') && world.lines.every(({ id }) => id.startsWith('id')),
    );
  });
});
