import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identity, noon, pool, refreshToken } from './samples.ts';
import { shouldRenew } from '../../src/session/sessions.ts';
import { freshWorld, settled, sid, state, stateOf } from './fresh/world.ts';

const minutes = (count: number): number => count * 60_000;
const groupsOf = (read: { live: readonly { identity: { groups: { names: ReadonlySet<string> } } }[] }) => [
  ...(read.live[0]?.identity.groups.names ?? []),
];

describe('groups are read again in the background', () => {
  it('S11 once they are older than refreshAfter; nobody waits, and fifty at once are one token request', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie();
    await world.clock.advance(minutes(10) - 1000);
    assert.ok(!(read(cookie) instanceof Promise));
    assert.deepEqual(world.cognito.asked, []);
    await world.clock.advance(1000);
    for (let request = 0; request < 50; request += 1) assert.ok(!(read(cookie) instanceof Promise));
    await world.clock.advance(10);
    assert.equal(world.cognito.asked.length, 1);
  });

  it('S2 S3 what is read holds for all sessions of the sid, and a group that is gone is gone', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const [shop, wiki] = [world.cookie(), world.cookie({ host: 'wiki.example.com' })];
    world.cognito.groups = [];
    await world.clock.advance(minutes(10));
    assert.deepEqual(groupsOf(await read(shop)), ['admins', 'staff']);
    await world.clock.advance(1000);
    assert.deepEqual(groupsOf(await read(shop)), []);
    assert.deepEqual(groupsOf(await read(wiki, 'wiki.example.com')), []);
    assert.equal(world.cognito.asked.length, 1);
  });

  it('S4 invalid_grant ends the sign-in, and no other failure does', async () => {
    for (const code of [
      'throttled',
      'unavailable',
      'timeout',
      'bad_token',
      'misconfigured',
      'invalid_client',
    ] as const) {
      const world = freshWorld();
      const { read, ended } = world.replica();
      const cookie = world.cookie();
      world.cognito.fails = code;
      await world.clock.advance(minutes(10));
      await read(cookie);
      await world.clock.advance(5000);
      assert.equal((await read(cookie)).live.length, 1, code);
      assert.equal(ended.has(sid), false);
    }
    const world = freshWorld();
    const { read, ended } = world.replica();
    const cookie = world.cookie();
    world.cognito.fails = 'invalid_grant';
    await world.clock.advance(minutes(10));
    await read(cookie);
    await world.clock.advance(5000);
    assert.equal((await read(cookie)).reason, 'session_ended');
    assert.ok(ended.has(sid));
  });

  it('a token of somebody else ends it too', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie({ identity: identity({ subject: 'somebody-else' }) });
    await world.clock.advance(minutes(10));
    await read(cookie);
    await world.clock.advance(5000);
    assert.equal((await read(cookie)).reason, 'session_ended');
  });

  it('a refresh never makes a sign-in younger: auth_time stays', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie();
    await world.clock.advance(minutes(10));
    await read(cookie);
    await world.clock.advance(1000);
    const [session] = (await read(cookie)).live;
    assert.equal(session?.checkedAt, noon + 600);
    assert.equal(session?.identity.authTime, noon - 60);
  });

  it('an older sign-in’s refresh that ends after a new sign-in neither brings it back nor ends the new one', async () => {
    for (const fails of [undefined, 'invalid_grant'] as const) {
      const world = freshWorld();
      const { read, freshness, ended } = world.replica();
      const old = world.cookie();
      await world.clock.advance(minutes(10));
      Object.assign(world.cognito, { delay: 5000, fails });
      await read(old);
      await world.clock.advance(1000);
      const young = world.cookie({ checkedAt: noon + 601, identity: identity({ authTime: noon + 601 }) });
      assert.equal((await read(young)).live[0]?.identity.authTime, noon + 601);
      await world.clock.advance(10_000);
      assert.equal((await read(young)).live[0]?.identity.authTime, noon + 601, String(fails));
      assert.equal(ended.has(sid), false);
      assert.equal(
        freshness.newest(sid, state({ identity: identity({ authTime: noon + 601 }) })).identity.authTime,
        noon + 601,
      );
    }
  });
});

describe('a replica whose clock was a day ahead for a while', () => {
  const day = 86_400;
  const ahead = { checkedAt: noon + day, tokensExpireAt: noon + 3600 };

  it('S2 what it has read then is read again, and doesn’t stand before what is read after it', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie(ahead);
    assert.equal((await read(cookie)).live.length, 1);
    await world.clock.advance(1000);
    assert.deepEqual([world.cognito.asked.length, (await read(cookie)).live[0]?.checkedAt], [1, noon]);
    await world.clock.advance(minutes(70));
    const { live } = await settled(world, read(cookie));
    assert.equal(live.length, 1);
    assert.ok((live[0]?.checkedAt ?? 0) > noon + 3600);
  });
});

describe('renewal', () => {
  it('goes by the tokens in the cookie: what this replica knows is lost with it', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie();
    await world.clock.advance(minutes(29));
    await read(cookie);
    await world.clock.advance(minutes(1) - 1000);
    const renews = async (): Promise<boolean> =>
      (await read(cookie)).live.some((one) => shouldRenew(one, world.clock.now()));
    assert.equal((await read(cookie)).live[0]?.checkedAt, noon + 29 * 60);
    assert.equal(await renews(), false);
    await world.clock.advance(1000);
    assert.equal(await renews(), true);
  });
});

describe('past the end of the tokens', () => {
  it('S21 one refresh for all that wait, and its groups decide', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie();
    world.cognito.groups = [];
    await world.clock.advance(minutes(60));
    const reads = Array.from({ length: 50 }, async () => read(cookie));
    await world.clock.advance(500);
    for (const one of await Promise.all(reads)) assert.deepEqual([one.live.length, groupsOf(one)], [1, []]);
    assert.equal(world.cognito.asked.length, 1);
  });

  it('S11 waits two seconds, is refused then, and the refresh serves the next one', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie();
    world.cognito.delay = 6000;
    await world.clock.advance(minutes(60));
    const first = read(cookie);
    let done = false;
    void Promise.resolve(first).then(() => (done = true));
    await world.clock.advance(1999);
    assert.equal(done, false);
    await world.clock.advance(1);
    assert.equal((await first).reason, 'session_stale');
    await world.clock.advance(4000);
    assert.equal((await read(cookie)).live.length, 1);
    assert.equal(world.cognito.asked.length, 1);
  });

  for (const code of ['throttled', 'unavailable', 'timeout'] as const) {
    it(`S13 ${code}: claims serve until exp + grace, and not a second longer`, async () => {
      const world = freshWorld();
      const { read } = world.replica();
      const cookie = world.cookie();
      world.cognito.fails = code;
      await world.clock.advance(minutes(60));
      assert.equal((await settled(world, read(cookie))).live.length, 1);
      await world.clock.advance(minutes(60) - 2000 - 1000);
      assert.equal((await settled(world, read(cookie), 900)).live.length, 1);
      await world.clock.advance(100);
      assert.equal((await settled(world, read(cookie))).reason, 'session_stale');
      world.cognito.fails = undefined;
      await world.clock.advance(31_000);
      assert.equal((await settled(world, read(cookie))).live.length, 1);
    });
  }

  it('S13 who was held back by the pause keeps the grace until the slow answer after it', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const [one, another] = [world.cookie(), world.cookie({ sid: 'another' })];
    await world.clock.advance(minutes(60));
    world.cognito.fails = 'unavailable';
    // The third failure's pause lasts a second.
    for (const milliseconds of [1100, 1100, 300]) await settled(world, read(one), milliseconds);
    assert.equal((await settled(world, read(another), 10)).live.length, 1);
    Object.assign(world.cognito, { fails: undefined, delay: 6000 });
    await world.clock.advance(2000);
    await settled(world, read(one), 7000);
    assert.equal((await settled(world, read(another), 2000)).live.length, 1);
    assert.equal((await settled(world, read(another), 5000)).live.length, 1);
  });

  it('S21 no grace while Cognito is merely slow, nor for an answer that is no outage', async () => {
    for (const changes of [{ delay: 60_000 }, { fails: 'bad_token' }, { fails: 'misconfigured' }] as const) {
      const world = freshWorld();
      const { read } = world.replica();
      const cookie = world.cookie();
      Object.assign(world.cognito, changes);
      await world.clock.advance(minutes(60));
      for (let request = 0; request < 3; request += 1) {
        assert.equal((await settled(world, read(cookie), 3000)).reason, 'session_stale');
      }
    }
  });

  it('without a refresh token: refused at once', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie({ refreshToken: undefined });
    await world.clock.advance(minutes(60));
    assert.equal((await read(cookie)).reason, 'session_stale');
    assert.deepEqual(world.cognito.asked, []);
  });

  it('idle and lifetime end it all the same', async () => {
    const world = freshWorld();
    const { read } = world.replica();
    const cookie = world.cookie();
    await world.clock.advance(minutes(121));
    assert.equal((await read(cookie)).reason, 'session_ended');
    assert.deepEqual(world.cognito.asked, []);
  });
});

describe('what was never judged', () => {
  it('S22 is read at once, by one refresh, and not again for the same doubt', async () => {
    const world = freshWorld();
    const { read, sessions } = world.replica();
    const trimmed = identity({ groups: { names: new Set(['staff']), judged: new Set(['staff']) } });
    const cookie = world.cookie({ identity: trimmed });
    const before = await read(cookie);
    const all = Promise.all(Array.from({ length: 20 }, async () => sessions.reread(before.live, [pool])));
    await world.clock.advance(100);
    await all;
    assert.equal(world.cognito.asked.length, 1);
    const after = await read(cookie);
    assert.equal(after.live[0]?.identity.groups.judged, undefined);
    assert.equal(sessions.reread(after.live, [pool]), undefined);
  });

  it('S22 a claim that was not asked for when this replica read last is asked for now', async () => {
    const world = freshWorld();
    const { read, sessions } = world.replica();
    const cookie = world.cookie();
    await world.clock.advance(minutes(10));
    await read(cookie);
    await world.clock.advance(10_000);
    const { live } = await read(cookie);
    assert.equal(live[0]?.checkedAt, noon + 600);
    const asking = sessions.reread(live, [pool]);
    await world.clock.advance(1000);
    await asking;
    assert.equal(world.cognito.asked.length, 2);
  });

  it('S15 a revocation of everybody in a group waits for the groups; where they stay unknown nobody passes', async () => {
    const world = freshWorld();
    const answers = { revoked: 'unknown' as 'unknown' | 'no' | 'yes' };
    const { read } = world.replica({ revoked: () => answers.revoked });
    const cookie = world.cookie();
    assert.equal((await settled(world, read(cookie))).reason, 'session_stale');
    assert.equal(world.cognito.asked.length, 1);
    answers.revoked = 'yes';
    assert.equal((await read(cookie)).reason, 'session_revoked');
    answers.revoked = 'no';
    assert.equal((await read(cookie)).live.length, 1);
  });
});

describe('pools that rotate refresh tokens, without a store', () => {
  it('S24 two replicas: one refresh finds it out, nobody is refreshed after it, nobody is ended', async () => {
    const world = freshWorld();
    world.cognito.rotates = true;
    const [one, other] = [world.replica(), world.replica()];
    const cookies = ['a', 'b', 'c'].map((name) => world.cookie({ sid: name }));
    await world.clock.advance(minutes(10));
    for (const cookie of cookies) await one.read(cookie);
    await world.clock.advance(1000);
    assert.equal(world.cognito.asked.length, 1);
    assert.deepEqual([...one.freshness.rotating()], [pool.id]);
    // The other has used the same token before it was told.
    world.cognito.fails = 'invalid_grant';
    await other.read(cookies[0] ?? '');
    await world.clock.advance(1000);
    other.freshness.noteRotating(pool.id);
    await world.clock.advance(minutes(5));
    for (const { read, ended } of [one, other]) {
      for (const cookie of cookies) assert.equal((await read(cookie)).live.length, 1);
      assert.equal(ended.size, 0);
    }
    assert.equal(world.cognito.asked.length, 2);
  });

  it('S24 after a restart of everything nobody knows that they do: a token that was replaced since ends nobody', async () => {
    const world = freshWorld();
    const { read, ended } = world.replica();
    const cookie = world.cookie({ rotates: true });
    world.cognito.fails = 'invalid_grant';
    await world.clock.advance(minutes(10));
    await read(cookie);
    await world.clock.advance(10_000);
    assert.equal(world.cognito.asked.length, 1);
    assert.equal(ended.size, 0);
    assert.equal((await read(cookie)).live.length, 1);
    await world.clock.advance(minutes(50));
    assert.equal((await settled(world, read(cookie), 5000)).reason, 'session_stale');
    assert.equal(ended.size, 0);
  });

  it('past their end the sign-in host renews: it may refresh, a decision may not', async () => {
    const world = freshWorld();
    const { read, freshness } = world.replica();
    freshness.noteRotating(pool.id);
    const cookie = world.cookie();
    await world.clock.advance(minutes(60));
    assert.equal((await read(cookie)).reason, 'session_stale');
    world.cognito.rotates = true;
    const asking = freshness.refresh(sid, pool, state(), 'person');
    await world.clock.advance(100);
    const answer = await asking;
    assert.equal(answer.kind === 'fresh' && answer.state.refreshToken?.reveal(), 'first+');
    assert.equal((await read(cookie)).live.length, 1);
  });
});

describe('one person with very many sign-ins', () => {
  it('S11 S2 who asks for all of them again and again keeps nobody else from being read', async () => {
    const world = freshWorld();
    const { freshness, outcomes } = world.replica({ perSecond: 30 });
    const old = { checkedAt: noon - 1200 };
    const flood = (): void => {
      for (let index = 0; index < 1500; index += 1) {
        void freshness.refresh(`mallory-${index}`, pool, stateOf('mallory', old), 'person');
        freshness.background(`mallory-${index}`, pool, stateOf('mallory', old));
      }
    };
    flood();
    const waiting = freshness.refresh('ada', pool, stateOf('ada', { tokensExpireAt: noon - 1 }), 'waiting');
    for (let round = 0; round < 20; round += 1) {
      await world.clock.advance(100);
      flood();
      freshness.background('bob', pool, stateOf('bob', old));
    }
    assert.equal((await waiting).kind, 'fresh');
    assert.ok(freshness.newest('bob', stateOf('bob', old)).checkedAt >= noon);
    assert.ok(outcomes.includes('limited'));
  });
});

describe('one person whose refreshes fail, for reasons of their own', () => {
  for (const code of ['misconfigured', 'unavailable', 'timeout'] as const) {
    it(`S13 ${code}: who asks for it all the time keeps nobody else from being read`, async () => {
      const world = freshWorld();
      const { freshness } = world.replica();
      world.cognito.failsFor = { subject: 'mallory', code };
      const over = { tokensExpireAt: noon - 1 };
      const answers: string[] = [];
      for (let step = 0; step < 1000; step += 1) {
        void freshness.refresh('mallory', pool, stateOf('mallory', over), 'waiting');
        if (step % 50 === 25) {
          const asking = freshness.refresh(`ada-${step}`, pool, stateOf(`ada-${step}`, over), 'waiting');
          void asking.then(({ kind }) => answers.push(kind));
        }
        await world.clock.advance(20);
      }
      await world.clock.advance(2000);
      assert.deepEqual([answers.length, new Set(answers.slice(-15))], [20, new Set(['fresh'])], answers.join());
    });
  }
});

describe('a cold start of everything', () => {
  it('2,000 people, five apps each: at most refreshesPerSecond, one refresh for each, nobody waits', async () => {
    const world = freshWorld();
    const perSecond = 30;
    const replica = world.replica({ perSecond });
    const people = Array.from({ length: 2000 }, (_, index) => `sid-${index}`);
    const stale = new Map(people.map((one) => [one, stateOf(one, { checkedAt: noon - 1200 })]));
    for (let app = 0; app < 5; app += 1) {
      for (const [one, known] of stale) replica.freshness.background(one, pool, known);
    }
    let before = world.cognito.asked.length;
    for (let second = 0; second < 80; second += 1) {
      await world.clock.advance(999);
      assert.ok(world.cognito.asked.length - before <= perSecond, `second ${second}`);
      before = world.cognito.asked.length;
      await world.clock.advance(1);
      for (const [one, known] of stale) {
        replica.freshness.background(one, pool, replica.freshness.newest(one, known));
      }
    }
    assert.equal(world.cognito.asked.length, 2000);
  });

  it('who waits goes before who doesn’t', async () => {
    const world = freshWorld();
    const { freshness } = world.replica({ perSecond: 10 });
    freshness.background('first', pool, state({ checkedAt: noon - 1200 }));
    await world.clock.advance(500);
    for (let index = 0; index < 500; index += 1) {
      freshness.background(`sid-${index}`, pool, state({ checkedAt: noon - 1200 }));
    }
    const waiting = freshness.refresh('urgent', pool, state({ refreshToken: refreshToken() }), 'waiting');
    await world.clock.advance(1500);
    assert.equal((await waiting).kind, 'fresh');
  });
});
