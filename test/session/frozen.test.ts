import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  attemptCookieName,
  browserCookieName,
  loopCookieName,
  returnCookieName,
  sessionCookieName,
  signInCookieName,
  stateCookieName,
} from '../../src/session/names.ts';
import type { SealKind } from '../../src/session/seal.ts';
import { freeze, type Frozen, sealerOf } from './frozen/frozen-file.ts';
import { frozenPool, frozenRoute } from './frozen/make-samples.ts';
import { openSample } from './frozen/open-sample.ts';
import { read000, type Read } from './frozen/reader-0.0.0.ts';
import { read001 } from './frozen/reader-0.0.1.ts';

/** Which reader stands for a version: that of the last version that changed how it reads. */
const readers: Readonly<Record<string, Read>> = { '0.0.0': read000, '0.0.1': read001 };

/**
 * What a version could not do, and can't be handed: it must refuse it, and not take it for something else. A replica
 * that is about to go then shows "continue", or makes another browser id; nobody is signed out by it.
 */
const refusedBy: Readonly<Record<string, readonly string[]>> = {
  '0.0.0': [
    'authorize, a fresher sign-in',
    'cognito, a fresher sign-in',
    'grant, a fresher sign-in',
    'browser, with pools of several refresh tokens',
  ],
};

const folder = new URL('frozen/', import.meta.url);
const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
const all = await Promise.all(
  names.map(async (name) => JSON.parse(await readFile(new URL(name, folder), 'utf8')) as Frozen),
);
const today = freeze('today');

/** Everything that `before` says is said by `after` too, which may say more. */
function assertKept(before: unknown, after: unknown, at: string): void {
  if (typeof before !== 'object' || before === null || Array.isArray(before)) {
    assert.deepEqual(after, before, at);
    return;
  }
  assert.ok(typeof after === 'object' && after !== null, `${at} is gone`);
  for (const [key, value] of Object.entries(before)) {
    assertKept(value, (after as Record<string, unknown>)[key], `${at}.${key}`);
  }
}

for (const frozen of all) {
  const read = readers[frozen.version];
  assert.ok(read !== undefined, `a reader for version ${frozen.version} is missing`);

  describe(`sealed things of version ${frozen.version}`, () => {
    const sealer = sealerOf(frozen);

    for (const sample of frozen.samples) {
      const title = `${sample.kind}, ${sample.title}`;
      it(`this version reads it the same: ${title}`, () => {
        const now = openSample(sample, sealer, frozen.now);
        assert.notEqual(now, undefined, 'it does not open');
        assertKept(sample.content, now, sample.kind);
      });

      it(`the frozen reader reads what that version read: ${title}`, () => {
        assert.deepEqual(read(sample.kind, sample.text, frozen.ring), sample.content);
      });
    }

    const kinds = new Set(frozen.samples.map(({ kind }) => kind));
    for (const sample of today.samples.filter(({ kind }) => kinds.has(kind))) {
      const title = `${sample.kind}, ${sample.title}`;
      if (refusedBy[frozen.version]?.includes(title) === true) {
        it(`that version refuses what it can't know: ${title}`, () => {
          assert.throws(() => read(sample.kind, sample.text, today.ring));
        });
        continue;
      }
      it(`that version reads what this one seals: ${title}`, () => {
        assertKept(read(sample.kind, sample.text, today.ring), sample.content, sample.kind);
      });
    }

    it('no kind of that version is gone', () => {
      const now = new Set(today.samples.map(({ kind }) => kind));
      assert.deepEqual(
        [...kinds].filter((kind) => !now.has(kind)),
        [],
      );
    });
  });
}

describe('what is sealed', () => {
  it('has a sample of each kind', () => {
    // The compiler asks for a new kind here, and this test for its sample.
    const every: Readonly<Record<SealKind, true>> = {
      session: true,
      signin: true,
      attempt: true,
      authorize: true,
      cognito: true,
      grant: true,
      signout: true,
      return: true,
      browser: true,
      loop: true,
      handle: true,
      signinhandle: true,
      granthandle: true,
      record: true,
    };
    assert.deepEqual(new Set(today.samples.map(({ kind }) => kind)), new Set(Object.keys(every)));
  });

  it('is looked for under the names that it always had: another name would sign everybody out', () => {
    const part = frozenPool.slice(0, 8);
    const fixed = [browserCookieName, returnCookieName, loopCookieName(frozenRoute)];
    assert.deepEqual(
      [
        sessionCookieName(frozenPool),
        signInCookieName(frozenPool),
        attemptCookieName('x'),
        stateCookieName('x'),
        ...fixed,
      ],
      [
        `__Host-cg-${part}`,
        `__Host-cgs-${part}`,
        '__Host-cga-x',
        '__Host-cgc-x',
        '__Host-cgb',
        '__Host-cgr',
        '__Host-cgl-01234567',
      ],
    );
  });
});

describe('what a newer version seals', () => {
  it('fields that this version does not know change nothing', () => {
    const sealer = sealerOf(today);
    for (const sample of today.samples) {
      const newer = { ...sample, text: withMore(sample.kind, sample.text) };
      assert.deepEqual(openSample(newer, sealer, today.now), sample.content, sample.kind);
    }

    function withMore(kind: Frozen['samples'][number]['kind'], text: string): string {
      const at = text.indexOf('=') + 1;
      const tilde = text.indexOf('~');
      const end = tilde === -1 ? text.length : tilde;
      const opened = sealer.open(kind, text.slice(at, end));
      assert.ok(opened !== undefined, kind);
      const framed = ['session', 'signin', 'grant', 'record'].includes(kind);
      const more = framed ? frameWithMore(opened.plaintext) : listWithMore(kind, opened.plaintext);
      return text.slice(0, at) + sealer.seal(kind, opened, more) + text.slice(end);
    }
  });
});

function frameWithMore(plaintext: Uint8Array): Uint8Array {
  const bytes = Buffer.from(plaintext);
  const end = 2 + bytes.readUInt16BE(0);
  const fields = JSON.parse(inflateRawSync(bytes.subarray(2, end)).toString()) as object;
  const packed = deflateRawSync(JSON.stringify({ ...fields, newer: { than: ['this'] } }));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(packed.length);
  return Buffer.concat([length, packed, bytes.subarray(end)]);
}

/** Lists whose last entries may be missing: the next version fills them with null before it adds one. */
const fullLength: Readonly<Record<string, number>> = { authorize: 7, cognito: 3, signout: 7, return: 7 };

/** At the end of a list, where the next version adds, or among the fields of an object. A browser id has no room for more. */
function listWithMore(kind: string, plaintext: Uint8Array): Uint8Array {
  const value = JSON.parse(inflateRawSync(plaintext).toString()) as unknown;
  if (kind === 'browser') {
    return plaintext;
  }
  if (!Array.isArray(value)) {
    return deflateRawSync(JSON.stringify({ ...(value as object), newer: { than: ['this'] } }));
  }
  const list = value as unknown[];
  const missing = Array.from({ length: Math.max(0, (fullLength[kind] ?? 0) - list.length) }, () => null);
  return deflateRawSync(JSON.stringify([...list, ...missing, 'x', { newer: 1 }]));
}
