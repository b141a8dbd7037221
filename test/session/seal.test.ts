import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { limits } from '../../src/session/limits.ts';
import { createSealer, plaintextRoom, sealedLength, type SealKind } from '../../src/session/seal.ts';
import { encodeScope, lengthPrefixed } from '../../src/session/scope.ts';
import { host, noon, poolId, ringOf, sealerWith } from './samples.ts';

const ring = ringOf('k1');
const sealer = sealerWith(() => ring);
const scope = { pool: poolId, host };
const message = Buffer.from('what is sealed');
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/%;\u0000 ';

describe('seal', () => {
  it('opens what it sealed, with pool and host', () => {
    const opened = sealer.open('session', sealer.seal('session', scope, message));
    assert.deepEqual(
      { ...opened, plaintext: Buffer.from(opened?.plaintext ?? []).toString() },
      { ...scope, plaintext: 'what is sealed' },
    );
  });

  it('is text that a cookie and a URL carry as it is, and never the same twice', () => {
    const texts = [1, 2, 3].map(() => sealer.seal('session', scope, message));
    assert.equal(new Set(texts).size, 3);
    for (const text of texts) {
      assert.match(text, /^[A-Za-z0-9._-]+$/u);
    }
  });

  it('opens as the kind it was sealed as, and no other', () => {
    const text = sealer.seal('grant', scope, message);
    const others: readonly SealKind[] = [
      'session',
      'signin',
      'attempt',
      'authorize',
      'cognito',
      'signout',
      'return',
      'browser',
      'loop',
    ];
    assert.deepEqual(
      others.filter((kind) => sealer.open(kind, text) !== undefined),
      [],
    );
  });

  it('T11.1 opens no text that was cut, at any length', () => {
    const text = sealer.seal('session', scope, message);
    for (let length = 0; length < text.length; length += 1) {
      assert.equal(sealer.open('session', text.slice(0, length)), undefined);
      assert.equal(sealer.open('session', text.slice(text.length - length)), undefined);
    }
  });

  it('T11.2 T11.3 T11.6 T23.4 opens nothing with one character changed, put in or left out, anywhere', () => {
    const text = sealer.seal('session', scope, message);
    for (let at = 0; at < text.length; at += 1) {
      for (const character of alphabet) {
        if (text[at] !== character) {
          assert.equal(
            sealer.open('session', text.slice(0, at) + character + text.slice(at + 1)),
            undefined,
            `changed at ${at}`,
          );
        }
        assert.equal(
          sealer.open('session', text.slice(0, at) + character + text.slice(at)),
          undefined,
          `put in at ${at}`,
        );
      }
      assert.equal(sealer.open('session', text.slice(0, at) + text.slice(at + 1)), undefined, `left out at ${at}`);
    }
  });

  it('T23.4 opens nothing with one bit flipped in the bytes', () => {
    const [head = '', clear = '', body = ''] = sealer.seal('session', scope, message).split('.');
    const flipped = (part: string, bit: number): string => {
      const bytes = Buffer.from(part, 'base64url');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return bytes.toString('base64url');
    };
    for (let bit = 0; bit < Buffer.from(body, 'base64url').length * 8; bit += 1) {
      assert.equal(sealer.open('session', `${head}.${clear}.${flipped(body, bit)}`), undefined);
    }
    for (let bit = 0; bit < Buffer.from(clear, 'base64url').length * 8; bit += 1) {
      assert.equal(sealer.open('session', `${head}.${flipped(clear, bit)}.${body}`), undefined);
    }
  });

  it('T11.5 looks at nothing that is too long', () => {
    let asked = 0;
    const counting = createSealer({ ring: () => ((asked += 1), ring), now: () => noon, random: randomBytes });
    assert.equal(counting.open('session', `1k1.AA.${'A'.repeat(65_536)}`), undefined);
    assert.equal(asked, 0);
  });

  it('T24.4 moves no byte between version, kind, key id, pool and host', () => {
    const pair = (a: string, b: string): Buffer => lengthPrefixed([Buffer.from(a), Buffer.from(b)]);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
        assert.equal(
          pair(a, b).equals(pair(c, d)),
          Buffer.from(a).equals(Buffer.from(c)) && Buffer.from(b).equals(Buffer.from(d)),
        );
      }),
    );
    assert.notDeepEqual(encodeScope({ pool: 'ab', host: 'c' }), encodeScope({ pool: 'a', host: 'bc' }));
    assert.notDeepEqual(encodeScope({ pool: poolId, host: '' }), encodeScope({ pool: '', host: poolId }));
    const [head, , body] = sealer.seal('session', { pool: 'ab', host: 'c.example' }, message).split('.');
    const moved = encodeScope({ pool: 'a', host: 'bc.example' }).toString('base64url');
    assert.equal(sealer.open('session', `${head}.${moved}.${body}`), undefined);
  });

  it('keeps any pool, host and content (property)', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 30 }),
        fc.domain(),
        fc.uint8Array({ maxLength: 2000 }),
        (pool, name, content) => {
          const opened = sealer.open('grant', sealer.seal('grant', { pool, host: name }, content));
          assert.ok(opened !== undefined && Buffer.from(content).equals(opened.plaintext));
          assert.equal(opened.host, name);
          assert.equal(opened.pool, Buffer.from(pool).toString());
        },
      ),
    );
  });

  it('never opens what somebody made up (property)', () => {
    const made = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc
        .tuple(fc.base64String({ maxLength: 80 }), fc.base64String({ maxLength: 400 }))
        .map(([a, b]) => `1k1.${a}.${b}`),
      fc
        .tuple(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ minLength: 28, maxLength: 300 }))
        .map(([a, b]) => `1k1.${Buffer.from(a).toString('base64url')}.${Buffer.from(b).toString('base64url')}`),
    );
    fc.assert(
      fc.property(made, (text) => sealer.open('session', text) === undefined),
      { numRuns: 500 },
    );
  });

  it('asks for another reading of the ring when a text names a key that is not there, and only then', () => {
    let asked = 0;
    const one = createSealer({
      ring: () => ring,
      now: () => noon,
      random: randomBytes,
      onUnknownKey: () => (asked += 1),
    });
    const foreign = sealerWith(() => ringOf('other')).seal('session', scope, message);
    assert.equal(one.open('session', foreign), undefined);
    assert.equal(asked, 1);
    assert.equal(one.open('session', 'nonsense'), undefined);
    assert.equal(one.open('session', sealerWith(() => ringOf('k1')).seal('session', scope, message)), undefined);
    assert.equal(asked, 1);
  });

  it('S9 S26 a new key opens at once and seals after two minutes; a dropped one opens nothing', () => {
    const rotated = ringOf('k1', 'k2');
    const before = sealerWith(
      () => rotated,
      () => noon - 1000,
    ).seal('session', scope, message);
    const after = sealerWith(
      () => rotated,
      () => noon,
    ).seal('session', scope, message);
    assert.ok(before.startsWith('1k1.') && after.startsWith('1k2.'));
    const early = sealerWith(
      () => rotated,
      () => noon - 1000,
    );
    assert.ok(early.open('session', after) !== undefined && early.open('session', before) !== undefined);
    assert.equal(sealerWith(() => ringOf('k2')).open('session', before), undefined);
  });

  it('tells its length and its room beforehand', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2500 }), (bytes) => {
        const longest = sealerWith(() => ringOf('k'.repeat(16))).seal('session', scope, Buffer.alloc(bytes));
        assert.equal(longest.length, sealedLength(scope, bytes));
      }),
      { numRuns: 50 },
    );
    for (const characters of [300, 301, 302, 303, limits.sealedSession]) {
      const room = plaintextRoom(scope, characters);
      assert.ok(
        sealedLength(scope, room) <= characters && sealedLength(scope, room + 1) > characters,
        String(characters),
      );
    }
  });
});
