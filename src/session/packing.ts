import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** JSON, deflated. */
export function pack(value: unknown): Uint8Array {
  return deflateRawSync(Buffer.from(JSON.stringify(value)), { level: 9 });
}

/** The same, unless `unpack` would refuse it: thousands of alike names deflate to almost nothing. */
export function packWithin(value: unknown, maxBytes: number): Uint8Array | undefined {
  const bytes = Buffer.from(JSON.stringify(value));
  return bytes.length > maxBytes ? undefined : deflateRawSync(bytes, { level: 9 });
}

/**
 * Undefined when the bytes are none of ours or unpack to more than `maxBytes`. Call it only on what a seal
 * protected: nothing is decompressed before the tag was checked (T22.2).
 */
export function unpack(bytes: Uint8Array, maxBytes: number): unknown {
  try {
    return JSON.parse(inflateRawSync(bytes, { maxOutputLength: maxBytes }).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
