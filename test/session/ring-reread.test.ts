import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { Secret } from '../../src/model/secret.ts';
import { decodeSession, encodeSession } from '../../src/session/codec.ts';
import { newKeyEntry, parseKeyRing, type KeyRing } from '../../src/session/key-ring.ts';
import { createRingReread } from '../../src/session/ring-reread.ts';
import { createSealer, type Opened } from '../../src/session/seal.ts';
import { createOpenedSessions } from '../../src/session/opened-sessions.ts';
import { limits } from '../../src/session/limits.ts';
import { noon, poolId, ringOf, sealerWith, session } from './samples.ts';

const opening = {
  kind: 'session' as const,
  read: (found: Opened) => decodeSession(found.plaintext, found)?.session,
};

describe('a text that asks for a key that is not there', () => {
  const entries = ['a', 'b'].map((id, index) => {
    return [id, new Secret(newKeyEntry(id, noon - 1000 + index, randomBytes))] as const;
  });
  const old = parseKeyRing(new Map(entries.slice(0, 1)));
  const both = parseKeyRing(new Map(entries));
  const scope = { pool: poolId, host: 'shop.example.com' };
  const text = sealerWith(() => ringOf('b')).seal('session', scope, Buffer.from('x'));

  it('has the ring read again, at most every 5 seconds', () => {
    let clock = 1000;
    let readings = 0;
    const onUnknownKey = createRingReread(
      () => (readings += 1),
      () => clock,
    );
    const sealer = createSealer({ ring: () => old, now: () => noon, random: (n) => new Uint8Array(n), onUnknownKey });
    for (let times = 0; times < 1000; times += 1) sealer.open('session', text);
    assert.equal(readings, 1);
    clock += 4999;
    sealer.open('session', text);
    assert.equal(readings, 1);
    clock += 1;
    sealer.open('session', text);
    assert.equal(readings, 2);
  });

  it('S26 opens as soon as the ring has it: that it did not is remembered nowhere', () => {
    let ring: KeyRing = old;
    const plaintext = encodeSession(session()) ?? new Uint8Array();
    const sealed = sealerWith(
      () => both,
      () => noon + 300,
    ).seal('session', scope, plaintext);
    const opened = createOpenedSessions(
      sealerWith(() => ring),
      limits,
      opening,
    );
    assert.equal(opened.open(sealed), undefined);
    ring = both;
    assert.equal(opened.open(sealed)?.sid, session().sid);
  });

  it('S9 what a removed key sealed does not open any more, remembered or not', () => {
    let ring: KeyRing = both;
    const plaintext = encodeSession(session()) ?? new Uint8Array();
    const sealed = sealerWith(() => old).seal('session', scope, plaintext);
    const opened = createOpenedSessions(
      sealerWith(() => ring),
      limits,
      opening,
    );
    assert.ok(ring.key('a') !== undefined && opened.open(sealed) !== undefined);
    ring = ringOf('b');
    assert.equal(opened.open(sealed), undefined);
  });
});
