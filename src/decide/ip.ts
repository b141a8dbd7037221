import { BlockList, isIP } from 'node:net';

/** Matches client addresses; IPv4 in IPv6 clothes (`::ffff:1.2.3.4`) counts as the IPv4 address. */
export interface AddressRanges {
  has(address: string): boolean;
}

/** Throws an Error that names the entry which isn't an address or a CIDR range. */
export function parseRanges(ranges: readonly string[]): AddressRanges {
  // Two lists: in one, Node takes every IPv4 address for an IPv6 one as well, and `::/0` would hold it.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) addRange(lists, range);
  return {
    has(address) {
      const plain = unmapped(address);
      if (plain.includes('%') || isIP(plain) === 0) return false;
      const family = isIP(plain) === 4 ? 'ipv4' : 'ipv6';
      return lists[family].check(plain, family);
    },
  };
}

function addRange(lists: { readonly ipv4: BlockList; readonly ipv6: BlockList }, range: string): void {
  const [, address = '', bits] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(range) ?? [];
  const family = isIP(address);
  const width = family === 4 ? 32 : 128;
  const length = bits === undefined ? width : Number(bits);
  if (family === 0 || length > width) {
    throw new Error(`"${range}" is not an address or a range like 192.0.2.0/24`);
  }
  const plain = unmapped(address);
  if (family === 4) lists.ipv4.addSubnet(address, length, 'ipv4');
  else if (plain !== address && length >= 96) lists.ipv4.addSubnet(plain, length - 96, 'ipv4');
  else lists.ipv6.addSubnet(address, length, 'ipv6');
}

const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
const mappedHex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i;

function unmapped(address: string): string {
  const dotted = mapped.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = mappedHex.exec(address);
  if (hex === null) return address;
  const bytes = [hex[1], hex[2]].flatMap((part) => {
    const value = Number.parseInt(part ?? '', 16);
    return [value >> 8, value & 255];
  });
  return bytes.join('.');
}
