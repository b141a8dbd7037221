import { createPrivateKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import type { SigningKey, SigningKeys } from './keys.ts';
import type { Tampering } from './types.ts';

const longAgo = (): number => Math.floor(Date.now() / 1000) - 7200;

const changes: Partial<Record<Tampering, () => JWTPayload>> = {
  nonce: () => ({ nonce: 'a-nonce-of-another-sign-in' }),
  audience: () => ({ aud: 'another-client', client_id: 'another-client' }),
  expired: () => ({ iat: longAgo() - 3600, exp: longAgo() }),
  issuer: () => ({ iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Somebody0' }),
  subject: () => ({ sub: 'ffffffff-0000-4000-8000-ffffffffffff' }),
  token_use: () => ({ token_use: 'refresh' }),
};

export async function sign(claims: JWTPayload, key: SigningKey, kid: string, header: object = {}): Promise<string> {
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  return await new SignJWT(claims).setProtectedHeader({ kid, alg: 'RS256', ...header }).sign(privateKey);
}

/** The same token with one thing wrong; signed rightly unless the signature is the wrong thing. */
export async function tamper(token: string, how: Tampering, keys: SigningKeys): Promise<string> {
  const claims = { ...decodeJwt(token), ...changes[how]?.() };
  const kid = decodeProtectedHeader(token).kid ?? '';
  if (how === 'alg_none') {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'none' })}.${part(claims)}.`;
  }
  if (how === 'signature') return await sign(claims, keys.foreign, kid);
  if (how === 'unknown_kid') return await sign(claims, keys.foreign, keys.foreign.kid);
  return await sign(claims, kid === keys.id.kid ? keys.id : keys.access, kid);
}
