/** Open redirects and foreign hosts, through the real NGINX: never a Location, link or form that leaves the allowed hosts. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sendRaw } from '../support/raw.ts';
import { ask } from '../support/request.ts';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, atCallback, goUntil } from '../support/steps.ts';
import { navigation } from '../support/visitor.ts';
import { Watch } from '../support/watch.ts';

let stack: Stack;
let watch: Watch;
before(async () => {
  stack = await startStack();
  watch = new Watch(stack);
});
after(() => stack.stop());

const shop = (path = '/'): string => `${stack.urls.shop}${path}`;

/** T8: forms that some reader takes for another host. */
const redirects: readonly string[] = [
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '///evil.example',
  '/ /evil.example',
  '/\t/evil.example',
  '/\v/evil.example',
  '/\n\\evil.example',
  '\\ \\evil.example',
  '/./evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/.\\evil.example',
  '/..\\/evil.example',
  'https://evil.example/',
  'HTTPS:evil.example',
  'http:/evil.example',
  `https://bad${stackHosts.shop}/`,
  `https://${stackHosts.shop}@evil.example/`,
  `https://evil.example:443/${stackHosts.shop}`,
  `https://evil.example?${stackHosts.shop}`,
  `https://evil.example#${stackHosts.shop}`,
  `https://${stackHosts.shop}.evil.example/`,
  'javascript:alert(1)',
  'data:text/html,x',
  'evil.example',
  '@evil.example',
  '.evil.example',
  ':443@evil.example',
  '//evil.example/%2e%2e/x',
  '/x/../..//evil.example',
  '/\r\nLocation: https://evil.example',
  '/\u3002/evil.example',
  '/\u00a0/evil.example',
  '//evil%E3%80%82example',
  '/%09/evil.example',
  '/%5cevil.example',
  '/%2fevil.example',
  '/\0/evil.example',
];
const once = (text: string): string => encodeURIComponent(text);
const everyByte = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
/** As they stand in a query: raw as far as a request line can hold them. */
const spellings: readonly ((text: string) => string)[] = [
  (text) => text.replaceAll(/[\0-\x20\x7f-\uffff#&+]/g, once),
  once,
  (text) => once(once(text)),
  everyByte,
  (text) => everyByte(everyByte(text)),
];

/** Where a browser on this page would end. */
function leaves(page: { readonly location: string | undefined; readonly base: string }): boolean {
  if (page.location === undefined) return false;
  const allowed = new Set<string>(Object.values(stackHosts));
  return (
    !allowed.has(new URL(page.location, page.base).hostname) || /evil/i.test(new URL(page.location, page.base).hostname)
  );
}

const places = [`/start/{route}`, '/sign-out', '/userinfo'].map((place) => `/_cognito-gate${place}`);
const table = redirects.flatMap((form) => spellings.map((spell) => spell(form)));
const pages = places.flatMap((place) =>
  table.map((rd) => `${place}?${place.endsWith('userinfo') ? 'path' : 'rd'}=${rd}`),
);

test(`T8 T23.1 at start, sign-out and userinfo none of ${table.length} spellings leaves the allowed hosts`, async () => {
  const visitor = watch.visitor();
  await visitor.signIn(shop(), account('ada'));
  const cookie = [...visitor.cookies(stackHosts.shop)].map((pair) => pair.join('=')).join('; ');
  for (const page of pages) {
    const target = page.replace('{route}', stack.routes.shop);
    for (const headers of [navigation, { ...navigation, cookie }]) {
      const answer = await ask(shop(), { target, headers, ca: stack.ca });
      assert.ok(answer.status < 500, target);
      const found = [...answer.body.matchAll(/(?:href|action|url)="?([^"]+)"/g)].map((match) => match[1] ?? '');
      for (const location of [answer.headers.location, ...found.map((text) => text.replaceAll('&amp;', '&'))]) {
        assert.ok(!leaves({ location, base: shop(page) }), `${target} → ${location}`);
      }
    }
  }
});

test('T8.8 T10.3 nor does the form of sign-out', async () => {
  const headers = {
    ...navigation,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/x-www-form-urlencoded',
  };
  for (const rd of table) {
    const target = '/_cognito-gate/sign-out';
    const answer = await ask(shop(), { target, method: 'POST', headers, body: `rd=${rd}`, ca: stack.ca });
    assert.ok(!leaves({ location: answer.headers.location, base: shop() }), rd);
    assert.ok(!/url=[^"]*evil/i.test(answer.body), rd);
  }
});

test('T8.6 T8.8 T10.3 at callback, signed-out and the sign-in host’s sign-out no parameter leads anywhere else', async () => {
  const visitor = watch.visitor();
  const url = await goUntil(visitor, shop(), 'ada', atCallback);
  const names = ['rd', 'redirect_uri', 'logout_uri', 'post_logout_redirect_uri', 'next', 'url'];
  const paths = ['/oauth2/sign-out', '/oauth2/signed-out', '/oauth2/authorize', '/oauth2/callback'];
  const queries = redirects.flatMap((form) => names.map((name) => `${name}=${once(form)}`));
  for (const address of paths.flatMap((path) => queries.map((query) => `${path}?${query}`))) {
    const page = await watch.visitor().ask(`${stack.urls.signIn}${address}`);
    assert.equal(page.headers['location'], undefined, address);
  }
  const more = new URL(url);
  for (const name of ['rd', 'redirect_uri', 'next']) more.searchParams.set(name, '//evil.example');
  const page = await visitor.go(more);
  assert.equal(page.url.href, shop());
});

test('T8.7 N13 X-Auth-Request-Redirect and the raw request line of a navigation lead nowhere else', async () => {
  for (const target of [
    '//evil.example/%2e%2e/x',
    '/\\evil.example',
    '//evil.example',
    '/%2f%2fevil.example',
    '/%5c%5cevil.example/',
    '/..//evil.example',
  ]) {
    const text = `GET ${target} HTTP/1.1\r\nHost: ${stackHosts.shop}:${stack.port}\r\nAccept: text/html\r\nX-Auth-Request-Redirect: ${target}\r\nConnection: close\r\n\r\n`;
    const answer = await sendRaw(stack.port, stackHosts.shop, text);
    const location = /^location: (.*)$/im.exec(answer.text)?.[1]?.trim();
    assert.ok(!leaves({ location, base: shop() }), `${target} → ${location}`);
    if (location === undefined) continue;
    const page = await watch.visitor().ask(location);
    assert.ok(!leaves({ location: page.headers['location'] as string | undefined, base: shop() }), target);
  }
});

test('L8 a foreign Host or X-Forwarded-Host never gets into an address of ours', async () => {
  for (const host of [
    'evil.example',
    `${stackHosts.shop}.evil.example`,
    `evil.example:${stack.port}`,
    `${stackHosts.shop}@evil.example`,
    `${stackHosts.signIn}, evil.example`,
    'evil.example#',
    '[::1]',
    '',
    '%00',
    `${stackHosts.wiki}/x`,
  ]) {
    for (const path of [
      `/_cognito-gate/start/${stack.routes.shop}?rd=/`,
      '/_cognito-gate/',
      '/_cognito-gate',
      '/oauth2/callback?state=x',
      '/oauth2/signed-out',
    ]) {
      const port = await ask(`http://127.0.0.1:${stack.signInPort}/`, {
        target: path,
        headers: { ...navigation, host },
      });
      assert.ok(port.status >= 400 && port.status < 500, `${host} ${path}: ${port.status}`);
      assert.equal(port.headers.location, undefined);
    }
    const headers = {
      ...navigation,
      'x-forwarded-host': host || 'evil.example',
      forwarded: 'host=evil.example',
      'x-original-host': 'evil.example',
    };
    const start = await ask(shop(`/_cognito-gate/start/${stack.routes.shop}?rd=/`), { headers, ca: stack.ca });
    assert.ok(start.headers.location?.startsWith(`${stack.urls.signIn}/oauth2/authorize?request=`));
    const cognito = await ask(start.headers.location ?? '', { headers, ca: stack.ca });
    assert.equal(
      new URL(cognito.headers.location ?? '').searchParams.get('redirect_uri'),
      `${stack.urls.signIn}/oauth2/callback`,
    );
  }
  const foreign = await ask(`${stack.urls.wiki}/_cognito-gate/start/${stack.routes.shop}?rd=/`, {
    headers: navigation,
    ca: stack.ca,
  });
  assert.equal(foreign.status, 404, 'a route of another host');
});

test('M3 none of the secrets that these visitors met is in the log', async () => {
  assert.deepEqual(await watch.leaks(), []);
});
