import type { Certificate } from './certificates.ts';
import { appLocation, nginxFile, serverBlock } from './nginx-locations.ts';

/** One protected Ingress: its host, its id, and the port of the app behind it. */
export interface NginxRoute {
  readonly host: string;
  readonly routeId: string;
  readonly upstreamPort: number;
  /** Default `/`. */
  readonly path?: string;
  /** Default true: whether the wiring names a place to sign in. */
  readonly signIn?: boolean;
  /** Default true: whether the companion sends the sign-in paths of the host to the program. */
  readonly companion?: boolean;
}

export interface NginxConfigInput {
  readonly folder: string;
  readonly port: number;
  readonly tls: Certificate;
  readonly decisions: string;
  readonly signIn: string;
  readonly signInHost: string;
  readonly prefix: string;
  readonly routes: readonly NginxRoute[];
}

/** The names that the wiring puts into `auth-response-headers`. */
const identityHeaders = ['User', 'Email', 'Groups', 'Preferred-Username', 'Groups-Partial'].map(
  (name) => `X-Auth-Request-${name}`,
);

const publicPort = (port: number): string => (port === 443 ? '' : `:${port}`);

function routeLocation(route: NginxRoute, index: number, input: NginxConfigInput): string {
  const start = `https://$host${publicPort(input.port)}${input.prefix}/start/${route.routeId}`;
  return appLocation({
    id: index,
    match: route.path ?? '/',
    auth: {
      url: `http://${input.decisions}/nginx/${route.routeId}`,
      method: 'GET',
      responseHeaders: identityHeaders,
      signIn: route.signIn === false ? undefined : `${start}?rd=$escaped_request_uri`,
    },
    upstream: `http://127.0.0.1:${route.upstreamPort}`,
  });
}

/** What the companion Ingress makes (pathType Prefix: the path itself and all below), and the sign-in host's own. */
function programLocations(path: string, input: NginxConfigInput): string {
  const to = { auth: undefined, upstream: `http://${input.signIn}`, bufferSize: '16k' };
  return [`${path}/`, `= ${path}`].map((match) => appLocation({ id: '', match, ...to })).join('');
}

/** A configuration with the contract of ingress-nginx's generated one, written for stock NGINX. */
export function nginxConfig(input: NginxConfigInput): string {
  const hosts = [...new Set(input.routes.map((route) => route.host))];
  const servers = hosts.map((host) => {
    const routes = input.routes.map((route, index) => ({ route, index })).filter(({ route }) => route.host === host);
    const companion = routes.some(({ route }) => route.companion !== false);
    const apps = routes.map(({ route, index }) => routeLocation(route, index, input)).join('\n');
    return serverBlock(input.port, [host], `${companion ? programLocations(input.prefix, input) : ''}${apps}`);
  });
  const signIn = serverBlock(input.port, [input.signInHost], programLocations('/oauth2', input));
  return nginxFile(input, [...servers, signIn].join('\n'));
}
