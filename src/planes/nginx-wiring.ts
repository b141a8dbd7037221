import { identityHeaders } from './identity-headers.ts';

export const authSignIn = 'nginx.ingress.kubernetes.io/auth-signin';

export interface Install {
  /** The part before `/nginx/`, with or without `http://`. */
  readonly decisionsAddress: string;
  readonly publicPort: number;
  /** Of the sign-in paths, for instance `/_cognito-gate`. */
  readonly prefix: string;
}

/** ingress-nginx's own rule for auth-url and auth-signin, narrower by the space that it lets pass (dataplanes.md 1.4). */
const allowed = /^[-._~a-zA-Z0-9/:,?&=$]+$/;

/**
 * The annotations that make NGINX ask us. Nothing in them comes from a user: the route is named by its id, and what the
 * validator would refuse (and then leave the route open) is an error here. Without a sign-in NGINX hands on our 401 as it is,
 * with its challenge.
 */
export function wiring(
  routeId: string,
  install: Install,
  ways: { readonly signIn?: false } = {},
): Record<string, string> {
  if (!/^[0-9a-f]{32}$/.test(routeId)) throw new Error('a route id is 32 lowercase hex characters');
  const port = install.publicPort === 443 ? '' : `:${String(install.publicPort)}`;
  const start = `https://$host${port}${install.prefix}/start/${routeId}?rd=$escaped_request_uri`;
  return {
    'nginx.ingress.kubernetes.io/auth-url': checked(`${decisionsUrl(install.decisionsAddress)}${routeId}`),
    ...(ways.signIn === false ? {} : { [authSignIn]: checked(start) }),
    'nginx.ingress.kubernetes.io/auth-response-headers': identityHeaders.join(','),
    'nginx.ingress.kubernetes.io/auth-method': 'GET',
  };
}

/** What a route id is appended to. In: `host:port`, with or without `http://`. */
export function decisionsUrl(address: string): string {
  const url = /^https?:\/\//.test(address) ? address : `http://${address}`;
  return `${url.replace(/\/+$/, '')}/nginx/`;
}

function checked(value: string): string {
  if (allowed.test(value)) return value;
  throw new Error(`ingress-nginx would refuse "${value}": only letters, digits and -._~/:,?&=$ may be in it`);
}
