import type { RawHeaders } from '../../src/planes/nginx.ts';

/** Headers as ingress-nginx sends them, with a client's own behind. */
export function nginxHeaders(target: string, method = 'GET', ...client: readonly string[]): RawHeaders {
  const url = ['X-Original-URL', `https://shop.example.com${target}`, 'X-Original-Method', method];
  return [...url, 'X-Real-IP', '203.0.113.7', 'X-Sent-From', 'nginx-ingress-controller', ...client];
}

/** Headers as Traefik's nginx-compatible provider sends them. */
export function traefikHeaders(target: string, method = 'GET', ...client: readonly string[]): RawHeaders {
  return ['X-Forwarded-Uri', target, 'X-Forwarded-Method', method, 'X-Real-Ip', '203.0.113.7', ...client];
}

export const document = ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document', 'Sec-Fetch-Site', 'none'] as const;
