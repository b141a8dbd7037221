import type { Dice } from './dice.ts';
import { mutate } from './mutate.ts';
import { noise } from './words.ts';

const json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function parts(token: string): { head: Record<string, unknown>; body: Record<string, unknown>; signature: string } {
  const [head = '', body = '', signature = ''] = token.split('.');
  const read = (text: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
  return { head: read(head), body: read(body), signature };
}

const otherHeads: readonly Record<string, unknown>[] = [
  { alg: 'none' },
  { alg: 'None', typ: 'JWT' },
  { alg: 'HS256' },
  { alg: 'RS512' },
  { alg: 'PS256' },
  { kid: 'nobody' },
  { kid: '../../etc/passwd' },
  { kid: '' },
  { jku: 'https://evil.example/jwks.json' },
  { jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } },
  { crit: ['b64'], b64: false },
  { x5u: 'https://evil.example' },
  { __proto__: null, toString: 'x' },
];
const otherBodies: readonly Record<string, unknown>[] = [
  { exp: 9_999_999_999 },
  { exp: 0 },
  { exp: 'never' },
  { exp: 1e308 },
  { iss: 'https://evil.example' },
  { token_use: 'access' },
  { token_use: 'id' },
  { client_id: '7abcexample', scope: 'shop/write' },
  { sub: 'admin', 'cognito:groups': ['admins'] },
  { 'cognito:groups': 'admins' },
  { nbf: -1, iat: {} },
];

/** An Authorization header whose token nobody signed so. */
export function bearer(dice: Dice, tokens: readonly string[]): string {
  const token = dice.pick(tokens);
  const roll = dice.int(100);
  if (roll < 30) return `Bearer ${mutate(dice, token, tokens)}`;
  if (roll < 70) return `Bearer ${forged(dice, token)}`;
  if (roll < 80)
    return `${dice.pick(['bearer', 'Bearer ', 'BEARER', 'Basic', 'DPoP', '', 'Bearer\t'])} ${mutate(dice, token, tokens)}`;
  if (roll < 84) return `Bearer ${token}`;
  if (roll < 88) return `Bearer ${token}, Bearer ${mutate(dice, token, tokens)}`;
  if (roll < 92)
    return `Bearer ${dice.pick(['a.b.c', '..', '.', 'e30.e30.', 'e30.e30.e30', `${'a'.repeat(dice.int(60_000))}.b.c`, `e30.${'.'.repeat(500)}`])}`;
  return dice.pick(['Bearer', 'Basic Z3JhZmFuYTprZXk=', noise(dice, 200), '']);
}

function forged(dice: Dice, token: string): string {
  const { head, body, signature } = parts(token);
  const newHead = dice.chance(60) ? { ...head, ...dice.pick(otherHeads) } : head;
  const newBody = dice.chance(60) ? { ...body, ...dice.pick(otherBodies) } : body;
  return `${json(newHead)}.${json(newBody)}.${dice.chance(20) ? '' : signature}`;
}

/** Whether it carries a real token. What decodes to the same signature is the same token (RFC 7515 leaves the spare bits open). */
export function isGenuineBearer(value: string, tokens: readonly string[]): boolean {
  return tokens.some((token) => {
    const signed = token.slice(0, token.lastIndexOf('.'));
    if (!value.includes(signed)) return false;
    const signature = Buffer.from(token.slice(signed.length + 1), 'base64url');
    const sent = /\.([A-Za-z0-9_-]*)[^.]*$/.exec(value)?.[1] ?? '';
    return value.includes(token) || Buffer.from(sent, 'base64url').equals(signature);
  });
}
