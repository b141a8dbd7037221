import { isIP } from 'node:net';
import type { Request } from '../model/request.ts';
import type { RefusalReason } from '../model/verdict.ts';
import { cameTwice, readHeaders, type RawHeaders, type ReadHeaders } from './raw-headers.ts';
import { agree } from './witnesses.ts';

export { decodeHeaderValue, encodeHeaderValue } from './header-values.ts';
export { identityHeaders, type RouteNames } from './identity-headers.ts';
export { writeVerdict, type PlaneAnswer } from './nginx-answer.ts';
export { wiring } from './nginx-wiring.ts';
export type { RawHeaders } from './raw-headers.ts';

export type PlaneRead =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason };

export interface ReadOptions {
  readonly maxHeaderBytes?: number;
}

/** Understands a subrequest of ingress-nginx, or of Traefik's nginx-compatible provider (flows.md "What it reads"). */
export function readRequest(headers: RawHeaders, options: ReadOptions = {}): PlaneRead {
  const read = readHeaders(headers, options.maxHeaderBytes ?? 65_536);
  if (typeof read === 'string') return { kind: 'refuse', reason: read };
  const target = agree({
    originalUrl: read.get('x-original-url'),
    originalMethod: read.get('x-original-method'),
    forwardedUri: read.get('x-forwarded-uri'),
    forwardedMethod: read.get('x-forwarded-method'),
  });
  if (typeof target === 'string') return { kind: 'refuse', reason: target };
  const webSocket = isWebSocket(read);
  const origin = read.get('origin');
  const authorization = read.get('authorization');
  return {
    kind: 'request',
    request: {
      method: target.method,
      path: target.path,
      query: target.query,
      clientAddress: addressOf(read.get('x-real-ip')),
      cookie: read.get('cookie'),
      authorization,
      authorizationTwice: cameTwice(authorization),
      navigation: webSocket ? 'none' : navigationOf(target.method, read),
      webSocket,
      origin,
      preflight:
        target.method === 'OPTIONS' && origin !== undefined && read.get('access-control-request-method') !== undefined,
    },
  };
}

function addressOf(value: string | undefined): string | undefined {
  return value !== undefined && isIP(value) !== 0 ? value : undefined;
}

/** NGINX drops `Upgrade` from the subrequest but passes `Sec-WebSocket-*` (dataplanes.md 1.3). */
function isWebSocket(read: ReadHeaders): boolean {
  if (read.has('sec-websocket-key') || read.has('sec-websocket-version')) return true;
  return /(?:^|,)\s*websocket\s*(?:$|,|\/)/i.test(read.get('upgrade') ?? '');
}

/** Fetch Metadata; prefetch and prerender come as `navigate` with `Sec-Purpose` (N30, measured). */
function navigationOf(method: string, read: ReadHeaders): Request['navigation'] {
  if (read.has('sec-purpose') || read.has('purpose')) return 'none';
  if (method === 'GET' || method === 'HEAD') return isDocument(read) ? 'document' : 'none';
  return method === 'POST' && isOwnForm(read) ? 'form' : 'none';
}

const namesHtml = /(?:^|,)\s*text\/html\s*(?:$|[,;])/i;

function isDocument(read: ReadHeaders): boolean {
  const mode = read.get('sec-fetch-mode');
  const dest = read.get('sec-fetch-dest');
  if (mode === undefined && dest === undefined) return namesHtml.test(read.get('accept') ?? '');
  return mode === 'navigate' && dest === 'document';
}

function isOwnForm(read: ReadHeaders): boolean {
  const site = read.get('sec-fetch-site');
  const own = site === 'same-origin' || site === 'same-site';
  return own && read.get('sec-fetch-mode') === 'navigate' && (read.get('sec-fetch-dest') ?? 'document') === 'document';
}
