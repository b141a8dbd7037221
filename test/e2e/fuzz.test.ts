/**
 * A small share of `make fuzz` (test/fuzz), and what is too certain to leave to chance: at the real ports and through the
 * real NGINX. Whatever comes: never 2xx on what is protected, never 5xx, never a session, never another host.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { codesRedeemed, seriesCount, wrongInLog } from '../fuzz/aftermath.ts';
import { allowedHosts, openPorts, run } from '../fuzz/campaign.ts';
import type { Failure } from '../fuzz/campaign.ts';
import { all } from '../fuzz/connection.ts';
import type { WireAnswer } from '../fuzz/connection.ts';
import { collectGenuine, fuzzStack } from '../fuzz/genuine.ts';
import type { Genuine } from '../fuzz/genuine.ts';
import { requestBytes } from '../fuzz/input.ts';
import type { Header, Input } from '../fuzz/input.ts';
import { pathsElsewhere } from '../fuzz/words.ts';
import { withHeap } from '../support/heap.ts';
import type { Heap } from '../support/heap.ts';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account } from '../support/steps.ts';
import { navigation } from '../support/visitor.ts';

const seed = 20_261_125;
const patience = 5000;
const mebibyte = 1_048_576;
let stack: Stack;
let heap: Heap;
let genuine: Genuine;
let ports: ReturnType<typeof openPorts>;

before(async () => {
  ({ started: stack, heap } = await withHeap(() => startStack(fuzzStack)));
  genuine = await collectGenuine(stack);
  ports = openPorts(stack, patience);
});
after(async () => {
  heap.close();
  for (const port of Object.values(ports)) port.close();
  await stack.stop();
});

async function send(port: Input['port'], line: string, headers: readonly Header[]): Promise<WireAnswer> {
  const outcome = await ports[port].ask(requestBytes(line, headers), { head: false, last: false });
  assert.equal(outcome.kind, 'answered', line.slice(0, 100));
  return outcome.kind === 'answered' ? outcome.answer : { status: 0, headers: [], body: '' };
}

/** What the decision port says to a POST for /admin with this Cookie header. */
const decided = (cookie: string): Promise<WireAnswer> =>
  send('decisions', `GET /nginx/${genuine.routes.shop} HTTP/1.1`, [
    ['Host', 'gate'],
    ['X-Original-URL', `https://${stackHosts.shop}/admin`],
    ['X-Original-Method', 'POST'],
    ['Cookie', cookie],
  ]);

test('T11 T12 T16 N33 T9 T10.6 L2 L3 L4 M2 M6 three thousand inputs at both ports and through NGINX: every rule holds, memory stays', async () => {
  const failures: Failure[] = [];
  const campaign = { seed, lanes: 12, patience, failed: (failure: Failure) => void failures.push(failure) };
  const codes = await codesRedeemed(stack);
  await run(stack, genuine, { ...campaign, from: 0, to: 1000 });
  const [used, series] = [await heap.used(), await seriesCount(stack)];
  const counts = await run(stack, genuine, { ...campaign, from: 1000, to: 3000 });
  const words = failures.map(
    ({ index, why, input }) => `${index} ${input.kind}: ${why}: ${input.bytes.toString('base64')}`,
  );
  assert.deepEqual(words.slice(0, 5), []);
  assert.equal(counts.get('control (session) 200'), 10, 'what is real passes');
  assert.equal(counts.get('control (token) 200'), 10, 'so do real tokens');
  const growth = (await heap.used()) - used;
  assert.ok(growth < 16 * mebibyte, `${Math.round(growth / mebibyte)} MiB more`);
  assert.ok((await seriesCount(stack)) < series + 30, 'the series of the metrics');
  assert.equal(await codesRedeemed(stack), codes, 'no code is redeemed');
});

suite('T11 a session cookie with something wrong in it', () => {
  const rows: readonly (readonly [string, (name: string, session: string) => readonly string[]])[] = [
    [
      'T11.1 cut at every length',
      (name, session) => Array.from({ length: session.length }, (_, at) => `${name}=${session.slice(0, at)}`),
    ],
    [
      'T11.2 base64 that is none, or is not the only way to write it',
      (name, session) => [
        ...['=', '+', '/', '%', ' ', 'é'].map((odd) => `${name}=${session.slice(0, -3)}${odd}${session.slice(-2)}`),
        ...[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
          .filter((last) => last !== session.at(-1))
          .map((last) => `${name}=${session.slice(0, -1)}${last}`),
      ],
    ],
    [
      'T11.3 another version',
      (name, session) => ['0', '2', 'v', ''].map((version) => `${name}=${version}${session.slice(1)}`),
    ],
    [
      'T11.4 ten copies of a bad one',
      (name, session) => [Array.from({ length: 10 }, () => `${name}=${session}x`).join('; ')],
    ],
    ['T11.5 64 kB', (name) => [`${name}=${'A'.repeat(64_000)}`, `${name}=${'A'.repeat(70_000)}`]],
  ];
  for (const [sentence, jars] of rows) {
    test(sentence, async () => {
      for (const jar of jars(...genuine.session)) assert.equal((await decided(jar)).status, 403, jar.length.toString());
      assert.equal((await decided(genuine.session.join('='))).status, 200, 'the real one');
    });
  }

  test('T11.7 T11.9 one that is good and one that is bad, in both orders: the right person or nobody', async () => {
    const [name, session] = genuine.session;
    for (const jar of [`${name}=${session}; ${name}=x`, `${name}=x; ${name}=${session}`]) {
      const answer = await decided(jar);
      assert.ok([200, 403].includes(answer.status), String(answer.status));
      if (answer.status === 200) assert.notDeepEqual(all(answer, 'x-auth-request-user'), []);
    }
  });

  test('T11.6 a NUL in a cookie is refused by the parser, with a status that NGINX can read', async () => {
    const text = `GET /nginx/${genuine.routes.shop} HTTP/1.1\r\nHost: x\r\nCookie: ${genuine.session.join('=')}\0\r\n\r\n`;
    const outcome = await ports.decisions.ask(Buffer.from(text, 'latin1'), { head: false, last: true });
    assert.equal(outcome.kind === 'answered' ? outcome.answer.status : 0, 403);
  });
});

test('T8.1 T8.2 T8.3 T8.4 T8.5 return paths that lead elsewhere, from somebody whose session would be sent back at once', async () => {
  const [name, session] = genuine.session;
  for (const target of pathsElsewhere([stackHosts.shop])) {
    const line = `GET /_cognito-gate/start/${genuine.routes.shop}?rd=${encodeURIComponent(target)} HTTP/1.1`;
    const answer = await send('signIn', line, [
      ['Host', stackHosts.shop],
      ['Cookie', `${name}=${session}`],
      ...Object.entries(navigation),
    ]);
    assert.ok([302, 303, 400].includes(answer.status), `${answer.status} ${target}`);
    for (const location of all(answer, 'location')) {
      const url = new URL(location, `https://${stackHosts.shop}/`);
      assert.ok(allowedHosts.has(url.hostname) && url.protocol === 'https:', `${target} leads to ${location}`);
    }
  }
});

const callbacks: readonly (readonly [
  string,
  (state: string) => string,
  (genuineOnes: Genuine) => readonly Header[],
])[] = [
  ['L2 a callback without state', () => 'code=x', () => []],
  ['L2 a callback with an empty state', () => 'code=x&state=', () => []],
  ['L3 a callback with a real state whose cookie is not there', (state) => `code=x&state=${state}`, () => []],
  [
    'L4 a callback whose attempt was tampered with',
    (state) => `code=x&state=${state}`,
    ({ cookies }) => [['Cookie', cookies.map(([name, value]) => `${name}=${value.slice(0, -2)}`).join('; ')]],
  ],
];
for (const [sentence, query, headers] of callbacks) {
  test(sentence, async () => {
    const asked = await codesRedeemed(stack);
    for (const state of genuine.states) {
      const answer = await send('signIn', `GET /oauth2/callback?${query(state)} HTTP/1.1`, [
        ['Host', stackHosts.signIn],
        ...Object.entries(navigation),
        ...headers(genuine),
      ]);
      assert.ok(answer.status < 500, String(answer.status));
      assert.ok(!all(answer, 'set-cookie').some((line) => /^__Host-cgs?-[^=]*=[^;]/.test(line)));
      for (const location of all(answer, 'location')) assert.ok(allowedHosts.has(new URL(location).hostname), location);
    }
    assert.equal(await codesRedeemed(stack), asked, 'no request to Cognito');
  });
}

test('M1 M2 M3 L17 after all of that: a log of JSON lines without secrets, bounded metrics, and an honest person still gets in', async () => {
  assert.deepEqual((await wrongInLog(stack, genuine)).slice(0, 5), []);
  const metrics = await stack.metrics();
  assert.ok((await seriesCount(stack)) < 400);
  assert.ok(!/evil|<script/.test(metrics));
  const page = await stack.visitor().signIn(`${stack.urls.shop}/admin`, account('ada'));
  assert.equal(page.status, 200);
});
