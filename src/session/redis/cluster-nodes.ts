import type { Address, ConnectionSettings } from './client.ts';
import { nodeName, openConnection } from './connection.ts';
import { failureOf, redirectionOf, RedisFailure, type Redirection } from './failure.ts';
import { slotOf } from './keys.ts';
import { createLink, type Answer, type Link } from './link.ts';
import type { Nodes, NodesEvents } from './nodes.ts';
import { readTopology, type Topology } from './topology.ts';

const redirections = 4;
const readEveryMs = 5000;
const readAgainMs = 250;

/**
 * The primaries of a cluster, each with a connection of its own that tells the changes of its slots. Who they are is
 * read regularly, when a node is lost and when one points elsewhere; what a node told that isn't the owner any more
 * is proven no longer.
 */
export function createClusterNodes(
  seeds: readonly Address[],
  settings: ConnectionSettings,
  events: NodesEvents,
): Nodes {
  const links = new Map<string, Link>();
  let owners: (Address | undefined)[] = [];
  let known: readonly Address[] = seeds;
  let last: RedisFailure | undefined;
  let reading: Promise<void> | undefined;
  let lastRead = 0;
  let closed = false;

  const linkTo = (address: Address): Link => {
    const name = nodeName(address);
    const link = links.get(name);
    if (link !== undefined) return link;
    const made = createLink([address], settings, {
      ...events,
      down(reason) {
        events.down(reason);
        readSoon();
      },
    });
    links.set(name, made);
    return made;
  };

  const take = (topology: Topology): void => {
    owners = [...topology.primaries];
    known = [...topology.nodes, ...seeds];
    const wanted = new Map(owners.flatMap((owner) => (owner === undefined ? [] : [[nodeName(owner), owner]])));
    for (const [name, link] of links) {
      if (!wanted.has(name)) {
        links.delete(name);
        link.close();
      }
    }
    for (const owner of wanted.values()) linkTo(owner);
  };

  const read = async (): Promise<void> => {
    for (const address of unique(known)) {
      if (closed) return;
      try {
        take(await askTopology(address, settings, events));
        return;
      } catch (error) {
        last = failureOf(error);
      }
    }
    if (last !== undefined) events.down(last);
  };

  /** One reading at a time, and never more than four in a second. */
  const readNow = (): Promise<void> => {
    reading ??= (async () => {
      lastRead = events.now();
      await read().finally(() => {
        reading = undefined;
      });
    })();
    return reading;
  };
  const readSoon = (): void => {
    if (!closed && events.now() - lastRead > readAgainMs) void readNow();
  };
  const timer = setInterval(() => {
    const every = unowned(owners) ? readAgainMs * 2 : readEveryMs;
    if (events.now() - lastRead > every) readSoon();
  }, readAgainMs);
  void readNow();

  const owner = async (slot: number): Promise<Address> => {
    if (owners[slot] === undefined && reading !== undefined) await reading;
    const found = owners[slot];
    if (found === undefined) throw last ?? new RedisFailure('starting', 'No node of the cluster answers for this key');
    return found;
  };

  const follow = (to: Redirection, from: Address): Address => {
    const address = { host: to.host === '' ? from.host : to.host, port: to.port };
    if (to.kind === 'moved') {
      owners[to.slot] = address;
      readSoon();
    }
    return address;
  };

  return {
    async send(sid, args) {
      let address = await owner(slotOf(sid));
      let asking = false;
      for (let hop = 0; hop < redirections; hop += 1) {
        const sent = await attempt(linkTo(address), args, asking);
        if ('reply' in sent) return sent;
        address = follow(sent, address);
        asking = sent.kind === 'ask';
      }
      throw new RedisFailure('error', 'The nodes of the cluster point at each other');
    },
    proven(sid, proof) {
      const by = proof.alive ? owners[slotOf(sid)] : undefined;
      return by !== undefined && nodeName(by) === proof.node;
    },
    get reachable() {
      return !unowned(owners) && [...links.values()].every((link) => link.up);
    },
    close() {
      closed = true;
      clearInterval(timer);
      for (const link of links.values()) link.close();
    },
  };
}

async function attempt(link: Link, args: readonly string[], asking: boolean): Promise<Answer | Redirection> {
  try {
    return await link.send(args, asking);
  } catch (error) {
    const to = redirectionOf(error);
    if (to === undefined) throw failureOf(error);
    return to;
  }
}

/** Over a connection of its own: who is asked may be a replica, or a node that we have no other business with. */
async function askTopology(address: Address, settings: ConnectionSettings, events: NodesEvents): Promise<Topology> {
  const connection = await openConnection(address, settings, { now: events.now, changed: () => undefined });
  try {
    const topology = readTopology(await connection.send(['CLUSTER', 'SLOTS']), address);
    if (topology === undefined) throw new RedisFailure('starting', 'The cluster has no slots yet');
    return topology;
  } finally {
    connection.close();
  }
}

function unowned(owners: readonly (Address | undefined)[]): boolean {
  return owners.length === 0 || owners.includes(undefined);
}

function unique(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((address) => [nodeName(address), address])).values()];
}
