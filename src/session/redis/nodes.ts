import type { Address, ConnectionSettings } from './client.ts';
import type { Proof } from './connection.ts';
import { failureOf, RedisFailure } from './failure.ts';
import { createLink, type Answer, type LinkEvents } from './link.ts';

/** The servers behind the store: one, or the primaries of a cluster. */
export interface Nodes {
  /** Rejects with RedisFailure only. All keys of a command are about one sid. */
  send(sid: string, args: readonly string[]): Promise<Answer>;
  /** Whether what was read by this proof is known to be the newest. */
  proven(sid: string, proof: Proof): boolean;
  readonly reachable: boolean;
  close(): void;
}

export type NodesEvents = LinkEvents;

export function createSingleNode(
  addresses: readonly Address[],
  settings: ConnectionSettings,
  events: NodesEvents,
): Nodes {
  const link = createLink(addresses, { ...settings, onlyPrimary: true }, events);
  return {
    async send(_sid, args) {
      try {
        return await link.send(args);
      } catch (error) {
        throw redirected(error);
      }
    },
    proven: (_sid, proof) => proof.alive,
    get reachable() {
      return link.up;
    },
    close: () => link.close(),
  };
}

function redirected(error: unknown): RedisFailure {
  const failure = failureOf(error);
  return failure.message.includes('MOVED ')
    ? new RedisFailure('error', 'Redis is a cluster: set store.redis.cluster to true')
    : failure;
}
