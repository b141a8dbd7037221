import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** What the composition root starts and stops. */
export type Server = FastifyInstance;

/** In milliseconds, as node names them. */
export interface Times {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly connectionsCheckingInterval: number;
  /** Without a byte in either direction: for who asks and never reads the answer. */
  readonly connectionTimeout: number;
}

/**
 * For every port that strangers reach. Node looks for overdue connections only every 30 s unless told otherwise, which
 * would make 40 of 10 (docs/security/limits.md).
 */
export const times: Times = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 2000,
  connectionTimeout: 90_000,
};

/** The program's own: logs, objects, Secrets, the API server. To Cognito go at most 128 connections (outbound.ts). */
const filesOfOurOwn = 192;

/** Half of what is left, if there are so few. */
const share = (files: number, part: number): number => Math.floor(Math.max(files - filesOfOurOwn, files / 2) * part);

/**
 * How many connections each port holds: together fewer than the process may have files open, so that accepting never
 * fails. A full file table would keep everybody out, decisions too.
 */
export const connectionsOf = {
  decisions: (files: number): number => Math.min(16_384, share(files, 0.6)),
  signIn: (files: number): number => Math.min(4096, share(files, 0.3)),
  operations: (files: number): number => Math.min(256, share(files, 0.05)),
} as const;

/** Where nobody says (macOS, tests) as many as Linux gives at least. */
const filesUnlessSaid = 1024;

export function openFilesAllowed(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? filesUnlessSaid : Number(soft);
  } catch {
    return filesUnlessSaid;
  }
}

/** One more than `most`: the connection that has waited longest without a request goes; where all work, the new one. */
export function keepRoom(server: HttpServer, most: number): void {
  const idle = new Set<Socket>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
    });
    idle.add(socket);
    // A set that changes at its head is slow to say what stands there: asked only where it counts.
    if (open > most) letGo(idle);
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
}

/** A connection that is let go is open until its close is told: it must not be chosen a second time. */
function letGo(idle: Set<Socket>): void {
  for (const longest of idle) {
    idle.delete(longest);
    longest.destroy();
    return;
  }
}
