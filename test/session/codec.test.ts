import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';

import fc from 'fast-check';

import { Secret } from '../../src/model/secret.ts';
import type { Session } from '../../src/model/session.ts';
import { decodeSession, decodeSignIn, encodeSession, encodeSignIn } from '../../src/session/codec.ts';
import { unpack } from '../../src/session/packing.ts';
import { packToken, unpackToken } from '../../src/session/token-packing.ts';
import { host, poolId, refreshToken, session, signIn } from './samples.ts';

const nothing = new Uint8Array();
const scope = { pool: poolId, host };
const text = fc.string({ unit: 'binary', maxLength: 30 });
const maybe = fc.option(text, { nil: undefined });
const when = fc.nat({ max: 4_000_000_000 });
const names = fc.uniqueArray(text, { maxLength: 20 });

const sessions: fc.Arbitrary<Session> = fc
  .record({ sid: text, startedAt: when, signInStartedAt: when, sealedAt: when, checkedAt: when, tokensExpireAt: when })
  .chain((times) =>
    fc
      .record({
        subject: text,
        username: text,
        preferredUsername: maybe,
        name: maybe,
        email: maybe,
        emailTrusted: fc.boolean(),
        authTime: when,
      })
      .chain((who) =>
        fc
          .tuple(names, fc.option(names, { nil: undefined }), fc.array(fc.tuple(text, names), { maxLength: 5 }), maybe)
          .map(([groups, judged, claims, token]) => ({
            ...times,
            pool: poolId,
            host,
            refreshToken: token === undefined ? undefined : new Secret(token),
            identity: {
              ...who,
              kind: 'person' as const,
              pool: poolId,
              groups: {
                names: new Set(groups),
                judged: judged === undefined ? undefined : new Set([...groups, ...judged]),
              },
              claims: new Map(claims),
            },
          })),
      ),
  );

const plain = (value: { readonly refreshToken: Secret | undefined }): unknown => ({
  ...value,
  refreshToken: value.refreshToken?.reveal(),
});

describe('codec', () => {
  it('gives back every session (property)', () => {
    fc.assert(
      fc.property(sessions, (one) => {
        const decoded = decodeSession(encodeSession(one) ?? nothing, scope);
        assert.ok(decoded !== undefined);
        assert.deepEqual(plain(decoded.session), plain(one));
      }),
    );
  });

  it('gives back a sign-in, and what travels beside a session', () => {
    const one = signIn();
    assert.deepEqual(plain(decodeSignIn(encodeSignIn(one) ?? nothing, scope) ?? one), plain(one));
    assert.deepEqual(decodeSession(encodeSession(session(), { route: 'r', n: [1] }) ?? nothing, scope)?.extra, {
      route: 'r',
      n: [1],
    });
  });

  it('packs a refresh token of Cognito to three quarters, and keeps any other as it is (property)', () => {
    const jwe = refreshToken().reveal();
    assert.ok(packToken(jwe).length < jwe.length * 0.78);
    assert.equal(unpackToken(packToken(jwe)), jwe);
    const tokens = fc.oneof(
      fc.string(),
      fc.array(fc.base64String(), { minLength: 5, maxLength: 5 }).map((parts) => parts.join('.')),
    );
    fc.assert(fc.property(tokens, (token) => unpackToken(packToken(token)) === token));
  });

  it('reads nothing from bytes of another form, and never throws (property)', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodeSession(bytes, scope) === undefined));
    assert.equal(decodeSignIn(encodeSession({ ...session(), startedAt: Number.NaN }) ?? nothing, scope), undefined);
  });

  it('T22.2 unpacks no more than it was told', () => {
    const bomb = deflateRawSync(Buffer.from(JSON.stringify('a'.repeat(10_000_000))));
    assert.equal(unpack(bomb, 65_536), undefined);
  });
});
