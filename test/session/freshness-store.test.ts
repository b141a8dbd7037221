import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreUnavailable } from '../../src/session/state-store.ts';
import { createMemoryStore } from './fresh/memory-store.ts';
import { freshWorld, settled, sid, state } from './fresh/world.ts';
import { cookiePair, identity, noon, nobodyNamed, pool, session } from './samples.ts';

function storeWorld() {
  const world = freshWorld();
  const store = createMemoryStore();
  store.records.set(sid, state());
  const replicas = [world.replica({ store }), world.replica({ store })] as const;
  const cookie = cookiePair(replicas[0].sessions.seal(session(), nobodyNamed).cookie);
  return { world, store, replicas, cookie };
}

describe('sessions whose state is in a store', () => {
  it('S11 a handle opens what the store holds; two replicas ask Cognito once, and both know the answer', async () => {
    const { world, store, replicas, cookie } = storeWorld();
    assert.ok(cookie.length < 400, String(cookie.length));
    assert.equal((await replicas[0].read(cookie)).live[0]?.refreshToken?.reveal(), 'first');
    await world.clock.advance(3_600_000);
    const reads = [...replicas, ...replicas].map(async ({ read }) => read(cookie));
    await world.clock.advance(1000);
    for (const read of await Promise.all(reads)) assert.equal(read.live[0]?.checkedAt, noon + 3600);
    assert.equal(world.cognito.asked.length, 1);
    assert.equal(store.records.get(sid)?.checkedAt, noon + 3600);
    assert.equal(store.locked.size, 0);
  });

  it('S24 rotated refresh tokens are used one after another, whoever asks', async () => {
    const { world, replicas, cookie } = storeWorld();
    world.cognito.rotates = true;
    for (let round = 1; round <= 4; round += 1) {
      await world.clock.advance(600_000);
      const { read } = replicas[round % 2 === 0 ? 0 : 1];
      await read(cookie);
      await world.clock.advance(1000);
    }
    assert.deepEqual(world.cognito.asked, ['first', 'first+', 'first++', 'first+++']);
    assert.equal(replicas[0].freshness.rotating().size, 0);
  });

  it('kinds of one store are no session for the other', async () => {
    const { world, replicas, cookie } = storeWorld();
    const plain = world.replica();
    assert.equal((await plain.read(cookie)).reason, 'no_session');
    assert.equal((await replicas[0].read(world.cookie())).reason, 'no_session');
  });

  it('what is gone from the store has ended, and a refresh under way doesn’t bring it back', async () => {
    const { world, store, replicas, cookie } = storeWorld();
    world.cognito.delay = 1000;
    await world.clock.advance(600_000);
    await replicas[0].read(cookie);
    await world.clock.advance(500);
    store.records.delete(sid);
    await world.clock.advance(1000);
    assert.equal(store.records.has(sid), false);
    assert.equal((await replicas[0].read(cookie)).reason, 'session_ended');
    assert.equal((await replicas[1].read(cookie)).reason, 'session_ended');
  });

  it('a new sign-in during a refresh of the old one stands, whatever the refresh says', async () => {
    for (const fails of [undefined, 'invalid_grant'] as const) {
      const { world, store, replicas, cookie } = storeWorld();
      Object.assign(world.cognito, { delay: 1000, fails });
      await world.clock.advance(600_000);
      await replicas[0].read(cookie);
      await world.clock.advance(500);
      store.records.set(sid, state({ checkedAt: noon + 600, identity: identity({ authTime: noon + 600 }) }));
      await world.clock.advance(5000);
      assert.equal(store.records.get(sid)?.identity.authTime, noon + 600, String(fails));
      // What was made of the old one goes on by the new one's groups, as old as it was.
      const [live] = (await replicas[0].read(cookie)).live;
      assert.deepEqual([live?.checkedAt, live?.identity.authTime], [noon + 600, identity().authTime]);
    }
  });

  it('while the store is away: refused as such, not as ended, and there again after it', async () => {
    const { world, store, replicas, cookie } = storeWorld();
    await replicas[0].read(cookie);
    store.away = true;
    assert.throws(() => replicas[0].read(cookie), StoreUnavailable);
    store.away = false;
    await world.clock.advance(1000);
    assert.equal((await replicas[0].read(cookie)).live.length, 1);
  });

  it('away during a refresh: a rotated token is known here, and written once the store is back', async () => {
    const { world, store, replicas, cookie } = storeWorld();
    Object.assign(world.cognito, { rotates: true, delay: 1000 });
    await world.clock.advance(600_000);
    await replicas[0].read(cookie);
    await world.clock.advance(500);
    store.away = true;
    await world.clock.advance(5000);
    store.away = false;
    await world.clock.advance(2000);
    assert.equal(store.records.get(sid)?.refreshToken?.reveal(), 'first+');
  });

  it('a token that stays what it is may be refreshed while the store is away', async () => {
    const { world, store, replicas } = storeWorld();
    store.away = true;
    const { freshness } = replicas[0];
    await assert.rejects(freshness.refresh('another', pool, state(), 'waiting'), StoreUnavailable);
    const asking = freshness.refresh(sid, pool, state({ rotates: false }), 'waiting');
    await world.clock.advance(500);
    assert.equal((await asking).kind, 'fresh');
    // Of a pool that was seen to keep its tokens, those of a sign-in that was never refreshed stay as well.
    const afterwards = freshness.refresh('another', pool, state(), 'waiting');
    await world.clock.advance(500);
    assert.equal((await afterwards).kind, 'fresh');
  });

  it('a lock that another replica left behind costs its waiting, nothing more', async () => {
    const { world, store, replicas, cookie } = storeWorld();
    store.locked.add(sid);
    await world.clock.advance(3_600_000);
    assert.equal((await settled(world, replicas[0].read(cookie))).reason, 'session_stale');
    store.locked.clear();
    await world.clock.advance(15_000);
    assert.equal((await settled(world, replicas[0].read(cookie))).live.length, 1);
  });
});
