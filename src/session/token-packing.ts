import { fromBase64Url, lengthPrefixed } from './scope.ts';

/**
 * A refresh token of Cognito is a JWE: five base64url parts, some 1,850 characters. As bytes they take three
 * quarters, and sealing writes base64url again. Anything else goes as text.
 */
export function packToken(token: string): Uint8Array {
  const parts = token.split('.').map((part) => fromBase64Url(part));
  const known = parts.filter((part) => part !== undefined);
  return parts.length === 5 && known.length === 5
    ? Buffer.concat([Buffer.of(1), lengthPrefixed(known)])
    : Buffer.concat([Buffer.of(0), Buffer.from(token)]);
}

export function unpackToken(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes);
  if (buffer[0] === 0) {
    return buffer.toString('utf8', 1);
  }
  const parts: string[] = [];
  let at = 1;
  while (buffer[0] === 1 && at + 4 <= buffer.length) {
    const length = buffer.readUInt32BE(at);
    parts.push(buffer.toString('base64url', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts.length === 5 && at === buffer.length ? parts.join('.') : undefined;
}
