import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Certificate } from './certificates.ts';

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

function moduleLines(): string {
  const folder = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules'].find((path) => existsSync(path));
  if (folder === undefined) return '';
  const names = ['ndk_http_module.so', 'ngx_http_set_misc_module.so'];
  return names.map((name) => `load_module ${folder}/${name};`).join('\n');
}

const publicPort = (port: number): string => (port === 443 ? '' : `:${port}`);

/** ingress-nginx's location A (dataplanes.md 1.2), with `auth-method: GET`. Through a variable: a new connection each time. */
function authLocation(route: NginxRoute, name: string, decisions: string): string {
  return `
    location = ${name} {
      internal;
      access_log off;
      proxy_intercept_errors off;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Forwarded-Proto "";
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header Host ${decisions.replace(/:\d+$/, '')};
      proxy_method GET;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Scheme $scheme;
      proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Sent-From "nginx-ingress-controller";
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Auth-Request-Redirect $request_uri;
      proxy_buffering off;
      proxy_buffer_size 4k;
      proxy_buffers 4 4k;
      proxy_http_version 1.1;
      proxy_ssl_server_name on;
      proxy_pass_request_headers on;
      client_max_body_size 1m;
      set $target http://${decisions}/nginx/${route.routeId};
      proxy_pass $target;
    }`;
}

/** Location B: where a 401 leads. */
function signInLocation(route: NginxRoute, name: string, input: NginxConfigInput): string {
  const start = `https://$host${publicPort(input.port)}${input.prefix}/start/${route.routeId}`;
  return `
    location ${name} {
      internal;
      add_header Set-Cookie $auth_cookie;
      return 302 ${start}?rd=$escaped_request_uri;
    }`;
}

const proxyHeaders = `
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Scheme $scheme;
      proxy_set_header X-Scheme $scheme;
      proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
      proxy_set_header Proxy "";
      proxy_http_version 1.1;
      proxy_redirect off;`;

/** Location C: the app. The request as it came, its path included, goes on only after a 200. */
function appLocation(route: NginxRoute, index: number, input: NginxConfigInput): string {
  const auth = `/_external-auth-${index}`;
  const signIn = `@sign-in-${index}`;
  const asksToSignIn = route.signIn !== false;
  const variable = (name: string): string => `$auth_${name.toLowerCase().replaceAll('-', '_')}`;
  const take = identityHeaders.map((name) => {
    const upstream = `$upstream_http_${name.toLowerCase().replaceAll('-', '_')}`;
    return `      auth_request_set ${variable(name)} ${upstream};\n      proxy_set_header ${name} ${variable(name)};`;
  });
  return `${authLocation(route, auth, input.decisions)}${asksToSignIn ? signInLocation(route, signIn, input) : ''}
    location ${route.path ?? '/'} {
      auth_request ${auth};
      auth_request_set $auth_cookie $upstream_http_set_cookie;
      add_header Set-Cookie $auth_cookie;
${take.join('\n')}
${asksToSignIn ? `      set_escape_uri $escaped_request_uri $request_uri;\n      error_page 401 = ${signIn};` : ''}${proxyHeaders}
      proxy_pass http://127.0.0.1:${route.upstreamPort};
    }`;
}

/** What the companion Ingress makes (pathType Prefix: the path itself and all below), and the sign-in host's own. */
function programLocations(path: string, input: NginxConfigInput): string {
  const body = `{${proxyHeaders}
      proxy_buffer_size 16k;
      proxy_buffers 4 16k;
      proxy_pass http://${input.signIn};
    }`;
  return `
    location ${path}/ ${body}
    location = ${path} ${body}`;
}

function server(host: string, content: string, input: NginxConfigInput): string {
  return `
  server {
    listen 127.0.0.1:${input.port} ssl http2;
    server_name ${host};
    set $auth_cookie "";
${content}
  }`;
}

/** A configuration with the contract of ingress-nginx's generated one, written for stock NGINX. */
export function nginxConfig(input: NginxConfigInput): string {
  const hosts = [...new Set(input.routes.map((route) => route.host))];
  const servers = hosts.map((host) => {
    const routes = input.routes.map((route, index) => ({ route, index })).filter(({ route }) => route.host === host);
    const companion = routes.some(({ route }) => route.companion !== false);
    const apps = routes.map(({ route, index }) => appLocation(route, index, input)).join('\n');
    return server(host, `${companion ? programLocations(input.prefix, input) : ''}${apps}`, input);
  });
  const account = process.getuid?.() === 0 ? `user root;` : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${resolve(input.folder)}/temporary/${name};`)
    .join('\n');
  return `# What ingress-nginx generates for our annotations, for stock NGINX.
${moduleLines()}
${account}
worker_processes 1;
pid ${resolve(input.folder)}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  server_tokens off;
${temporary}
  ssl_certificate ${resolve(input.tls.cert)};
  ssl_certificate_key ${resolve(input.tls.key)};
  large_client_header_buffers 4 8k;
  server_names_hash_bucket_size 128;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${input.port} ssl http2 default_server;
    server_name _;
    return 404;
  }
${servers.join('\n')}
${server(input.signInHost, programLocations('/oauth2', input), input)}
}
`;
}
