/** Whose seal it is: pool and host, both in the clear and both authenticated. Either may be empty. */
export interface SealScope {
  readonly pool: string;
  readonly host: string;
}

const poolIdPattern = /^[0-9a-f]{64}$/;
const rawPool = 0xff;

/** A pool id goes as its 32 bytes, anything else as text; then the host. */
export function encodeScope(scope: SealScope): Buffer {
  const host = Buffer.from(scope.host);
  const isId = poolIdPattern.test(scope.pool);
  const pool = Buffer.from(scope.pool, isId ? 'hex' : 'utf8');
  if (host.length > 255 || pool.length > 100) {
    throw new RangeError('pool or host is too long to be sealed');
  }
  return Buffer.concat([Buffer.of(isId ? rawPool : pool.length), pool, host]);
}

export function decodeScope(bytes: Uint8Array): SealScope | undefined {
  const first = bytes[0];
  if (first === undefined || (first !== rawPool && first > 100)) {
    return undefined;
  }
  const end = 1 + (first === rawPool ? 32 : first);
  if (bytes.length < end) {
    return undefined;
  }
  const pool = Buffer.from(bytes.subarray(1, end)).toString(first === rawPool ? 'hex' : 'utf8');
  return { pool, host: Buffer.from(bytes.subarray(end)).toString('utf8') };
}

/** Strict: one text for one value, where Node's own decoder skips foreign characters and spare bits. */
export function fromBase64Url(text: string | undefined): Buffer | undefined {
  if (text === undefined) {
    return undefined;
  }
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** Each part with its length before it, so that two different lists never give the same bytes. */
export function lengthPrefixed(parts: readonly Uint8Array[]): Buffer {
  const out: Uint8Array[] = [];
  for (const part of parts) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    out.push(length, part);
  }
  return Buffer.concat(out);
}
