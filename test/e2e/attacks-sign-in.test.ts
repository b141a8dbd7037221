/** Attacks on the way in: states, grants and return paths of others, through the real NGINX; the stand-in counts token requests. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import {
  account,
  atAuthorize,
  atCallback,
  atComplete,
  cookiesSet,
  goUntil,
  opensNothing,
  scripted,
  sessionOn,
} from '../support/steps.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { Watch } from '../support/watch.ts';

let stack: Stack;
let watch: Watch;
before(async () => {
  stack = await startStack();
  watch = new Watch(stack);
});
after(() => stack.stop());

const shop = (path = '/'): string => `${stack.urls.shop}${path}`;
const flip = (text: string, at: number): string =>
  `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;

async function refusedCallback(visitor: Visitor, url: URL, what: string): Promise<Page> {
  const before = stack.cognito.stats.token;
  const page = await visitor.ask(url);
  assert.ok(page.status >= 400 && page.status < 500, `${what}: ${page.status}`);
  assert.equal(stack.cognito.stats.token, before, `${what}: a token request`);
  assert.equal(page.headers['location'], undefined, what);
  opensNothing(page, what);
  return page;
}

function withQuery(url: URL, changes: Readonly<Record<string, string | undefined>>): URL {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(changes)) {
    changed.searchParams.delete(name);
    if (value !== undefined) changed.searchParams.set(name, value);
  }
  return changed;
}

test('T9.1 T10.4 L2 L7 T24.3 a state that is changed, cut, empty, missing or doubled asks for no token', async () => {
  const visitor = watch.visitor();
  const url = await goUntil(visitor, shop(), 'ada', atCallback);
  const state = url.searchParams.get('state') ?? '';
  for (let at = 0; at < state.length; at += 1) {
    await refusedCallback(visitor, withQuery(url, { state: flip(state, at) }), `byte ${at}`);
  }
  await refusedCallback(visitor, withQuery(url, { state: `${state.slice(0, 16)}AAAAAA` }), 'right in 16 characters');
  await refusedCallback(visitor, withQuery(url, { state: state.slice(0, -1) }), 'cut');
  await refusedCallback(visitor, withQuery(url, { state: `${state}A` }), 'longer');
  await refusedCallback(visitor, withQuery(url, { state: '' }), 'empty');
  await refusedCallback(visitor, withQuery(url, { state: undefined }), 'missing');
  const doubled = new URL(url);
  doubled.searchParams.append('state', state);
  await refusedCallback(visitor, doubled, 'doubled');
  await refusedCallback(visitor, withQuery(url, { code: undefined }), 'no code');
});

test('T9.3 T10.1 L3 login CSRF: the attacker’s code and state in a browser without his attempt sign nobody in', async () => {
  const attacker = watch.visitor();
  const url = await goUntil(attacker, shop(), 'bob', atCallback);
  const victim = watch.visitor();
  await refusedCallback(victim, url, 'a browser without any attempt');
  await goUntil(victim, shop(), 'ada', atCallback);
  await refusedCallback(victim, url, 'a browser with an attempt of its own');
  assert.equal(victim.jar.get(stackHosts.shop)?.size ?? 0, 1, 'only its own attempt');
});

test('T9.2 L14 a callback asked again, by reload and with the old cookies, signs in once', async () => {
  const visitor = watch.visitor();
  const url = await goUntil(visitor, shop('/deep?x=1'), 'ada', atCallback);
  const old = new Map(visitor.cookies(stackHosts.signIn));
  assert.equal((await visitor.go(url)).url.href, shop('/deep?x=1'));
  const page = await refusedCallback(visitor, url, 'reload');
  assert.match(page.body, /rd=%2Fdeep%3Fx%3D1/);
  visitor.jar.set(stackHosts.signIn, old);
  await refusedCallback(visitor, url, 'the old cookies');
});

test('T9.5 T10.4 L4 the attempt’s cookie missing, tampered, planted or of another attempt', async () => {
  const visitor = watch.visitor();
  const url = await goUntil(visitor, shop(), 'ada', atCallback);
  const jar = visitor.cookies(stackHosts.signIn);
  const [name = '', value = ''] = [...jar].find(([key]) => key.startsWith('__Host-cgc-')) ?? [];
  const other = watch.visitor();
  await goUntil(other, shop(), 'bob', atCallback);
  const [, foreign = ''] = [...other.cookies(stackHosts.signIn)].find(([key]) => key.startsWith('__Host-cgc-')) ?? [];
  const step = Math.max(1, Math.floor(value.length / 40));
  const planted = Array.from({ length: 40 }, (_, index) => flip(value, index * step));
  for (const bad of [...planted, '', value.slice(0, -1), foreign, `${value.slice(0, 16)}${foreign.slice(16)}`]) {
    jar.set(name, bad);
    await refusedCallback(visitor, url, `cookie ${bad.slice(0, 12)}`);
  }
  jar.delete(name);
  await refusedCallback(visitor, url, 'no cookie');
  jar.set(name, value);
  assert.equal((await visitor.go(url)).status, 200);
});

test('T10.6 a grant in another browser, twice, on another host, or with one byte changed is a page with "continue"', async () => {
  const visitor = watch.visitor();
  const url = await goUntil(visitor, shop('/kept'), 'ada', atComplete);
  const cookies = new Map(visitor.cookies(stackHosts.shop));
  const refused = async (who: Visitor, address: URL, what: string): Promise<void> => {
    const page = await who.ask(address);
    assert.ok(page.status === 403 || page.status === 404, `${what}: ${page.status}`);
    opensNothing(page, what);
  };
  await refused(watch.visitor(), url, 'another browser');
  const other = watch.visitor();
  await goUntil(other, shop(), 'bob', atComplete);
  await refused(other, url, 'another browser with an attempt of its own');
  const onWiki = new URL(url);
  onWiki.hostname = stackHosts.wiki;
  const mover = watch.visitor();
  await goUntil(mover, `${stack.urls.wiki}/`, 'ada', atComplete);
  await refused(mover, onWiki, 'another host');
  for (const [key, value] of cookies) mover.cookies(stackHosts.wiki).set(key, value);
  await refused(mover, onWiki, 'another host, with the attempt’s cookie');
  const grant = `${url.pathname.split('/complete/')[1] ?? ''}${url.searchParams.get('g') ?? ''}`;
  for (let at = 0; at < grant.length; at += Math.max(1, Math.floor(grant.length / 150))) {
    const changed = flip(grant, at);
    const address = new URL(url);
    address.pathname = `/_cognito-gate/complete/${changed.slice(0, 900)}`;
    address.search = `?g=${changed.slice(900)}`;
    await refused(visitor, address, `byte ${at}`);
  }
  assert.equal((await visitor.go(url)).url.href, shop('/kept'));
  await refused(visitor, url, 'twice');
  visitor.jar.set(stackHosts.shop, new Map(cookies));
  await refused(visitor, url, 'twice, with the old cookies');
});

test('T10.5 a request or attempt of host A brought together with host B gives no session on either', async () => {
  const victim = watch.visitor();
  await victim.signIn(`${stack.urls.wiki}/`, account('ada'));
  const attacker = watch.visitor();
  const request = await goUntil(attacker, shop(), 'bob', atAuthorize);
  // The attacker's request, opened by a signed-in victim: the grant answers an attempt that the victim hasn't got.
  const page = await victim.go(request);
  assert.equal(page.status, 403);
  assert.ok(![...victim.cookies(stackHosts.shop).keys()].some((name) => name.startsWith('__Host-cg-')));
  assert.ok(victim.trail.every((href) => !new URL(href).hostname.startsWith('shop') || !/[?&]code=/.test(href)));
  for (let at = 0; at < 60; at += 1) {
    const sealed = request.searchParams.get('request') ?? '';
    const bad = await attacker.ask(
      withQuery(request, { request: flip(sealed, Math.floor((at * sealed.length) / 60)) }),
    );
    assert.equal(bad.status, 400);
    assert.equal(bad.headers['location'], undefined);
  }
});

test('seals are good for their own purpose only: request, grant, attempt, session and sign-in in each other’s place', async () => {
  const visitor = watch.visitor();
  const request = await goUntil(visitor, shop(), 'ada', atAuthorize);
  const complete = await goUntil(visitor, shop('/x'), 'ada', atComplete);
  await visitor.go(complete);
  const grant = `${complete.pathname.split('/complete/')[1] ?? ''}${complete.searchParams.get('g') ?? ''}`;
  const values = [...visitor.jar].flatMap(([host, jar]) =>
    host === stackHosts.cognito ? [] : [...jar.values()].map((value) => value.split('~')[0] ?? ''),
  );
  const seals = [request.searchParams.get('request') ?? '', grant, ...values];
  const [session] = sessionOn(visitor, stackHosts.shop);
  for (const seal of seals) {
    const address = `${stack.urls.signIn}/oauth2/authorize?request=${seal}`;
    const page = await watch.visitor().ask(address);
    if (seal !== seals[0]) assert.equal(page.status, 400);
    const other = await watch.visitor().ask(shop(`/_cognito-gate/complete/${seal.slice(0, 900)}?g=${seal.slice(900)}`));
    opensNothing(other, 'complete');
    const out = await watch.visitor().ask(`${stack.urls.signIn}/oauth2/sign-out?request=${seal}`);
    assert.equal(out.headers['location'], undefined);
    if (seal !== sessionOn(visitor, stackHosts.shop)[1]) {
      const thief = watch.visitor();
      thief.cookies(stackHosts.shop).set(session, seal);
      assert.equal((await thief.ask(shop())).status, 302);
    }
  }
});

test('L5 S17 two tabs in either order, and a hundred abandoned sign-ins: bounded cookies, and the oldest still leads on', async () => {
  const visitor = watch.visitor();
  const first = await goUntil(visitor, shop('/first'), 'ada', atCallback);
  const second = await goUntil(visitor, shop('/second'), 'ada', atCallback);
  assert.equal((await visitor.go(second)).url.href, shop('/second'));
  assert.equal((await visitor.go(first)).url.href, shop('/first'));
  const other = watch.visitor();
  const oldest = await goUntil(other, shop('/oldest'), 'bob', atCallback);
  // Cognito knows nobody here any more: every tab stops at its form.
  other.jar.delete(stackHosts.cognito);
  for (let tab = 0; tab < 100; tab += 1) {
    assert.match((await other.go(shop(`/tab-${tab}?${'x'.repeat(tab * 5)}`))).body, /name="password"/);
    for (const host of [stackHosts.shop, stackHosts.signIn]) {
      const size = [...other.cookies(host)].reduce((sum, [name, value]) => sum + name.length + value.length + 3, 0);
      assert.ok(size <= 6000, `${host} after ${tab} tabs: ${size}`);
    }
  }
  const page = await other.ask(oldest);
  assert.equal(page.status, 403);
  assert.match(page.body, /rd=%2Foldest/);
});

test('L15 M6 error answers are shown as text, and without a state of this browser not at all; no loop', async () => {
  const visitor = watch.visitor();
  const url = await goUntil(visitor, shop(), 'ada', atCallback);
  const markup = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>';
  const ownState = url.searchParams.get('state') ?? undefined;
  for (const state of [ownState, undefined, 'AAAAAAAAAAAAAAAAAAAAAA', markup]) {
    for (const error of ['access_denied', markup, '', 'a\r\nSet-Cookie: x=y']) {
      const page = await refusedCallback(
        visitor,
        withQuery(url, { code: undefined, state, error, error_description: markup }),
        error,
      );
      assert.ok(!/<script|<img|onerror=alert\(1\)>/i.test(page.body.replaceAll(/&lt;[^&]*&gt;/g, '')));
      assert.ok(state === ownState || !page.body.includes('alert(1)'), 'a stranger’s text');
      assert.ok(/default-src 'none'/.test(String(page.headers['content-security-policy'])));
      assert.ok(!cookiesSet(page).some((line) => line.startsWith('x=')));
    }
  }
  for (const path of [
    `/_cognito-gate/start/${stack.routes.shop}?rd=${encodeURIComponent(markup)}`,
    `/_cognito-gate/${encodeURIComponent(markup)}`,
    `/_cognito-gate/sign-out?rd=/${encodeURIComponent(markup)}&route=${encodeURIComponent(markup)}&pool=${encodeURIComponent(markup)}&switch=${encodeURIComponent(markup)}`,
    `/_cognito-gate/complete/x?g=${encodeURIComponent(markup)}`,
  ]) {
    const page = await watch.visitor().ask(shop(path));
    assert.ok(page.status < 500 && !/<script|<img/i.test(page.body), path);
  }
});

test('T22.6 interleaved sign-ins on two hosts, twelve at once, each land on their own page', async () => {
  await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const base = index % 2 === 0 ? stack.urls.shop : stack.urls.wiki;
      const target = `${base}/page-${index}?n=${index}`;
      const page = await watch.visitor().signIn(target, account(index % 3 === 0 ? 'ada' : 'bob'));
      assert.equal(page.url.href, target);
      assert.equal(page.status, 200);
    }),
  );
});

test('L16 N14 scripts, WebSockets, frames and speculative loads are never sent on, at no step, and use nothing up', async () => {
  const visitor = watch.visitor();
  const callback = await goUntil(visitor, shop(), 'ada', atCallback);
  const frame = { 'sec-fetch-dest': 'iframe' };
  for (const headers of [
    scripted,
    frame,
    { 'sec-purpose': 'prefetch;prerender' },
    { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
  ]) {
    for (const url of [
      shop(`/_cognito-gate/start/${stack.routes.shop}?rd=/`),
      callback.href,
      shop('/_cognito-gate/complete/x'),
    ]) {
      const page = await visitor.ask(url, { headers });
      assert.equal(page.status, 403, url);
      assert.equal(page.headers['location'], undefined);
      assert.deepEqual(cookiesSet(page), []);
    }
  }
  assert.equal((await visitor.go(callback)).status, 200);
});

test('L19 unusual methods at the sign-in port change nothing', async () => {
  const visitor = watch.visitor();
  await visitor.signIn(shop(), account('ada'));
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'POST']) {
    for (const path of [
      '/_cognito-gate/',
      '/_cognito-gate/userinfo',
      '/_cognito-gate/sign-out',
      '/_cognito-gate/complete/x',
      `/_cognito-gate/start/${stack.routes.shop}`,
    ]) {
      const page = await visitor.ask(shop(path), { method, headers: { 'sec-fetch-site': 'cross-site' } });
      assert.ok(page.status >= 400 && page.status < 500, `${method} ${path}: ${page.status}`);
    }
  }
  assert.equal((await visitor.ask(shop())).status, 200);
});

test('T10.6 a grant after its person signed out', async () => {
  const visitor = watch.visitor();
  await visitor.signIn(shop(), account('ada'));
  const grant = await goUntil(visitor, `${stack.urls.wiki}/`, 'ada', atComplete);
  const question = await visitor.go(shop('/_cognito-gate/sign-out'));
  await visitor.submit(question, {});
  assert.equal((await visitor.ask(grant)).status, 403);
});

test('M3 L17 none of the secrets that these visitors met is in the log', async () => {
  assert.ok(watch.size > 100);
  assert.deepEqual(await watch.leaks(), []);
});
