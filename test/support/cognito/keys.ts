import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { JWK } from 'jose';

export type SigningKey = JWK & { readonly kid: string };

/** Cognito has two RSA keys: one signs ID tokens, the other access tokens (cognito.md 1.2). */
export interface SigningKeys {
  readonly id: SigningKey;
  readonly access: SigningKey;
  /** In no key set: for forged signatures. */
  readonly foreign: SigningKey;
}

/** The kid is standard base64 of 32 bytes, so that `+`, `/` and `=` occur in it, as in Cognito's. */
function createKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomBytes(32).toString('base64'),
    alg: 'RS256',
    use: 'sig',
  };
}

export function createKeys(): SigningKeys {
  return { id: createKey(), access: createKey(), foreign: createKey() };
}
