import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Session } from '../../src/model/session.ts';
import { Secret } from '../../src/model/secret.ts';
import { encodeSession } from '../../src/session/codec.ts';
import {
  cookiePair,
  groupNames,
  host,
  identity,
  noon,
  nobodyNamed,
  pool,
  poolId,
  ringOf,
  route,
  sealerWith,
  session,
  signIn,
  refreshToken,
} from './samples.ts';
import { quiet } from './quiet.ts';
import { createEndedSids } from '../../src/session/ended-sids.ts';
import { fit, TooLargeToSeal, type NamedInPolicies } from '../../src/session/fitting.ts';
import { openGrant, sealGrant } from '../../src/session/grants.ts';
import { createSessions, type SealedCookie } from '../../src/session/sessions.ts';
import { createSignIns } from '../../src/session/sign-ins.ts';
import { createCookieStore } from '../../src/session/state-store.ts';

const ring = ringOf('k1');
const sealer = sealerWith(() => ring);
const now = (): number => noon;
const store = createCookieStore();
const ended = createEndedSids(now);
const sessions = createSessions({ sealer, now, ...quiet(ended) });
const signIns = createSignIns({ sealer, store, now, ended });

const named = (groups: Iterable<string>, claims: Iterable<string> = ['custom:team']): NamedInPolicies => ({
  groups: new Set(groups),
  claims: new Set(claims),
});

async function sealedAndRead(
  one: Session,
  who: NamedInPolicies,
): Promise<{ readonly sealed: SealedCookie; readonly back: Session; readonly length: number }> {
  const sealed = sessions.seal(one, who);
  const pair = cookiePair(sealed.cookie);
  const [back] = (await sessions.read(pair, route, [pool])).live;
  assert.ok(back !== undefined);
  return { sealed, back, length: pair.length - pair.indexOf('=') - 1 };
}

const inGroups = (names: Iterable<string>): Session =>
  session({ identity: identity({ groups: { names: new Set(names), judged: undefined } }) });

describe('fitting a session into its cookie', () => {
  it('keeps everything of a usual session, refresh token included', async () => {
    const one = session();
    const { sealed, back, length } = await sealedAndRead(one, named([]));
    assert.deepEqual([sealed.trimmed, sealed.refreshTokenDropped], [false, false]);
    assert.deepEqual(back.identity, one.identity);
    assert.equal(back.refreshToken?.reveal(), one.refreshToken?.reveal());
    assert.ok(length <= 2800);
  });

  it('S4 S5 S22 fits 300 groups of 25 characters: the named ones are judged, the others unknown, the refresh token stays', async () => {
    const groups = groupNames(300);
    const policies = named([...groups.slice(0, 5), 'suspended', 'admins']);
    const { sealed, back, length } = await sealedAndRead(inGroups(groups), policies);
    assert.ok(length <= 2800);
    assert.deepEqual([sealed.trimmed, sealed.refreshTokenDropped], [true, false]);
    assert.deepEqual(back.identity.groups.names, new Set(groups.slice(0, 5)));
    assert.deepEqual(back.identity.groups.judged, policies.groups);
    assert.equal(back.identity.groups.judged?.has(groups[7] ?? ''), false);
  });

  it('drops the refresh token when the named groups need its place', async () => {
    const groups = groupNames(300);
    const policies = named(groups.slice(0, 80));
    const { sealed, back } = await sealedAndRead(inGroups(groups), policies);
    assert.deepEqual([sealed.trimmed, sealed.refreshTokenDropped], [true, true]);
    assert.deepEqual(back.identity.groups.names, policies.groups);
    assert.equal(back.refreshToken, undefined);
  });

  it('S22 judges fewer names when not even those fit, held groups first; never one wrongly', async () => {
    const held = groupNames(300);
    const foreign = groupNames(600, 'other');
    const { sealed, back, length } = await sealedAndRead(inGroups(held), named([...foreign, ...held.slice(0, 40)]));
    const { names, judged } = back.identity.groups;
    assert.ok(length <= 2800 && sealed.trimmed);
    assert.deepEqual(names, new Set(held.slice(0, 40)));
    assert.ok(judged !== undefined && judged.size > 60 && judged.size < 300);
    for (const name of judged) {
      assert.equal(names.has(name), held.includes(name), 'a judged name is held or not, as it was');
    }
  });

  it('a refresh token that is too large even alone is dropped, and the groups stay whole', async () => {
    const { sealed, back } = await sealedAndRead(session({ refreshToken: refreshToken(2500) }), named([]));
    assert.deepEqual([sealed.trimmed, sealed.refreshTokenDropped], [false, true]);
    assert.equal(back.identity.groups.judged, undefined);
    assert.deepEqual(back.identity.groups.names, new Set(['admins', 'staff']));
  });

  it('S22 what was trimmed once is not judged by being sealed again under other policies', async () => {
    const groups = groupNames(300);
    const first = await sealedAndRead(inGroups(groups), named(['suspended', ...groups.slice(0, 3)]));
    const again = await sealedAndRead(first.back, named([...groups.slice(0, 9), 'suspended', 'new']));
    assert.deepEqual(again.back.identity.groups, first.back.identity.groups);
  });

  it('keeps only claims that policies name; the others are unknown', async () => {
    const claims = new Map([
      ['custom:team', ['red']],
      ['custom:other', ['x']],
    ]);
    const { back } = await sealedAndRead(session({ identity: identity({ claims }) }), named([], ['custom:team']));
    assert.deepEqual([...back.identity.claims], [['custom:team', ['red']]]);
  });

  it('reads again thousands of names that deflate to nothing', async () => {
    const alike = Array.from({ length: 8000 }, (_none, index) => `group-${String(index).padStart(5, '0')}`);
    const { back, sealed } = await sealedAndRead(
      { ...inGroups(alike), refreshToken: undefined },
      named(['group-00001']),
    );
    assert.ok(sealed.trimmed);
    assert.ok(back.identity.groups.names.has('group-00001'));
  });

  it('says so when nothing helps', () => {
    const email = `${groupNames(200).join('.')}@example.com`;
    assert.throws(() => sessions.seal(session({ identity: identity({ email }) }), nobodyNamed), TooLargeToSeal);
  });

  it('gives an encoder that fits untouched exactly what it was given', () => {
    const one = session();
    const fitted = fit({ state: one, named: named([]), encode: (state) => encodeSession(state), room: 1e6 });
    assert.deepEqual(fitted.state.identity, one.identity);
  });
});

describe('fitting grant and sign-in', () => {
  it('a grant with 300 groups and its extras has at most 2,800 characters and opens', async () => {
    const groups = groupNames(300);
    const extra = { route: 'a'.repeat(32), attempt: 'b'.repeat(43), rd: `/${'é'.repeat(100)}`, until: noon + 60 };
    const grant = sealGrant({ sealer, store }, inGroups(groups), extra, named(groups.slice(0, 4)));
    assert.ok(grant.text.length <= 2800 && grant.trimmed);
    const opened = await openGrant({ sealer, store }, grant.text, new Map());
    assert.deepEqual(opened?.extra, extra);
    assert.equal(opened?.session.host, host);
    assert.equal(await openGrant({ sealer, store }, `${grant.text.slice(0, -2)}AA`, new Map()), undefined);
  });

  it('S5 a sign-in with 300 groups stays under 3,600 bytes with its name, and keeps its refresh token', async () => {
    const groups = groupNames(300);
    const one = signIn({ identity: identity({ groups: { names: new Set(groups), judged: undefined } }) });
    const sealed = signIns.sealSignIn(one, 'auth.example.com', named(groups.slice(0, 10)));
    const pair = cookiePair(sealed.cookie);
    assert.ok(pair.length <= 3600 && sealed.trimmed && !sealed.refreshTokenDropped);
    const back = await signIns.openSignIn(pair, pool, 'auth.example.com');
    assert.equal(back?.refreshToken?.reveal(), one.refreshToken?.reveal());
    assert.equal(back?.pool, poolId);
  });

  it('a sign-in opens at its own host and pool only, until it ends', async () => {
    const pair = cookiePair(signIns.sealSignIn(signIn({ sid: 'other-sid' }), 'auth.example.com', nobodyNamed).cookie);
    assert.equal(await signIns.openSignIn(pair, pool, 'shop.example.com'), undefined);
    assert.equal(
      await signIns.openSignIn(pair, { ...pool, id: `${poolId.slice(0, 8)}${'0'.repeat(56)}` }, 'auth.example.com'),
      undefined,
    );
    const late = createSignIns({ sealer, store, now: () => noon + 43_200, ended });
    assert.equal(await late.openSignIn(pair, pool, 'auth.example.com'), undefined);
    assert.ok((await signIns.openSignIn(pair, pool, 'auth.example.com')) !== undefined);
    ended.end('other-sid', noon + 100);
    assert.equal(await signIns.openSignIn(pair, pool, 'auth.example.com'), undefined);
  });

  it('a refresh token that is no JWE comes back as it was', async () => {
    const pair = cookiePair(
      signIns.sealSignIn(signIn({ refreshToken: new Secret('opaque/+=') }), 'auth.example.com', nobodyNamed).cookie,
    );
    assert.equal((await signIns.openSignIn(pair, pool, 'auth.example.com'))?.refreshToken?.reveal(), 'opaque/+=');
  });
});
