import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { parseCookies } from '../../src/session/cookies.ts';
import { findAttempt, makeAttempt } from '../../src/sign-in/attempts.ts';
import { cookiePair, noon, ringOf, sealerWith } from '../session/samples.ts';
import { partnerPool, shopHost, staffPool, wikiHost } from './world.ts';

const ring = ringOf('k1');
const deps = { sealer: sealerWith(() => ring), now: () => noon, random: randomBytes, prefix: '/_cognito-gate' };
const scope = { host: shopHost, pool: staffPool.id };

function made(returnPath: string): { id: string; pair: string } {
  const attempt = makeAttempt(deps, parseCookies(undefined), scope, { returnPath, returns: 1 });
  return { id: attempt.id, pair: cookiePair(attempt.cookies.at(-1) ?? '') };
}

describe('attempts', () => {
  it('any return path comes back byte for byte, in 300 bytes beside it', () => {
    const path = fc.string({
      unit: fc.constantFrom('a', '/', '?', '=', ';', ',', '"', '!', '!2c', '%20', '&', '~', '#'),
    });
    fc.assert(
      fc.property(path, (rest) => {
        const returnPath = `/x${rest}`;
        const { id, pair } = made(returnPath);
        const escapes = (returnPath.match(/[!",;]/g) ?? []).length * 2;
        assert.ok(
          pair.length <= 300 + returnPath.length + escapes &&
            /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/.test(pair),
        );
        assert.deepEqual(findAttempt(deps, parseCookies(pair), { id, ...scope }), {
          id,
          returnPath,
          at: noon,
          returns: 1,
        });
      }),
    );
  });

  it('T10.6 T9.5 count only for their host, pool, name, path and hour', () => {
    const { id, pair } = made('/here');
    const find = (cookie: string, wanted: Partial<typeof scope & { id: string }> = {}, now = noon) =>
      findAttempt({ ...deps, now: () => now }, parseCookies(cookie), { id, ...scope, ...wanted });
    assert.ok(find(pair) !== undefined);
    assert.equal(find(pair, { host: wikiHost }), undefined);
    assert.equal(find(pair, { pool: partnerPool.id }), undefined);
    assert.equal(find(pair, {}, noon + 3600), undefined);
    assert.equal(find(pair.replace('/here', '/else')), undefined);
    const other = made('/here');
    assert.equal(find(pair.replace(id, other.id), { id: other.id }), undefined);
  });
});
