/** A route of all names under a domain beside routes of single names: sessions don't cross over. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask } from '../support/request.ts';
import type { Answer } from '../support/request.ts';
import { shopAndWiki } from '../support/stack-objects.ts';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, sessionOn } from '../support/steps.ts';
import type { Visitor } from '../support/visitor.ts';
import { navigation } from '../support/visitor.ts';

const inside = 'any.acme.localhost';
let stack: Stack;
let visitor: Visitor;
before(async () => {
  stack = await startStack({ apps: shopAndWiki.replaceAll(stackHosts.wiki, '"*.acme.localhost"') });
  visitor = stack.visitor();
  assert.equal((await visitor.signIn(`${stack.urls.shop}/`, account('ada'))).status, 200);
});
after(() => stack.stop());

/** The sign-in port, as NGINX would ask it for a host that our certificate doesn't name. */
function signInPort(host: string, address: string, cookie = ''): Promise<Answer> {
  const { pathname, search } = new URL(address);
  const headers = { ...navigation, host: `${host}:${stack.port}`, cookie };
  return ask(`http://127.0.0.1:${stack.signInPort}/`, { target: `${pathname}${search}`, headers });
}

async function decision(route: string, host: string, cookie: string): Promise<number> {
  const witnesses = { 'X-Original-URL': `https://${host}/`, 'X-Original-Method': 'GET' };
  return (await ask(`${stack.decisions}/nginx/${route}`, { headers: { ...witnesses, cookie } })).status;
}

const pairsOf = (answer: Answer): string => answer.cookies.map((line) => line.split(';')[0]).join('; ');

test('S6 T22.3 a session inside the wildcard is good there, and nowhere else; that of a named host is not good inside', async () => {
  const start = await signInPort(inside, `https://${inside}/_cognito-gate/start/${stack.routes.wiki}?rd=/x`);
  const handed = await visitor.ask(start.headers.location ?? '');
  const grant = String(handed.headers['location']);
  assert.ok(grant.startsWith(`https://${inside}:${stack.port}/_cognito-gate/complete/`), grant);
  for (const host of ['other.acme.localhost', stackHosts.shop]) {
    const moved = await signInPort(host, grant, pairsOf(start));
    assert.equal(moved.status, 403, `T10.6 ${host}`);
  }
  const done = await signInPort(inside, grant, pairsOf(start));
  assert.equal(done.headers.location, `https://${inside}:${stack.port}/x`);
  const session = done.cookies.find((line) => /^__Host-cg-[^=]*=[^;]/.test(line))?.split(';')[0] ?? '';
  assert.equal(await decision(stack.routes.wiki, inside, session), 200);
  assert.equal(await decision(stack.routes.shop, stackHosts.shop, session), 403);
  const named = sessionOn(visitor, stackHosts.shop).join('=');
  assert.equal(await decision(stack.routes.shop, stackHosts.shop, named), 200);
  assert.equal(await decision(stack.routes.wiki, inside, named), 403);
});

test('T8 S8 start of the wildcard’s route serves no host outside of it, and none that another route names', async () => {
  const hosts = ['acme.localhost', 'a.b.acme.localhost', 'evil.example', 'xacme.localhost', `${inside}.evil.example`];
  for (const host of [...hosts, stackHosts.shop, stackHosts.signIn]) {
    const start = await signInPort(host, `https://${host}/_cognito-gate/start/${stack.routes.wiki}?rd=/`);
    assert.equal(start.status, 404, host);
  }
});
