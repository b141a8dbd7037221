import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { readReturnPath, splitReturnPath } from '../../src/sign-in/return-path.ts';
import { sealLeave, sealRequest } from '../../src/sign-in/messages.ts';
import { Browser } from './browser.ts';
import { cognitoHost } from './fake-cognito.ts';
import { createWorld, shopHost, shopId, signInHost, staffPool } from './world.ts';

const prefix = '/_cognito-gate';

/** T8 forms by their row: every one of them, raw and percent-encoded once and twice, must stay on the host. */
function forms(): readonly (readonly [id: string, form: string])[] {
  const slashes = ['/', '\\'];
  const found: (readonly [string, string])[] = [
    ['T8.1', '//evil.com'],
    ['T8.1', '/\\evil.com'],
    ['T8.1', '\\\\evil.com'],
    ['T8.1', '\\/evil.com'],
    ['T8.1', '///evil.com'],
    ['T8.4', 'https://badexample.com/'],
    ['T8.5', `https://${shopHost}@evil.com/`],
    ['T8.5', `https://evil.com/${shopHost}`],
    ['T8.5', `https://evil.com?${shopHost}`],
    ['T8.5', `https://evil.com#${shopHost}`],
    ['T8.5', `https://${shopHost}:443@evil.com`],
    ['T8.5', 'javascript:alert(1)'],
    ['T8.5', 'data:text/html,x'],
    ['T8.5', '@evil.com'],
    ['T8.5', 'evil.com'],
    ['T8.5', ''],
    ['T8.7', '//evil.com/%2e%2e/x'],
    ['T8.7', '/x/..//evil.com'],
    ['T8.7', '/x/../..//evil.com'],
  ];
  for (const first of slashes) {
    for (const second of slashes) {
      for (const space of [' ', '\t', '\v', '\n', '\r', '\f', '\u00a0', '\u2028', '  ', ' \t']) {
        found.push(['T8.2', `${first}${space}${second}evil.com`]);
      }
      for (const dots of ['.', '..']) {
        found.push(['T8.3', `${first}${dots}${second}evil.com`]);
      }
    }
  }
  return found;
}

const encodings: Readonly<Record<string, (text: string) => string>> = {
  raw: (text) => text,
  once: (text) => encodeURIComponent(text),
  'once, every byte': (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'once, all but the first slash': (text) =>
    text.startsWith('/') ? `/${encodeURIComponent(text.slice(1))}` : encodeURIComponent(text),
  twice: (text) => encodeURIComponent(encodeURIComponent(text)),
  'twice, all but the first slash': (text) =>
    text.startsWith('/')
      ? `/${encodeURIComponent(encodeURIComponent(text.slice(1)))}`
      : encodeURIComponent(encodeURIComponent(text)),
};

const table = forms().flatMap(([id, form]) =>
  Object.entries(encodings).map(([name, encode]) => ({ id, name, text: encode(form) })),
);

/** What a query decodes to must be refused, or stay on the host. */
function staysHere(location: string | undefined, allowed: readonly string[]): boolean {
  return location === undefined || allowed.includes(new URL(location).hostname);
}

describe('open redirects', () => {
  it(`T8 T23.1 refuses all ${table.length} forms as a return path`, () => {
    for (const { id, name, text } of table) {
      assert.equal(readReturnPath(text, prefix), undefined, `${id} ${name}: ${JSON.stringify(text)}`);
    }
  });

  it('T8 at start: 400, no Location, no cookie', async () => {
    const world = createWorld();
    for (const { id, name, text } of table.filter((row) => row.text !== '')) {
      const response = await new Browser(world).ask(
        `https://${shopHost}${prefix}/start/${shopId}?${new URLSearchParams({ rd: text }).toString()}`,
      );
      assert.deepEqual(
        [response.status, response.headers['location'], response.cookies.length],
        [400, undefined, 0],
        `${id} ${name}`,
      );
    }
  });

  it('T8.6 in a request that somebody got sealed: through authorize, callback and complete it never leaves', async () => {
    const world = createWorld();
    world.cognito.person = { username: 'ada', groups: [] };
    for (const { id, name, text } of table) {
      const target = {
        pool: staffPool.id,
        host: shopHost,
        route: shopId,
        attempt: 'x'.repeat(22),
        wish: 'any' as const,
        at: world.clock.now,
      };
      const sealed = sealRequest(world.sealer, { ...target, returnPath: text });
      const visited = await new Browser(world).go(`https://${signInHost}/oauth2/authorize?request=${sealed}`);
      assert.ok(visited.body.includes(`https://${shopHost}${prefix}/start/${shopId}?rd=%2F"`), `${id} ${name}`);
      assert.ok(
        visited.way.every((url) => [shopHost, signInHost, cognitoHost].includes(url.hostname)),
        `${id} ${name}`,
      );
    }
  });

  it('T8.8 T10.3 at sign-out, and in a sealed way back', async () => {
    const world = createWorld();
    for (const { id, name, text } of table) {
      const form = { rd: text };
      const headers = { 'sec-fetch-site': 'same-origin' };
      const response = await new Browser(world).ask(`https://${shopHost}${prefix}/sign-out`, { form, headers });
      assert.equal(response.status, 400, `${id} ${name}`);
      const leave = {
        pool: staffPool.id,
        host: shopHost,
        route: shopId,
        sid: undefined,
        returnPath: text,
        switchAccount: true,
        at: world.clock.now,
      };
      const browser = new Browser(world);
      browser.jar(signInHost).set('__Host-cgr', sealLeave(world.sealer, 'return', leave));
      const back = await browser.ask(`https://${signInHost}/oauth2/signed-out`);
      assert.equal(back.headers['location'], `https://${shopHost}${prefix}/start/${shopId}?rd=%2F&switch=1`);
      const foreign = await new Browser(world).ask(
        `https://${signInHost}/oauth2/sign-out?logout_uri=${encodeURIComponent(text)}`,
      );
      assert.ok(staysHere(foreign.headers['location'], [signInHost]));
    }
  });

  it('keeps what is a path here', () => {
    for (const path of [
      '/',
      '/a',
      '/a//b',
      '/.well-known/x',
      '/a?next=//evil.com',
      '/a?x=%0d%0a',
      '/my%20file',
      '/a#part',
      '/%zz',
      '/@x',
      '/a/../b',
    ]) {
      assert.equal(readReturnPath(path, prefix), path);
    }
    assert.equal(readReturnPath('/räume?q=ü', prefix), '/r%C3%A4ume?q=%C3%BC');
  });

  it('refuses paths of ours, in every spelling, and what is too long', () => {
    for (const path of ['', '/', '/userinfo', '/start/x'].map((rest) => `${prefix}${rest}`)) {
      for (const spelling of [
        path,
        path.replace('_', '%5f'),
        path.replace('_', '%255f'),
        `/x/..${path}`,
        `/x/%2e%2e${path}`,
        path.toUpperCase(),
      ]) {
        assert.equal(readReturnPath(spelling, prefix), undefined, spelling);
      }
    }
    assert.notEqual(readReturnPath(`${prefix}er`, prefix), undefined);
    assert.equal(readReturnPath(`/${'x'.repeat(1000)}`, prefix), undefined);
    assert.equal(readReturnPath(`/${'ä'.repeat(400)}`, prefix), undefined);
  });

  it('whatever text comes, a return path is ASCII, a path, and on the same host however it is resolved', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '%2f',
      '%5c',
      '%252f',
      '%2e',
      '%09',
      '\t',
      ' ',
      '@',
      ':',
      '?',
      '#',
      'evil.com',
      '_cognito-gate',
      'ä',
      '%',
      '%e4',
      '\ud800',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.boolean(), text, (slash, rest) => {
        const path = readReturnPath(slash ? `/${rest}` : rest, prefix);
        if (path === undefined) {
          return;
        }
        assert.match(path, /^\/[\x21-\x7e]*$/);
        for (const url of [new URL(path, `https://${shopHost}`), new URL(`https://${shopHost}${path}`)]) {
          assert.equal(url.host, shopHost);
          assert.ok(!url.pathname.startsWith('//') && !url.pathname.startsWith(`${prefix}/`));
        }
        assert.equal(readReturnPath(path, prefix), path);
        const { path: only, query } = splitReturnPath(path);
        assert.ok(path.startsWith(only) && path.includes(query));
      }),
      { numRuns: 3000 },
    );
  });
});
