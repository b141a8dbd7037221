/** What an `Authorization` header holds, as far as its issuer is one of ours. Nothing in it is verified yet. */
export type BearerHeader =
  | { readonly kind: 'foreign' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'token'; readonly token: string; readonly issuer: string };

/** Cognito's access tokens are about 1,100 bytes, with very many groups some kilobytes. */
const longest = 16_384;

const foreign: BearerHeader = { kind: 'foreign' };
const malformed: BearerHeader = { kind: 'malformed' };

/**
 * Bearer in any case (RFC 9110 11.1) with one compact JWS of an issuer of ours. A token of ours in another form (as a
 * user or password of Basic, or one of several) is refused: some app behind us may read what we didn't (B8, B13). All
 * else is the app's own.
 */
export function readHeader(authorization: string, isOurs: (issuer: string) => boolean): BearerHeader {
  const [scheme, credentials] = split(authorization);
  if (scheme !== 'bearer' && scheme !== 'basic') return foreign;
  if (authorization.length > longest) return malformed;
  const words = scheme === 'basic' ? basicWords(credentials) : credentials.split(/[\s,;]+/);
  const [only = '', another] = words;
  if (scheme === 'bearer' && another === undefined) return readToken(only, isOurs) ?? foreign;
  return words.some((word) => readToken(word, isOurs) !== undefined) ? malformed : foreign;
}

function split(authorization: string): readonly [scheme: string, credentials: string] {
  const [, scheme = '', credentials = ''] = /^\s*([!-~]+)(?:\s+(.*))?$/s.exec(authorization) ?? [];
  return [scheme.toLowerCase(), credentials.trim()];
}

/** RFC 7617: user and password, with the first colon between them. */
function basicWords(credentials: string): readonly string[] {
  const text = Buffer.from(credentials, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}

function readToken(token: string, isOurs: (issuer: string) => boolean): BearerHeader | undefined {
  const issuer = issuerOf(token);
  return issuer !== undefined && isOurs(issuer) ? { kind: 'token', token, issuer } : undefined;
}

/** A token without a signature has an issuer too: it is ours to refuse. */
const compactJws = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/;

function issuerOf(token: string): string | undefined {
  const payload = compactJws.exec(token)?.[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const issuer = typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined;
    return typeof issuer === 'string' ? issuer : undefined;
  } catch {
    return undefined;
  }
}
