import { isIP } from 'node:net';

import { createClientFor, keyOf, readFiles, type Address, type Client, type ConnectionSettings } from './client.ts';
import { endsConnection, failureOf, redirectionOf, RedisFailure } from './failure.ts';

/**
 * Whether what was read through a connection is known to be the newest. Redis tells changes and answers through one
 * connection and in order: while it answers, no change is missed; when it is lost, nothing that came through it is sure.
 */
export interface Proof {
  readonly node: string;
  alive: boolean;
  /** Milliseconds. */
  lostAt: number | undefined;
}

export interface Connection {
  readonly proof: Proof;
  /** Rejects with RedisFailure, or with the redirection of a cluster as it came. */
  send(args: readonly string[]): Promise<unknown>;
  /** Settles with the reason once it is lost or closed. */
  readonly ended: Promise<RedisFailure>;
  close(): void;
}

export interface ConnectionEvents {
  /** Another value, or none any more; undefined: of all keys. */
  changed(key: string | undefined): void;
  /** Milliseconds. */
  now(): number;
}

export const answerMs = 500;
const openMs = 1500;
const heartbeatMs = 250;

/** An address as one writes it. */
export function nodeName({ host, port }: Address): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/**
 * One connection for one life: it isn't mended but replaced (link.ts). The client's own way keeps unanswered commands
 * without bound and a connection on which nothing comes back (docs/decisions/0023).
 */
export async function openConnection(
  address: Address,
  settings: ConnectionSettings,
  events: ConnectionEvents,
): Promise<Connection> {
  const files = await readFiles(settings);
  const client = createClientFor(address, settings, files);
  const proof: Proof = { node: nodeName(address), alive: true, lostAt: undefined };
  const life = new AbortController();
  const lose = (failure: RedisFailure): void => {
    if (life.signal.aborted) {
      return;
    }
    proof.alive = false;
    proof.lostAt = events.now();
    life.abort(failure);
    client.destroy();
  };
  client.on('error', (error: unknown) => lose(failureOf(error)));
  client.on('end', () => lose(new RedisFailure('unreachable', 'Redis closed the connection')));
  client.on('invalidate', (key: unknown) => events.changed(keyOf(key)));
  const lost = new Promise<RedisFailure>((resolve) => {
    life.signal.addEventListener('abort', () => resolve(failureOf(life.signal.reason)));
  });
  const send = (args: readonly string[]): Promise<unknown> => sendWithin(client, args, lose);
  const late = new RedisFailure('timeout', `Redis took no connection within ${openMs} ms`);
  const timer = setTimeout(() => lose(late), openMs);
  try {
    await Promise.race([prepare(client, settings, send), rejection(lost)]);
  } catch (error) {
    const failure = failureOf(error);
    lose(failure);
    throw failure;
  } finally {
    clearTimeout(timer);
  }
  const heartbeat = setInterval(() => void send(['PING']).catch(() => undefined), heartbeatMs);
  void lost.then(() => clearInterval(heartbeat));
  return { proof, send, ended: lost, close: () => lose(new RedisFailure('unreachable', 'closed')) };
}

async function rejection(lost: Promise<RedisFailure>): Promise<never> {
  throw await lost;
}

/**
 * All of it within the time of one answer: a server too slow for that is none. The client asks for the other way of
 * tracking, in which Redis remembers every key that we read.
 */
async function prepare(client: Client, settings: ConnectionSettings, send: Connection['send']): Promise<void> {
  await client.connect();
  const prefixes = settings.tracked.flatMap((prefix) => ['PREFIX', prefix]);
  const [hello] = await Promise.all([
    send(['HELLO', '3']),
    send(['CLIENT', 'TRACKING', 'OFF']),
    send(['CLIENT', 'TRACKING', 'ON', 'BCAST', ...prefixes]),
    // LOADING and NOPERM are told here already.
    send(['GET', `${settings.tracked[0] ?? ''}{ready}`]).catch((error: unknown) => {
      if (redirectionOf(error) === undefined) throw error;
    }),
  ]);
  const { role } = Object(hello) as { readonly role?: unknown };
  if (settings.onlyPrimary && typeof role === 'string' && role !== 'master') {
    throw new RedisFailure('replica', `Redis: this server is a ${role}, which takes no writes`);
  }
}

async function sendWithin(
  client: Client,
  args: readonly string[],
  lose: (failure: RedisFailure) => void,
): Promise<unknown> {
  const timeout = new RedisFailure('timeout', `Redis gave no answer within ${answerMs} ms`);
  // What it answers later must not keep the memory that waits for it.
  // After a pause of ours the answer may be here, and not read yet: that comes first.
  let unread: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    unread = setImmediate(() => lose(timeout));
  }, answerMs);
  try {
    return await client.sendCommand([...args]);
  } catch (error) {
    if (redirectionOf(error) !== undefined) {
      throw error;
    }
    const failure = failureOf(error);
    if (endsConnection(failure)) {
      lose(failure);
    }
    throw failure;
  } finally {
    clearTimeout(timer);
    clearImmediate(unread);
  }
}
