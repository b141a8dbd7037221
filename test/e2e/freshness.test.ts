/** What Cognito says now holds within minutes, and nobody is thrown out because Cognito is slow, busy or away. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startRedis } from '../support/redis.ts';
import type { Redis } from '../support/redis.ts';
import { startSecondReplica } from '../support/second-replica.ts';
import type { SecondReplica } from '../support/second-replica.ts';
import { shopAndWiki } from '../support/stack-objects.ts';
import { people, person, stackHosts, startStack, until } from '../support/stack.ts';
import type { Stack, StackOptions } from '../support/stack.ts';
import { account, cookiesSet, scripted, sessionOn } from '../support/steps.ts';
import type { Page, Visitor } from '../support/visitor.ts';

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const refreshAfter = 10;
const session = (times: string): string => `  session: { refreshAfter: ${refreshAfter}s, ${times} }\n`;
const warehouse = 'warehouse-north-team-0123';

let starting: Promise<unknown> = Promise.resolve();

/** One after another: the programs of five at once would take longer to start than is waited for. */
function inTurn<T>(starts: () => Promise<T>): Promise<T> {
  const own = starting.then(starts);
  starting = own.catch(() => undefined);
  return own;
}

function start(options: StackOptions): Promise<Stack> {
  const users = [...people, person('ida', ['staff']), person('dan', ['staff', 'admins'])];
  return inTurn(() => startStack({ users, ...options }));
}

async function signedIn(stack: Stack, username: string, hosts: readonly ('shop' | 'wiki')[] = ['shop']) {
  const visitor = stack.visitor();
  const login = username === 'max' ? account('max') : { username, password: `${username}-secret-pw` };
  for (const host of hosts) {
    const page = await visitor.signIn(`${stack.urls[host]}/`, login);
    assert.equal(page.status, 200, `${username}: ${page.url.href} ${page.body.slice(0, 200)}`);
  }
  return visitor;
}

function asks(stack: Stack, visitor: Visitor, host: 'shop' | 'wiki' = 'shop', path = '/'): Promise<Page> {
  return visitor.ask(`${stack.urls[host]}${path}`, { headers: scripted });
}

/** How many of the program's refusals have had this reason so far. */
async function refusals(stack: Stack, reason: string): Promise<number> {
  const line = new RegExp(`^cognito_gate_decisions_total\\{[^}]*reason="${reason}"[^}]*\\} (\\d+)`, 'gm');
  return [...(await stack.metrics()).matchAll(line)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** bob, who is active on shop and wiki, loses his only group; then Cognito is too busy for a while. */
async function groupTakenAway(stack: Stack, bob: Visitor, second: SecondReplica): Promise<void> {
  const removed = Date.now();
  stack.cognito.setGroups('bob', []);
  stack.cognito.faults.token = { status: 429, body: { error: 'too_many_requests' } };
  setTimeout(() => (stack.cognito.faults.token = undefined), (refreshAfter + 2) * 1000);
  assert.equal((await asks(stack, bob)).status, 200);
  assert.equal(await second.decide(bob, 'wiki'), 200);
  const refused = async (): Promise<boolean> => {
    const pages = [await asks(stack, bob), await asks(stack, bob, 'wiki')];
    for (const page of pages) assert.deepEqual(cookiesSet(page), [], 'S12');
    const others = [await second.decide(bob, 'shop'), await second.decide(bob, 'wiki')];
    return [...pages.map(({ status }) => status), ...others].every((status) => status === 403);
  };
  await until(refused, 'bob to be refused', refreshAfter + 5 - (Date.now() - removed) / 1000);
}

describe('freshness', { concurrency: true }, () => {
  describe('tokens that are good for an hour', { concurrency: false }, () => {
    let stack: Stack;
    let second: SecondReplica;
    const visitors = new Map<string, Visitor>();
    const of = (name: string): Visitor => visitors.get(name) ?? stack.visitor();
    before(async () => {
      stack = await start({ poolSpec: session('grace: 1h') });
      second = await inTurn(() => startSecondReplica(stack));
      for (const name of ['ida', 'max', 'dan', 'ada']) visitors.set(name, await signedIn(stack, name));
      visitors.set('bob', await signedIn(stack, 'bob', ['shop', 'wiki']));
    });
    after(async () => {
      await second.stop();
      await stack.stop();
    });
    afterEach(() => {
      stack.cognito.faults.token = undefined;
    });

    it('S2 S3 a group taken away: refused on both hosts and replicas within refreshAfter + 5 s, with 429s in between', async () => {
      await groupTakenAway(stack, of('bob'), second);
      // A sign-in anew changes nothing (S3).
      assert.equal((await of('bob').go(`${stack.urls.shop}/`)).status, 403);
      assert.match(await stack.metrics(), /cognito_gate_refreshes_total\{[^}]*outcome="throttled"\} [1-9]/);
    });

    it('S11 fifty requests at once when groups are due: one token request, and nobody waits for it', async () => {
      stack.cognito.faults.token = { delayMs: 6000 };
      const askedBefore = stack.cognito.stats.token;
      const pages = await Promise.all(Array.from({ length: 50 }, () => asks(stack, of('ida'))));
      assert.deepEqual([...new Set(pages.map(({ status }) => status))], [200]);
      assert.equal(stack.cognito.stats.token - askedBefore, 1);
    });

    it('S22 a trimmed session, and a policy that gains a deny on a group never judged: read first, then denied', async () => {
      assert.equal((await asks(stack, of('max'))).status, 200);
      await stack.write(
        'apps.yaml',
        shopAndWiki.replaceAll('groups: [suspended]', `groups: [suspended, ${warehouse}]`),
      );
      await until(async () => (await asks(stack, of('max'))).status === 403, 'the deny', 5);
      assert.equal(await refusals(stack, 'groups_unknown'), 0, 'it was known by the first decision');
      assert.ok((await refusals(stack, 'denied')) > 0);
      // And an allow, on another: what was read has all groups.
      await stack.write('apps.yaml', shopAndWiki.replaceAll('groups: [admins]', 'groups: [warehouse-north-team-0200]'));
      await until(async () => (await asks(stack, of('max'), 'shop', '/admin')).status === 200, 'the allow', 5);
      await stack.write('apps.yaml', shopAndWiki);
    });

    it('S4 S20 disabled in the pool: the next refresh ends the sign-in', async () => {
      stack.cognito.disable('ada');
      await until(async () => (await asks(stack, of('ada'))).status === 403, 'ada to be refused', 8);
      assert.ok((await refusals(stack, 'session_ended')) > 0);
      const copy = stack.visitor();
      copy.cookies(stackHosts.shop).set(...(sessionOn(of('ada'), stackHosts.shop) as [string, string]));
      assert.equal((await asks(stack, copy)).status, 403);
    });
  });

  describe('tokens that are good for four seconds', { concurrency: false }, () => {
    const seconds = 4;
    const grace = 4;
    let stack: Stack;
    before(async () => {
      stack = await start({
        poolSpec: session(`grace: ${grace}s`),
        ttl: { access: seconds, id: seconds },
      });
    });
    after(() => stack.stop());
    afterEach(() => {
      stack.cognito.faults.token = undefined;
    });

    it('S21 removed, and quiet until long after: the first burst is refused, POSTs too', async () => {
      const visitor = await signedIn(stack, 'bob');
      await pause(seconds + 1);
      stack.cognito.setGroups('bob', []);
      const url = `${stack.urls.shop}/`;
      const burst = Array.from({ length: 10 }, (_, index) =>
        visitor.ask(url, index % 2 === 0 ? { headers: scripted } : { method: 'POST', headers: scripted, body: 'a=1' }),
      );
      const pages = await Promise.all(burst);
      assert.deepEqual([...new Set(pages.map(({ status }) => status))], [403]);
      stack.cognito.setGroups('bob', ['staff']);
    });

    it('S11 past their end and Cognito slow: refused after two seconds, let in by the same refresh later', async () => {
      const visitor = await signedIn(stack, 'ida');
      stack.cognito.faults.token = { delayMs: 6000 };
      await pause(seconds + 0.5);
      const askedBefore = stack.cognito.stats.token;
      const pages = await Promise.all(Array.from({ length: 50 }, () => asks(stack, visitor)));
      assert.deepEqual([...new Set(pages.map(({ status }) => status))], [403]);
      assert.ok((await refusals(stack, 'session_stale')) >= 50);
      await until(async () => (await asks(stack, visitor)).status === 200, 'the slow answer', 10);
      assert.equal(stack.cognito.stats.token - askedBefore, 1);
    });

    it('S13 S14 500, 429 and cut connections: kept within the grace, refused after it, there again when Cognito is', async () => {
      const visitor = await signedIn(stack, 'dan');
      stack.cognito.faults.token = { status: 500, body: { error: 'invalid_grant' } };
      await pause(seconds + 0.5);
      assert.equal((await asks(stack, visitor)).status, 200, 'grace');
      for (const fault of [{ reset: true }, { status: 429 }]) {
        stack.cognito.faults.token = fault;
        await pause(1);
        assert.equal((await asks(stack, visitor)).status, 200, 'grace');
      }
      await pause(grace - 1.5);
      assert.equal((await asks(stack, visitor)).status, 403, 'after it');
      stack.cognito.faults.token = undefined;
      await until(async () => (await asks(stack, visitor)).status === 200, 'Cognito to be asked again', 10);
    });

    it('S14 an error text that merely holds the words ends nothing; the real one does', async () => {
      const visitor = await signedIn(stack, 'ida');
      const description = 'not invalid_grant, and not invalid_client';
      stack.cognito.faults.token = { status: 400, body: { error: 'invalid_request', error_description: description } };
      await pause(seconds + 0.5);
      assert.equal((await asks(stack, visitor)).status, 403, 'no grace for what is no outage');
      stack.cognito.faults.token = undefined;
      await until(async () => (await asks(stack, visitor)).status === 200, 'the pool to be asked again', 5);
      stack.cognito.faults.token = { status: 400, body: { error: 'invalid_grant' } };
      await pause(seconds + 0.5);
      assert.equal((await asks(stack, visitor)).status, 403);
      stack.cognito.faults.token = undefined;
      assert.equal((await asks(stack, visitor)).status, 403, 'ended');
      assert.ok((await refusals(stack, 'session_ended')) > 0);
    });
  });

  describe('with Redis', { concurrency: false }, () => {
    let redis: Redis;
    let stack: Stack;
    let second: SecondReplica;
    before(async () => {
      redis = await startRedis();
      const store = { redis: { urls: [redis.url] } };
      stack = await start({ poolSpec: session('grace: 1h'), config: { store } });
      second = await inTurn(() => startSecondReplica(stack));
    });
    after(async () => {
      await second.stop();
      await stack.stop();
      await redis.close();
    });

    it('S2 S11 a group taken away: refused on both hosts and replicas, and with 429s in between', async () => {
      await groupTakenAway(stack, await signedIn(stack, 'bob', ['shop', 'wiki']), second);
    });
  });

  describe('a pool that rotates refresh tokens, without a store', { concurrency: false }, () => {
    let stack: Stack;
    before(async () => {
      stack = await start({ poolSpec: session('grace: 1h'), rotation: { graceSeconds: 0 } });
    });
    after(() => stack.stop());

    it('S24 is found out by one refresh; from then on nobody is refreshed in the background or thrown out', async () => {
      const visitors = await Promise.all(['ada', 'bob', 'ida', 'dan'].map((name) => signedIn(stack, name)));
      const asked = stack.cognito.stats.token;
      await pause(refreshAfter + 0.5);
      const all = async (): Promise<boolean> => {
        const pages = await Promise.all(visitors.map((visitor) => asks(stack, visitor)));
        assert.deepEqual([...new Set(pages.map(({ status }) => status))], [200]);
        return (await stack.log()).includes('RotationNeedsRedis');
      };
      await until(all, 'the rotation to be found');
      for (let round = 0; round < 20; round += 1) await all();
      assert.equal(stack.cognito.stats.token - asked, 1);
    });
  });
});
