/** Sign-ins that live in Redis: the whole product on loopback, and what becomes of it when Redis fails. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newKeyEntry } from '../../src/session/key-ring.ts';
import { startRedis } from '../support/redis.ts';
import type { Redis } from '../support/redis.ts';
import { stackHosts, startStack, until } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, cookiesSet, scripted, sessionOn } from '../support/steps.ts';
import type { Page, Visitor } from '../support/visitor.ts';

let redis: Redis;
let stack: Stack;
before(async () => {
  redis = await startRedis();
  stack = await startStack({
    rotation: { graceSeconds: 0 },
    poolSpec: '  session: { refreshAfter: 10s }\n',
    config: { store: { redis: { urls: [redis.url], unreachableFor: '1m' } } },
  });
});
after(async () => {
  await stack.stop();
  await redis.close();
});

async function signedIn(username: string, hosts: readonly ('shop' | 'wiki')[] = ['shop']): Promise<Visitor> {
  const visitor = stack.visitor();
  for (const host of hosts) {
    const page = await visitor.signIn(`${stack.urls[host]}/`, account(username));
    assert.equal(page.status, 200, `${page.url.href}: ${page.body.slice(0, 300)}`);
  }
  return visitor;
}

function asks(visitor: Visitor, host: 'shop' | 'wiki' = 'shop', path = '/'): Promise<Page> {
  return visitor.ask(`${stack.urls[host]}${path}`, { headers: scripted });
}

async function keys(kind: 's' | 'l'): Promise<string[]> {
  return (await redis.cli('KEYS', `cognito-gate:${kind}:*`)).split('\n').filter((key) => key !== '');
}

async function storeAnswers(answers: boolean): Promise<void> {
  const line = `cognito_gate_store_reachable ${answers ? 1 : 0}\n`;
  await until(async () => (await stack.metrics()).includes(line), `the store to be ${answers ? 'there' : 'away'}`);
}

const person = new Map<string, Visitor>();
const of = (name: string): Visitor => person.get(name) ?? assert.fail(`nobody is ${name}`);

test('a sign-in is a record in Redis; the cookies hold a handle, however many groups somebody has', async () => {
  person.set('ada', await signedIn('ada', ['shop', 'wiki']));
  const records = await keys('s');
  assert.equal(records.length, 1, 'one for both hosts');
  assert.ok(Number(await redis.cli('TTL', records[0] ?? '')) > 40_000);
  person.set('max', await signedIn('max'));
  const [name, value] = sessionOn(of('max'), stackHosts.shop);
  assert.ok(`${name}=${value}`.length < 400, value);
  assert.equal((await asks(of('max'))).status, 200);
  assert.equal((await asks(of('ada'), 'shop', '/admin')).status, 200);
  assert.equal((await asks(of('max'), 'shop', '/admin')).status, 403);
});

test('S6 S7 S8 a handle is good on its own host only', async () => {
  const thief = stack.visitor();
  const [name, value] = sessionOn(of('ada'), stackHosts.shop);
  thief.cookies(stackHosts.wiki).set(name, value);
  assert.equal((await asks(thief, 'wiki')).status, 403);
  thief.cookies(stackHosts.shop).set(name, value);
  assert.equal((await asks(thief)).status, 200, 'on its own host it is the session');
});

test('sessions live on when the program is restarted', async () => {
  await stack.restart();
  assert.equal((await asks(of('ada'))).status, 200);
  assert.equal((await asks(of('ada'), 'wiki')).status, 200);
});

test('S10 a blip of Redis: known sessions go on, others are refused with the reason, nobody is signed out', async (t) => {
  t.after(() => redis.resume());
  person.set('bob', await signedIn('bob'));
  redis.pause();
  assert.equal((await asks(of('ada'))).status, 200);
  await storeAnswers(false);
  assert.equal((await asks(of('ada'))).status, 200);
  assert.equal((await asks(of('ada'), 'shop', '/healthz')).status, 200);
  await stack.restart();
  const refused = await asks(of('ada'));
  assert.equal(refused.status, 403, 'a replica that knows nothing');
  assert.deepEqual(cookiesSet(refused), [], 'the cookie is not cleared');
  assert.match(await stack.log(), /"reason":"store_unavailable"/);
  const attempt = await stack.visitor().signIn(`${stack.urls.shop}/`, account('bob'));
  assert.ok(attempt.status >= 400, `${attempt.status}`);
  assert.ok((await fetch(`${stack.operations}/readyz`)).ok, 'ready all the while');
  redis.resume();
  await storeAnswers(true);
  for (const name of ['ada', 'bob']) assert.equal((await asks(of(name))).status, 200, name);
});

test('full: signing in fails, who is in stays in', async () => {
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  const page = await stack.visitor().signIn(`${stack.urls.shop}/`, account('bob'));
  assert.ok(page.status >= 400, `${page.status}`);
  assert.equal((await asks(of('ada'))).status, 200);
  await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  await signedIn('bob');
  assert.match(await stack.metrics(), /cognito_gate_store_requests_total\{operation="create",outcome="full"\} [1-9]/);
});

test('S11 S24 a lock that its holder left is no obstacle; a rotating refresh token serves again and again', async () => {
  const refreshed = async (): Promise<void> => {
    const asked = stack.cognito.stats.token;
    const done = async (): Promise<boolean> => {
      assert.equal((await asks(of('bob'))).status, 200);
      return stack.cognito.stats.token > asked;
    };
    await until(done, 'a refresh', 30);
  };
  stack.cognito.faults.token = { delayMs: 1500 };
  await until(
    async () => {
      assert.equal((await asks(of('bob'))).status, 200);
      return (await keys('l')).length > 0;
    },
    'a lock',
    20,
  );
  const [lock = ''] = await keys('l');
  const left = Number(await redis.cli('PTTL', lock));
  assert.ok(left > 0 && left <= 15_000, `${left}`);
  stack.cognito.faults.token = undefined;
  await until(async () => (await keys('l')).length === 0, 'the lock to be given back', 16);
  await redis.cli('SET', lock, 'of a replica that died', 'PX', '1000');
  await refreshed();
  assert.equal((await asks(of('bob'))).status, 200);
});

test('S15 an operator ends a sign-in with DEL, within a second', async () => {
  const others = new Set(await keys('s'));
  const visitor = await signedIn('bob');
  const own = (await keys('s')).filter((key) => !others.has(key));
  assert.equal(own.length, 1);
  assert.equal((await asks(visitor)).status, 200);
  await redis.cli('DEL', ...own);
  await until(async () => (await asks(visitor)).status === 403, 'the end', 1);
  assert.equal((await asks(of('ada'))).status, 200);
});

test('N18 a sign-out ends the sign-in on every host and in Redis; a copied cookie is refused, after a restart too', async () => {
  const visitor = await signedIn('ada', ['shop', 'wiki']);
  const copies = (['shop', 'wiki'] as const).map((host) => [host, sessionOn(visitor, stackHosts[host])] as const);
  const count = (await keys('s')).length;
  await visitor.submit(await visitor.go(`${stack.urls.shop}/_cognito-gate/sign-out`), {});
  assert.equal((await keys('s')).length, count - 1);
  const thief = stack.visitor();
  for (const [host, [name, value]] of copies) thief.cookies(stackHosts[host]).set(name, value);
  for (const round of [1, 2]) {
    for (const [host] of copies) assert.equal((await asks(thief, host)).status, 403, `${host} ${round}`);
    if (round === 1) await stack.restart();
  }
  assert.equal((await asks(of('ada'))).status, 200, 'another browser of the same person');
});

test('S9 a new key opens nothing less; the end of the old key ends what it sealed', async () => {
  const ring = join(stack.folder, 'secrets/identity/key-ring');
  await writeFile(
    join(ring, 'k2'),
    newKeyEntry('k2', Math.floor(Date.now() / 1000) - 600, (n) => randomBytes(n)),
  );
  await until(async () => (await stack.metrics()).includes('cognito_gate_key_ring_keys 2'), 'both keys');
  assert.equal((await asks(of('ada'))).status, 200);
  const visitor = await signedIn('bob');
  await rm(join(ring, 'k1'));
  await until(async () => (await asks(of('ada'))).status === 403, 'the end of the old key');
  assert.equal((await asks(visitor)).status, 200, 'sealed with the new one');
});

test('restarted with nothing, Redis has no sessions: everybody signs in again, silently', async () => {
  const visitor = await signedIn('bob');
  await redis.stop();
  await redis.start();
  await storeAnswers(true);
  await until(async () => (await asks(visitor)).status === 403, 'the end');
  const page = await visitor.go(`${stack.urls.shop}/`);
  assert.equal(page.status, 200, page.url.href);
});
