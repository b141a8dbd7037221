import type { Address, ConnectionSettings } from './client.ts';
import { openConnection, type Connection, type ConnectionEvents, type Proof } from './connection.ts';
import { failureOf, RedisFailure } from './failure.ts';

/** One server, connected to again and again for as long as it is wanted. */
export interface Link {
  readonly up: boolean;
  /** At once where there is a connection or has been none for a while; a moment without one is waited for. */
  send(args: readonly string[], asking?: boolean): Promise<Answer>;
  close(): void;
}

export interface Answer {
  readonly reply: unknown;
  readonly proof: Proof;
}

export interface LinkEvents extends ConnectionEvents {
  /** 0 to 1. */
  random(): number;
  up(): void;
  down(reason: RedisFailure): void;
}

const patienceMs = 500;
const blipMs = 1000;
const waiting = 5000;
const firstPauseMs = 100;
const longestPauseMs = 2000;
const steadyMs = 5000;

/** With several addresses each attempt takes the next: one of them may be the primary. */
export function createLink(addresses: readonly Address[], settings: ConnectionSettings, events: LinkEvents): Link {
  let connection: Connection | undefined;
  let last: RedisFailure | undefined;
  let downSince = events.now();
  let waiters: ((connection: Connection | RedisFailure) => void)[] = [];
  const closing = new AbortController();

  const settle = (outcome: Connection | RedisFailure): void => {
    const waited = waiters;
    waiters = [];
    for (const waiter of waited) waiter(outcome);
  };

  /** Milliseconds that the connection stood. */
  const live = async (address: Address): Promise<number> => {
    const opened = await openConnection(address, settings, events);
    if (closing.signal.aborted) {
      opened.close();
      return 0;
    }
    const since = events.now();
    connection = opened;
    events.up();
    settle(opened);
    last = await opened.ended;
    connection = undefined;
    downSince = events.now();
    if (!closing.signal.aborted) events.down(last);
    return downSince - since;
  };

  const run = async (): Promise<void> => {
    for (let attempt = 0, failures = 0; !closing.signal.aborted; attempt += 1) {
      const address = addresses[attempt % addresses.length];
      if (address === undefined) return;
      try {
        failures = (await live(address)) > steadyMs ? 0 : failures + 1;
      } catch (error) {
        failures += 1;
        last = failureOf(error);
        events.down(last);
      }
      await pause(failures, events.random(), closing.signal);
    }
  };
  void run();

  const connected = (): Promise<Connection> | Connection => {
    if (connection !== undefined) return connection;
    if (closing.signal.aborted || events.now() - downSince > blipMs || waiters.length >= waiting) {
      throw last ?? new RedisFailure('unreachable', 'Redis is not connected');
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(last ?? new RedisFailure('unreachable', 'Redis is not connected')),
        patienceMs,
      );
      waiters.push((outcome) => {
        clearTimeout(timer);
        if (outcome instanceof RedisFailure) reject(outcome);
        else resolve(outcome);
      });
    });
  };

  return {
    get up() {
      return connection !== undefined;
    },
    async send(args, asking = false) {
      const now = connected();
      const through = now instanceof Promise ? await now : now;
      // Both go in one go: ASKING is about the very next command.
      const asked = asking ? through.send(['ASKING']) : undefined;
      const [reply] = await Promise.all([through.send(args), asked]);
      return { reply, proof: through.proof };
    },
    close() {
      closing.abort();
      connection?.close();
      settle(new RedisFailure('unreachable', 'closed'));
    },
  };
}

/** Doubles, and is never the same for two replicas: after a failover not all of them come at once. */
async function pause(failures: number, random: number, closing: AbortSignal): Promise<void> {
  const longest = Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, longest * (0.5 + random / 2));
    closing.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
