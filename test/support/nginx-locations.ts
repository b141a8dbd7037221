import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Certificate } from './certificates.ts';

/** What the auth annotations of an Ingress come to. */
export interface AuthQuestion {
  /** `http://host:port/path`. */
  readonly url: string;
  /** With it ingress-nginx also sends `X-Original-URI` and `X-Scheme`. */
  readonly method: string | undefined;
  readonly responseHeaders: readonly string[];
  /** Where a 401 leads, as `return 302` takes it; undefined: the 401 goes to the client. */
  readonly signIn: string | undefined;
}

export interface AppLocation {
  /** Tells its helpers from those of other locations of the server. */
  readonly id: number | string;
  /** What stands after `location`: `/`, `= /a`, `~* "^/a"`. */
  readonly match: string;
  readonly auth: AuthQuestion | undefined;
  /** Of the app, for instance `http://127.0.0.1:8080`. */
  readonly upstream: string;
  /** Default 4k; the location of the question takes it over. */
  readonly bufferSize?: string;
  /** Default 1m; likewise. */
  readonly bodySize?: string;
  /** More directives. */
  readonly settings?: readonly string[];
}

/** Debian's packages have them as modules. */
function moduleLines(): string {
  const folder = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules'].find((path) => existsSync(path));
  if (folder === undefined) return '';
  const names = ['ndk_http_module.so', 'ngx_http_set_misc_module.so'];
  return names.map((name) => `load_module ${folder}/${name};`).join('\n');
}

const withMethod = (method: string): string => `
      proxy_method ${method};
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Scheme $scheme;`;

/** ingress-nginx's location A (dataplanes.md 1.2). Through a variable: a new connection each time. */
function authLocation(location: AppLocation, auth: AuthQuestion, name: string): string {
  const bufferSize = location.bufferSize ?? '4k';
  return `
    location = ${name} {
      internal;
      access_log off;
      proxy_intercept_errors off;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Forwarded-Proto "";
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header Host ${new URL(auth.url).hostname};${auth.method === undefined ? '' : withMethod(auth.method)}
      proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Sent-From "nginx-ingress-controller";
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Auth-Request-Redirect $request_uri;
      proxy_buffering off;
      proxy_buffer_size ${bufferSize};
      proxy_buffers 4 ${bufferSize};
      proxy_http_version 1.1;
      proxy_ssl_server_name on;
      proxy_pass_request_headers on;
      client_max_body_size ${location.bodySize ?? '1m'};
      set $target ${auth.url};
      proxy_pass $target;
    }`;
}

/** Location B: where a 401 leads. */
function signInLocation(name: string, signIn: string): string {
  return `
    location ${name} {
      internal;
      add_header Set-Cookie $auth_cookie;
      return 302 ${signIn};
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

function askingLines(auth: AuthQuestion, name: string, signInName: string): string {
  const snake = (header: string): string => header.toLowerCase().replaceAll('-', '_');
  const take = auth.responseHeaders.map(
    (header) => `
      auth_request_set $auth_header_${snake(header)} $upstream_http_${snake(header)};
      proxy_set_header ${header} $auth_header_${snake(header)};`,
  );
  const signIn = `
      set_escape_uri $escaped_request_uri $request_uri;
      error_page 401 = ${signInName};`;
  return `
      auth_request ${name};
      auth_request_set $auth_cookie $upstream_http_set_cookie;
      add_header Set-Cookie $auth_cookie;${take.join('')}${auth.signIn === undefined ? '' : signIn}`;
}

/** Location C, the app, with the two that it asks through. The request as it came goes on only after a 200. */
export function appLocation(location: AppLocation): string {
  const { auth, bufferSize = '4k' } = location;
  const name = `/_external-auth-${location.id}`;
  const signInName = `@sign-in-${location.id}`;
  const settings = (location.settings ?? []).map((line) => `\n      ${line};`).join('');
  const parts = [
    ...(auth === undefined ? [] : [authLocation(location, auth, name)]),
    ...(auth?.signIn === undefined ? [] : [signInLocation(signInName, auth.signIn)]),
    `
    location ${location.match} {${auth === undefined ? '' : askingLines(auth, name, signInName)}${proxyHeaders}
      proxy_buffer_size ${bufferSize};
      proxy_buffers 4 ${bufferSize};
      client_max_body_size ${location.bodySize ?? '1m'};${settings}
      proxy_pass ${location.upstream};
    }`,
  ];
  return parts.join('');
}

export interface NginxFrame {
  readonly folder: string;
  readonly port: number;
  readonly tls: Certificate;
  /** Whom to ask for names in `proxy_pass` with a variable. */
  readonly resolver?: string | undefined;
}

export function serverBlock(port: number, names: readonly string[], content: string): string {
  return `
  server {
    listen 127.0.0.1:${port} ssl http2;
    server_name ${names.join(' ')};
    set $auth_cookie "";
${content}
  }`;
}

/** The whole file. Hosts that no server names get 404, if `otherHosts` doesn't say what else. */
export function nginxFile(frame: NginxFrame, servers: string, otherHosts = '    return 404;'): string {
  const folder = resolve(frame.folder);
  const account = process.getuid?.() === 0 ? `user root;` : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${folder}/temporary/${name};`)
    .join('\n');
  // ingress-nginx: `resolver … valid=30s`.
  const resolver = frame.resolver === undefined ? '' : `\n  resolver ${frame.resolver} valid=30s ipv6=off;`;
  return `# What ingress-nginx generates for our annotations, for stock NGINX.
${moduleLines()}
${account}
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  server_tokens off;${resolver}
${temporary}
  large_client_header_buffers 4 8k;
  server_names_hash_bucket_size 128;
  server_names_hash_max_size 8192;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${frame.port} ssl http2 default_server;
    server_name _;
    # Holds for all servers of the port; given to each, it would be read once for each.
    ssl_certificate ${resolve(frame.tls.cert)};
    ssl_certificate_key ${resolve(frame.tls.key)};
    set $auth_cookie "";
${otherHosts}
  }
${servers}
}
`;
}
