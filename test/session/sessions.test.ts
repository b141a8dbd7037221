import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import type { Pool } from '../../src/model/pool.ts';
import type { Session } from '../../src/model/session.ts';
import { createEndedSids } from '../../src/session/ended-sids.ts';
import type { KeyRing } from '../../src/session/key-ring.ts';
import type { Limits } from '../../src/session/limits.ts';
import { sessionCookieName } from '../../src/session/names.ts';
import type { Sealer } from '../../src/session/seal.ts';
import { createSessions, shouldRenew, type Sessions } from '../../src/session/sessions.ts';
import { quiet } from './quiet.ts';
import { cookiePair, noon, nobodyNamed, pool, poolId, ringOf, route, sealerWith, session } from './samples.ts';

interface World {
  now: number;
  ring: KeyRing;
  opens: number;
  readonly sealer: Sealer;
  sessions: Sessions;
  seal(changes?: Partial<Session>): string;
  reason(cookie: string | undefined, pools?: readonly Pool[]): Promise<string | undefined>;
}

function world(limits: Partial<Limits> = {}): World {
  const clock = { now: noon - 100_000 };
  const state = { ring: ringOf('k1'), opens: 0 };
  const real = sealerWith(
    () => state.ring,
    () => clock.now,
  );
  const sealer: Sealer = { ...real, open: (kind, text) => ((state.opens += 1), real.open(kind, text)) };
  const make = (): Sessions =>
    createSessions({ sealer, now: () => clock.now, ...quiet(createEndedSids(() => clock.now)), limits });
  // Older than idle, so that its own start doesn't count.
  let sessions = make();
  clock.now = noon;
  return {
    get now() {
      return clock.now;
    },
    set now(value) {
      clock.now = value;
    },
    get ring() {
      return state.ring;
    },
    set ring(value) {
      state.ring = value;
    },
    get opens() {
      return state.opens;
    },
    set opens(value) {
      state.opens = value;
    },
    sealer,
    get sessions() {
      return sessions;
    },
    set sessions(value) {
      sessions = value;
    },
    seal: (changes = {}) => cookiePair(sessions.seal(session(changes), nobodyNamed).cookie),
    async reason(cookie, pools = [pool]) {
      const read = await sessions.read(cookie, route, pools);
      assert.equal(read.reason === undefined, read.live.length > 0);
      return read.reason;
    },
  };
}

describe('reading sessions', () => {
  it('no cookie, a foreign one, nonsense: no session', async () => {
    const w = world();
    for (const cookie of [
      undefined,
      '',
      'a=b',
      '__Host-cg-abababab=',
      '__Host-cg-abababab=nonsense',
      '__Host-cg-abababab=\u0000',
    ]) {
      assert.equal(await w.reason(cookie), 'no_session');
    }
  });

  it('S6 S7 T22.3 of another host: no session, however alike', async () => {
    const w = world();
    for (const other of [
      'app.example.com',
      'myshop.example.com',
      'shop.example.com.evil.com',
      'example.com',
      'SHOP.example.com',
      '',
    ]) {
      assert.equal(await w.reason(w.seal({ host: other })), 'no_session');
    }
    assert.equal(await w.reason(w.seal()), undefined);
  });

  it('a host that the route’s wildcard owns counts', async () => {
    const w = world();
    const wildcard = { hosts: ['*.example.com'], matchesHost: (name: string) => name === 'wiki.example.com' };
    assert.equal((await w.sessions.read(w.seal({ host: 'wiki.example.com' }), wildcard, [pool])).live.length, 1);
    assert.equal((await w.sessions.read(w.seal({ host: 'shop.example.com' }), wildcard, [pool])).live.length, 0);
  });

  it('S25 of another pool whose cookie has the same name: no session', async () => {
    const w = world();
    const other = `${poolId.slice(0, 8)}${'1'.repeat(56)}`;
    assert.equal(await w.reason(w.seal({ pool: other })), 'no_session');
    const renamed = w
      .seal({ pool: 'cd'.repeat(32) })
      .replace(sessionCookieName('cd'.repeat(32)), sessionCookieName(poolId));
    assert.equal(await w.reason(renamed), 'no_session');
  });

  it('several pools: each gives its session, in the order asked for', async () => {
    const w = world();
    const second = { ...pool, id: 'cd'.repeat(32) };
    const cookies = `${w.seal()}; ${w.seal({ pool: second.id })}`;
    const read = await w.sessions.read(cookies, route, [second, pool]);
    assert.deepEqual(
      read.live.map((one) => one.pool),
      [second.id, poolId],
    );
  });

  it('T11.4 T11.7 a name that comes twice is no session, whichever of the two is good', async () => {
    const w = world();
    const good = w.seal();
    const name = sessionCookieName(poolId);
    for (const bad of [
      `${name}=bad`,
      `${good.slice(0, -3)}AAA`,
      w.seal({ host: 'other.example.com' }),
      w.seal({ startedAt: noon - 90_000 }),
      `${name}=`,
      `${name}=${'A'.repeat(5000)}`,
      good,
    ]) {
      assert.equal(await w.reason(`${bad}; ${good}`), 'no_session');
      assert.equal(await w.reason(`${good}; ${bad}`), 'no_session');
    }
    assert.equal(await w.reason(`a=1; ${good}; ${name}x=1`), undefined);
  });

  it('T11.1 T11.2 cut, changed or doubled: never a session, never an exception (property)', async () => {
    const w = world();
    const pair = w.seal();
    const start = pair.indexOf('=') + 1;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: start, max: pair.length - 1 }),
        fc.string({ maxLength: 5 }),
        fc.boolean(),
        async (at, put, replace) => {
          const changed = pair.slice(0, at) + put + pair.slice(at + (replace ? put.length : 0));
          if (changed.trim() !== pair && !changed.startsWith(`${pair};`) && !changed.startsWith(`${pair} `)) {
            assert.equal(await w.reason(changed), 'no_session');
          }
        },
      ),
    );
  });
});

describe('the end of a session', () => {
  const cases: readonly (readonly [string, Partial<Session>, number, string | undefined])[] = [
    ['S1 lifetime, a second before', { tokensExpireAt: noon + 99_999, sealedAt: noon + 35_000 }, 35_999, undefined],
    ['S1 lifetime', { tokensExpireAt: noon + 99_999, sealedAt: noon + 35_000 }, 36_000, 'session_ended'],
    ['sign-in lifetime', { tokensExpireAt: noon + 99_999, signInStartedAt: noon - 43_000 }, 200, 'session_ended'],
    ['idle, a second before', { tokensExpireAt: noon + 99_999 }, 7199, undefined],
    ['idle', { tokensExpireAt: noon + 99_999 }, 7200, 'session_ended'],
    ['S21 past the tokens’ exp: stale', {}, 3600, 'session_stale'],
    ['a second before exp', {}, 3599, undefined],
    ['ended counts before stale', {}, 36_001, 'session_ended'],
  ];
  for (const [name, changes, after, reason] of cases) {
    it(`${name}: ${reason ?? 'live'}, also from the cache (S20)`, async () => {
      const cold = world();
      const cookie = cold.seal(changes);
      cold.now = noon + after;
      assert.equal(await cold.reason(cookie), reason);
      const warm = world();
      const other = warm.seal(changes);
      // Opened and remembered, but not this route's: it counts as no request of the sid.
      await warm.sessions.read(other, { ...route, hosts: [] }, [pool]);
      warm.now = noon + after;
      assert.equal(await warm.reason(other), reason);
    });
  }

  it('a request puts idle off, for all sessions of the sid', async () => {
    const w = world();
    const life = { tokensExpireAt: noon + 99_999 };
    const [here, there] = [w.seal(life), w.seal({ ...life, host: 'wiki.example.com' })];
    w.now = noon + 7000;
    assert.equal(await w.reason(here), undefined);
    w.now = noon + 14_000;
    assert.equal((await w.sessions.read(there, { ...route, hosts: ['wiki.example.com'] }, [pool])).live.length, 1);
    w.now = noon + 21_200;
    assert.equal(await w.reason(here), 'session_ended');
  });

  it('a replica younger than idle counts its own start', async () => {
    const w = world();
    const cookie = w.seal({ tokensExpireAt: noon + 99_999 });
    w.now = noon + 9000;
    const young = createSessions({ sealer: w.sealer, now: () => w.now, ...quiet(createEndedSids(() => w.now)) });
    assert.equal(await w.reason(cookie), 'session_ended');
    assert.equal((await young.read(cookie, route, [pool])).live.length, 1);
  });

  it('T7.4 S20 an ended sid ends all its sessions at once, cached or not', async () => {
    const w = world();
    const [cookie, other] = [w.seal(), w.seal({ sid: 'another' })];
    assert.equal(await w.reason(cookie), undefined);
    w.sessions.ended('c2lkc2lkc2lkc2lk');
    assert.equal(w.sessions.isEnded('c2lkc2lkc2lkc2lk'), true);
    assert.equal(await w.reason(cookie), 'session_ended');
    assert.equal(await w.reason(other), undefined);
  });

  it('S9 S20 a session ends when its key leaves the ring, and when another key takes the id', async () => {
    const w = world();
    const cookie = w.seal();
    const before = w.ring;
    assert.equal(await w.reason(cookie), undefined);
    w.ring = ringOf('k2');
    assert.equal(await w.reason(cookie), 'no_session');
    w.ring = ringOf('k1');
    assert.equal(await w.reason(cookie), 'no_session');
    w.ring = before;
    assert.equal(await w.reason(cookie), undefined);
  });

  it('shows stale sessions apart from live ones', async () => {
    const w = world();
    const cookie = w.seal();
    w.now = noon + 3601;
    const read = await w.sessions.read(cookie, route, [pool]);
    assert.deepEqual([read.live.length, read.stale.map((one) => one.sid)], [0, ['c2lkc2lkc2lkc2lk']]);
  });
});

describe('renewal', () => {
  it('past half of the tokens’ life, at most once in five minutes', () => {
    const one = session();
    assert.equal(shouldRenew(one, noon + 1799), false);
    assert.equal(shouldRenew(one, noon + 1800), true);
    assert.equal(shouldRenew({ ...one, sealedAt: noon + 1700 }, noon + 1999), false);
    assert.equal(shouldRenew({ ...one, sealedAt: noon + 1700 }, noon + 2000), true);
  });
});

describe('the cache of opened sessions', () => {
  it('S18 opens a cookie once', async () => {
    const w = world();
    const cookie = w.seal();
    for (let round = 0; round < 5; round += 1) {
      assert.equal(await w.reason(cookie), undefined);
    }
    assert.equal(w.opens, 1);
  });

  it('remembers what failed, apart: a flood pushes no session out', async () => {
    const w = world({ openedEntries: 3, failedEntries: 5 });
    const cookie = w.seal();
    await w.reason(cookie);
    for (let index = 0; index < 50; index += 1) {
      await w.reason(`${cookie.slice(0, -4)}${String(index).padStart(4, 'A')}`);
    }
    w.opens = 0;
    await w.reason(`${cookie.slice(0, -4)}AA49`);
    assert.equal(await w.reason(cookie), undefined);
    assert.equal(w.opens, 0);
  });

  it('a forged cookie with the end of a remembered one finds nothing, and pushes nothing out', async () => {
    const w = world();
    const cookie = w.seal();
    assert.equal(await w.reason(cookie), undefined);
    const at = cookie.length - 100;
    const forged = `${cookie.slice(0, at)}${cookie[at] === 'A' ? 'B' : 'A'}${cookie.slice(at + 1)}`;
    assert.equal(await w.reason(forged), 'no_session');
    w.opens = 0;
    assert.equal(await w.reason(forged), 'no_session');
    assert.equal(await w.reason(cookie), undefined);
    assert.equal(w.opens, 0);
  });

  it('tries a cookie of an unknown key again: the ring may be read by then', async () => {
    const w = world();
    const late = ringOf('k1', 'k9');
    const cookie = w.seal();
    const early = w.ring;
    w.ring = late;
    const newer = w.seal();
    w.ring = early;
    assert.equal(await w.reason(newer), 'no_session');
    w.ring = late;
    assert.equal(await w.reason(newer), undefined);
    assert.equal(await w.reason(cookie), 'no_session');
  });

  it('is bounded in entries', async () => {
    const w = world({ openedEntries: 2 });
    const cookies = ['a', 'b', 'c'].map((sid) => w.seal({ sid }));
    for (const cookie of cookies) {
      await w.reason(cookie);
    }
    w.opens = 0;
    await w.reason(cookies[0]);
    assert.equal(w.opens, 1);
  });
});
