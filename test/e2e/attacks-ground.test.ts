/** The ground taken from under the running program: keys, secrets, policies, pools. What was closed stays closed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newKeyEntry } from '../../src/session/key-ring.ts';
import { ask } from '../support/request.ts';
import { stackHosts, until } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, atCallback, goUntil, opensNothing, scripted, sessionOn } from '../support/steps.ts';
import type { Visitor } from '../support/visitor.ts';
import { rules, startTwoPools } from '../support/two-pools.ts';
import { Watch } from '../support/watch.ts';

let stack: Stack;
let watch: Watch;
before(async () => {
  stack = await startTwoPools();
  watch = new Watch(stack);
});
after(() => stack.stop());

const shop = (path = '/'): string => `${stack.urls.shop}${path}`;
const ring = (name: string): string => join(stack.folder, 'secrets/identity/key-ring', name);
const past = (): number => Math.floor(Date.now() / 1000) - 300;

async function signedIn(username = 'ada', path = '/'): Promise<Visitor> {
  const visitor = watch.visitor();
  const page = await visitor.signIn(shop(path), account(username));
  assert.equal(page.url.href, shop(path), page.body.slice(0, 300));
  return visitor;
}

function direct(
  path: string,
  cookie: string,
  route = stack.routes.shop,
  headers: Readonly<Record<string, string>> = {},
): ReturnType<typeof ask> {
  const witnesses = { 'X-Original-URL': `https://${stackHosts.shop}${path}`, 'X-Original-Method': 'GET', cookie };
  return ask(`${stack.decisions}/nginx/${route}`, { headers: { ...witnesses, ...headers } });
}

test('S9 S26 keys: a second one signs nobody out, sign-ins under way land, the new one seals; without the old one its sessions are over', async () => {
  const before = await signedIn('ada');
  const under = watch.visitor();
  const callback = await goUntil(under, shop('/under-way'), 'bob', atCallback);
  await writeFile(
    ring('k2'),
    newKeyEntry('k2', past(), (n) => randomBytes(n)),
  );
  let younger: Visitor | undefined;
  await until(
    async () => {
      younger = await signedIn('bob');
      return sessionOn(younger, stackHosts.shop)[1].startsWith('1k2.');
    },
    'the new key to seal',
    5,
  );
  assert.equal((await before.ask(shop('/admin'))).status, 200);
  assert.equal((await under.go(callback)).url.href, shop('/under-way'));
  assert.match(sessionOn(before, stackHosts.shop)[1], /^1k1\./);
  await rm(ring('k1'));
  await until(async () => (await before.ask(shop(), { headers: scripted })).status === 403, 'the old key to go', 5);
  assert.equal((await younger?.ask(shop()))?.status, 200);
  const back = await before.go(shop('/admin'));
  assert.ok(back.url.hostname === stackHosts.cognito || back.status === 200);
});

test('a key with the same id and another secret opens nothing of before, not even what is warm', async () => {
  const visitor = await signedIn();
  assert.equal((await visitor.ask(shop(), { headers: scripted })).status, 200);
  await writeFile(
    ring('k2'),
    newKeyEntry('k2', past(), (n) => randomBytes(n)),
  );
  await until(async () => (await visitor.ask(shop(), { headers: scripted })).status === 403, 'the exchanged key', 5);
});

test('S18 key ring lost, broken or empty, secrets gone, folder gone: what is in force stays, nothing opens, sign-in goes on', async () => {
  const visitor = await signedIn();
  const secrets = join(stack.folder, 'secrets');
  const stands = async (what: string): Promise<void> => {
    for (let look = 0; look < 6; look += 1) {
      assert.equal((await visitor.ask(shop('/admin'), { headers: scripted })).status, 200, what);
      assert.equal((await watch.visitor().ask(shop('/admin'), { headers: scripted })).status, 403, what);
      assert.equal((await direct('/healthz', '')).status, 200, what);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    assert.equal((await fetch(`${stack.operations}/readyz`)).status, 200, what);
  };
  const good = await readFile(ring('k2'), 'utf8');
  await writeFile(ring('k2'), 'not a key');
  await stands('a broken ring');
  await rm(ring('k2'));
  await stands('an empty ring');
  await writeFile(ring('k2'), good);
  await rename(secrets, `${secrets}-away`);
  await stands('no secrets');
  await rename(`${secrets}-away`, secrets);
  await rename(stack.policies, `${stack.policies}-away`);
  await stands('no folder');
  assert.match(await stack.metrics(), /cognito_gate_source_broken 1/);
  await rename(`${stack.policies}-away`, stack.policies);
  await until(async () => /cognito_gate_source_broken 0/.test(await stack.metrics()), 'the folder to be read again', 5);
  await signedIn('bob');
});

test('P10 P11 P17 the pool, the secret of its client or the policy gone at run time: refused, never open; back when they are back', async () => {
  const visitor = await signedIn();
  const statusOf = async (): Promise<readonly number[]> => [
    (await visitor.ask(shop('/admin'), { headers: scripted })).status,
    (await watch.visitor().ask(shop('/admin'), { headers: scripted })).status,
    (await visitor.ask(shop('/admin'))).status,
  ];
  const closes = async (what: string): Promise<void> => {
    await until(async () => (await statusOf()).every((status) => status === 403), what, 5);
  };
  const opens = (): Promise<void> => until(async () => (await statusOf())[0] === 200, 'the way back', 5);
  const apps = await readFile(join(stack.policies, 'apps.yaml'), 'utf8');
  const pool = await readFile(join(stack.policies, 'pool.yaml'), 'utf8');
  await rm(join(stack.policies, 'pool.yaml'));
  await closes('the pool gone');
  await stack.write('pool.yaml', pool);
  await opens();
  await stack.write('apps.yaml', apps.replace(rules, rules.replace('allow:', 'alow:')));
  await closes('an unknown field');
  await stack.write('apps.yaml', apps);
  await opens();
  await stack.write('apps.yaml', apps.replace('cognito-gate.dev/policy: shop', 'cognito-gate.dev/polcy: shop'));
  await closes('an unknown annotation');
  await stack.write('apps.yaml', apps);
  await opens();
});

test('T22.8 T24.1 no policy, no pool, nothing: refused', async () => {
  const apps = await readFile(join(stack.policies, 'apps.yaml'), 'utf8');
  await stack.write('apps.yaml', '');
  await until(
    async () => (await direct('/admin', '')).status === 403 && (await direct('/healthz', '')).status === 403,
    'nothing left',
    5,
  );
  const page = await watch.visitor().ask(shop('/_cognito-gate/'));
  assert.equal(page.status, 404);
  opensNothing(page, 'nothing configured');
  await stack.write('apps.yaml', apps);
  await until(async () => (await direct('/healthz', '')).status === 200, 'the way back', 5);
});

test('M3 none of the secrets that these visitors met is in the log', async () => {
  assert.deepEqual(await watch.leaks(), []);
});
