import { createSocket } from 'node:dgram';
import { freePort } from './ports.ts';

/** Answers for names that a cluster's DNS would know: a headless Service gives the addresses of its ready Pods. */
export interface NameServer {
  /** `127.0.0.1:port`, for NGINX's `resolver`. */
  readonly address: string;
  /** What the name leads to from now on. Without addresses: there is no such name. */
  set(name: string, addresses: readonly string[]): void;
  close(): Promise<void>;
}

const header = 12;
const noSuchName = 3;
/** As CoreDNS does for Services (https://coredns.io/plugins/kubernetes/: ttl, 5 s by default). */
const ttlSeconds = 5;

export async function startNameServer(): Promise<NameServer> {
  const names = new Map<string, readonly string[]>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const answer = answerTo(query, names);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${port}`,
    set: (name, addresses) => void names.set(name.toLowerCase(), addresses),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** RFC 1035 4.1: one question, answered by A records; any other type of a name that is known has none. */
function answerTo(query: Buffer, names: ReadonlyMap<string, readonly string[]>): Buffer | undefined {
  const read = questionOf(query);
  if (read === undefined) return undefined;
  const { name, type, end } = read;
  const known = names.get(name) ?? [];
  const addresses = type === 1 ? known : [];
  const top = Buffer.from(query.subarray(0, header));
  top.writeUInt16BE(0x8180 | (known.length === 0 ? noSuchName : 0), 2);
  top.writeUInt16BE(1, 4);
  top.writeUInt16BE(addresses.length, 6);
  top.writeUInt32BE(0, 8);
  return Buffer.concat([top, query.subarray(header, end), ...addresses.map(record)]);
}

function questionOf(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } | undefined {
  const labels: string[] = [];
  let at = header;
  for (let length = query[at]; length !== undefined && length > 0 && length < 64; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  return end > query.length
    ? undefined
    : { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end };
}

/** The name as a pointer to the question, type A, class IN, time, four bytes. */
function record(address: string): Buffer {
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(0xc000 | header, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(ttlSeconds, 6);
  fixed.writeUInt16BE(4, 10);
  return Buffer.concat([fixed, Buffer.from(address.split('.').map(Number))]);
}
