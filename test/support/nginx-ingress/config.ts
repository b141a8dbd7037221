import { resolve } from 'node:path';
import type { AuthQuestion, NginxFrame } from '../nginx-locations.ts';
import { appLocation, nginxFile, serverBlock } from '../nginx-locations.ts';
import { anyHost } from './servers.ts';
import type { Server, ServerPath } from './servers.ts';

/** Where the program asks NGINX which generation it serves, and where a Service without an address leads. */
export function socketsOf(folder: string): { readonly generation: string; readonly unavailable: string } {
  return { generation: `${resolve(folder)}/generation.sock`, unavailable: `${resolve(folder)}/unavailable.sock` };
}

/** https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#no-auth-locations */
const noAuthLocations = '/.well-known/acme-challenge';

function match({ path, pathType }: ServerPath, regex: boolean): string {
  if (regex) return `~* "^${path}"`;
  return pathType === 'Exact' ? `= "${path}"` : `"${path}"`;
}

function authOf(path: ServerPath): AuthQuestion | undefined {
  const { auth } = path.reading;
  return auth === 'denied' || path.path.startsWith(noAuthLocations) ? undefined : auth;
}

function location(path: ServerPath, id: number, o: { readonly regex: boolean; readonly folder: string }): string {
  const { reading } = path;
  const away = `http://unix:${socketsOf(o.folder).unavailable}`;
  const rewrite =
    reading.rewriteTarget === undefined ? [] : [`rewrite "(?i)${path.path}" ${reading.rewriteTarget} break`];
  return appLocation({
    id,
    match: match(path, o.regex),
    auth: authOf(path),
    upstream: reading.auth === 'denied' || path.upstream === undefined ? away : `http://${path.upstream}`,
    bufferSize: reading.bufferSize,
    bodySize: reading.bodySize,
    settings: ['proxy_buffering off', `proxy_request_buffering ${reading.requestBuffering ? 'on' : 'off'}`, ...rewrite],
  });
}

function locations(server: Server, folder: string): string {
  const { regex, paths } = server;
  const hasRoot = paths.some(({ path, pathType }) => path === '/' && (regex || pathType !== 'Exact'));
  const rest = hasRoot ? '' : `\n    location ${regex ? '~* "^/"' : '/'} { return 404; }`;
  return paths.map((path, id) => location(path, id, { regex, folder })).join('') + rest;
}

/** The whole file, to the contract of what ingress-nginx generates (dataplanes.md 1.2). */
export function ingressConfig(servers: readonly Server[], frame: NginxFrame, generation: number): string {
  const sockets = socketsOf(frame.folder);
  const own = `
  server { listen unix:${sockets.generation}; return 200 ${generation}; }
  server { listen unix:${sockets.unavailable}; return 503; }`;
  const named = servers
    .filter(({ host }) => host !== anyHost)
    .map((server) => serverBlock(frame.port, [server.host], locations(server, frame.folder)));
  const others = servers.find(({ host }) => host === anyHost);
  const rest = others === undefined ? undefined : locations(others, frame.folder);
  return nginxFile(frame, `${own}${named.join('')}`, rest);
}
