import type { RefusalReason } from '../model/verdict.ts';

/** What a proxy says was asked for. */
export interface Target {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Path and query as they came: `/a?` is not `/a`. */
  readonly raw: string;
}

/** Raw values; undefined where the header is missing. */
export interface Witnesses {
  readonly originalUrl: string | undefined;
  readonly originalMethod: string | undefined;
  readonly forwardedUri: string | undefined;
  readonly forwardedMethod: string | undefined;
}

/**
 * ingress-nginx writes one family and lets a client's other one through; Traefik's nginx-compatible provider does the
 * reverse (measured, dataplanes.md 4.2). So one whole family must be there, none by half, and two must agree.
 */
export function agree(witnesses: Witnesses): Target | RefusalReason {
  const original = family(witnesses.originalUrl, witnesses.originalMethod, pathOfUrl);
  if (typeof original === 'string') return original;
  const forwarded = family(witnesses.forwardedUri, witnesses.forwardedMethod, pathOfUri);
  if (typeof forwarded === 'string') return forwarded;
  if (original === undefined) return forwarded ?? 'witness_missing';
  return forwarded === undefined || same(original, forwarded) ? original : 'witnesses_disagree';
}

function same(a: Target, b: Target): boolean {
  return a.raw === b.raw && a.method === b.method;
}

type ReadPath = (value: string) => string | undefined;

function family(
  url: string | undefined,
  method: string | undefined,
  read: ReadPath,
): Target | RefusalReason | undefined {
  if (url === undefined && method === undefined) return undefined;
  if (url === undefined || method === undefined) return 'witness_missing';
  const target = read(url);
  if (target === undefined || !isMethod.test(method)) return 'witness_malformed';
  const mark = target.indexOf('?');
  if (mark < 0) return { method, path: target, query: '', raw: target };
  return { method, path: target.slice(0, mark), query: target.slice(mark + 1), raw: target };
}

/** RFC 9110 5.6.2: a token; case counts (9.1). */
const isMethod = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

/**
 * NGINX writes `$scheme://$http_host$request_uri`, and `$http_host` is the client's: `Host: shop:443\healthz?` would make
 * a URL parser read another path than the one that is served (T12.7 to T12.10, measured).
 */
const originalUrl = /^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(\/.*)$/;

function pathOfUrl(value: string): string | undefined {
  return originalUrl.exec(value)?.[1];
}

function pathOfUri(value: string): string | undefined {
  return value.startsWith('/') ? value : undefined;
}
