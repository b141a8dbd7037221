import type { Address } from './client.ts';
import { slots } from './keys.ts';

/** Who answers for which slots, as one node of a cluster tells. */
export interface Topology {
  /** By slot; undefined: nobody. */
  readonly primaries: readonly (Address | undefined)[];
  /** All of them, replicas too: whom to ask next time. */
  readonly nodes: readonly Address[];
}

/** Reads the reply of `CLUSTER SLOTS`; a node that doesn't know its own host means the one that was asked. */
export function readTopology(reply: unknown, asked: Address): Topology | undefined {
  const primaries: (Address | undefined)[] = Array.from({ length: slots });
  const nodes: Address[] = [];
  for (const range of listOf(reply)) {
    const [from, to, ...members] = listOf(range);
    const addresses = members.flatMap((member) => addressOf(member, asked) ?? []);
    const [primary] = addresses;
    if (typeof from !== 'number' || typeof to !== 'number' || primary === undefined) {
      continue;
    }
    primaries.fill(primary, from, to + 1);
    nodes.push(...addresses);
  }
  return nodes.length === 0 ? undefined : { primaries, nodes };
}

function addressOf(member: unknown, asked: Address): Address | undefined {
  const [host, port] = listOf(member);
  if (typeof port !== 'number' || port === 0) {
    return undefined;
  }
  return { host: typeof host === 'string' && host !== '' && host !== '?' ? host : asked.host, port };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
