/** Names of the keys. The braces make the sid the hash tag, so that all keys of a sign-in are in one slot of a cluster. */
export interface Keys {
  /** The sealed token state. */
  record(sid: string): string;
  /** The last request, in seconds. */
  seen(sid: string): string;
  lock(sid: string): string;
  /** What we want to be told about. */
  readonly tracked: readonly string[];
  /** Which sign-in a key of ours is about. */
  read(key: string): { readonly kind: 'record' | 'seen'; readonly sid: string } | undefined;
}

export function createKeys(prefix: string): Keys {
  return {
    record: (sid) => `${prefix}s:{${sid}}`,
    seen: (sid) => `${prefix}i:{${sid}}`,
    lock: (sid) => `${prefix}l:{${sid}}`,
    tracked: [`${prefix}s:`, `${prefix}i:`],
    read(key) {
      const kind = key.startsWith(`${prefix}s:{`) ? 'record' : key.startsWith(`${prefix}i:{`) ? 'seen' : undefined;
      return kind === undefined || !key.endsWith('}') ? undefined : { kind, sid: key.slice(prefix.length + 3, -1) };
    },
  };
}

export const slots = 16_384;

/** CRC16 (XMODEM) of the hash tag, as the cluster specification of Redis has it. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc % slots;
}
