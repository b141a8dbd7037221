import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createKeys } from './keys.ts';
import type { SigningKey, SigningKeys } from './keys.ts';
import { sign } from './tamper.ts';

/** New signing keys for a pool that runs: oidc-provider can't change its own, so what it signed is signed again. */
export interface Rotated {
  rotate(): void;
  /** The key document, once the keys were rotated. */
  document(): { readonly keys: readonly object[] } | undefined;
  /** ID and access token of one answer, under the newest keys. */
  again(tokens: { id: string | undefined; access: string }): Promise<{ id: string | undefined; access: string }>;
}

export function createRotated(original: SigningKeys): Rotated {
  let newest: SigningKeys | undefined;
  return {
    rotate: () => void (newest = createKeys()),
    document: () => newest && { keys: [newest.id, newest.access].map(publicPart) },
    again: async ({ id, access }) => {
      if (newest === undefined) return { id, access };
      const fresh = await signAgain(access, {}, original, newest);
      const hash = createHash('sha256').update(fresh).digest().subarray(0, 16).toString('base64url');
      return {
        id: id === undefined ? undefined : await signAgain(id, { at_hash: hash }, original, newest),
        access: fresh,
      };
    },
  };
}

/** Tokens of a tampering test, signed by other keys, stay as they are. */
async function signAgain(token: string, change: object, from: SigningKeys, to: SigningKeys): Promise<string> {
  const { kid } = decodeProtectedHeader(token);
  const key = kid === from.id.kid ? to.id : kid === from.access.kid ? to.access : undefined;
  return key === undefined ? token : await sign({ ...decodeJwt(token), ...change }, key, key.kid);
}

function publicPart({ kid, alg, use, kty, n, e }: SigningKey): object {
  return { kid, alg, use, kty, n, e };
}
