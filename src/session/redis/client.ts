import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { getCACertificates } from 'node:tls';

import { createClient } from '@redis/client';

import { RedisFailure } from './failure.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How one connects, the same for every node. */
export interface ConnectionSettings {
  readonly tls: boolean;
  /** Whom the certificate names where a node is known by its address only, as clusters tell it. */
  readonly serverName: string | undefined;
  readonly caFile: string | undefined;
  readonly username: string | undefined;
  readonly passwordFile: string | undefined;
  readonly database: number;
  /** Prefixes of keys whose changes are told. */
  readonly tracked: readonly string[];
  /** A replica is no good. In a cluster it answers with MOVED. */
  readonly onlyPrimary: boolean;
}

export type Client = ReturnType<typeof createClientFor>;

/** Until the socket stands: a client that is thrown away before would leave it behind. */
const socketMs = 1000;
/** Commands that may wait for their answers; at 500 ms each a healthy server never has so many. */
const underWay = 5000;

/** The client gives bytes or text, as it happens to decode other replies just then; null is all keys. */
export function keyOf(told: unknown): string | undefined {
  if (Buffer.isBuffer(told)) {
    return told.toString();
  }
  return typeof told === 'string' ? told : undefined;
}

export interface Files {
  readonly ca: readonly string[] | undefined;
  readonly password: string | undefined;
}

/** Read for every connection, so that a password or a certificate can be changed in place. */
export async function readFiles({ caFile, passwordFile }: ConnectionSettings): Promise<Files> {
  const [ca, password] = await Promise.all([
    readOptional('caFile', caFile),
    readOptional('passwordFile', passwordFile),
  ]);
  return {
    ca: ca === undefined ? undefined : [...getCACertificates('default'), ca],
    // What a file made by hand ends with is no part of a password.
    password: password?.replace(/\r?\n$/, ''),
  };
}

async function readOptional(field: string, file: string | undefined): Promise<string | undefined> {
  return file === undefined
    ? undefined
    : await readFile(file, 'utf8').catch((error: unknown) => {
        const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        throw new RedisFailure('unreachable', `store.redis.${field}: ${file} can't be read (${why})`);
      });
}

export function createClientFor({ host, port }: Address, settings: ConnectionSettings, files: Files) {
  const { tls, serverName, database, username } = settings;
  const to = { host, port, connectTimeout: socketMs, reconnectStrategy: false } as const;
  const named = isIP(host) === 0 ? host : serverName;
  const secure = {
    ...to,
    tls: true as const,
    ...(named === undefined ? {} : { servername: named }),
    ...(files.ca === undefined ? {} : { ca: [...files.ca] }),
  };
  return createClient({
    socket: tls ? secure : to,
    RESP: 3,
    database,
    ...(username === undefined ? {} : { username }),
    ...(files.password === undefined ? {} : { password: files.password }),
    commandsQueueMaxLength: underWay,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    emitInvalidate: true,
  });
}
