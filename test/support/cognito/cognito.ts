import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenOn } from '../ports.ts';
import { authorizeFault, logout, showError, signIn } from './browser-pages.ts';
import type { Exchange, PagesInput } from './browser-pages.ts';
import { peoplePage } from './people-page.ts';
import { createDirectory } from './directory.ts';
import { createKeys } from './keys.ts';
import { createProvider } from './provider.ts';
import { createRotated } from './rotated.ts';
import type { Rotated } from './rotated.ts';
import { sign } from './tamper.ts';
import { emptyStats, noFaults } from './types.ts';
import type { Cognito, CognitoOptions, CognitoStats, EndpointFault } from './types.ts';
import { shapeWire } from './wire.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify(body));
}

/** True: the fault answered (or cut the connection). */
async function applyFault(fault: EndpointFault | undefined, { request, response }: Exchange): Promise<boolean> {
  if (fault === undefined) return false;
  if (fault.delayMs !== undefined) await sleep(fault.delayMs);
  if (fault.reset === true) {
    request.socket.destroy();
    return true;
  }
  if (fault.status === undefined) return false;
  sendJson(response, fault.status, fault.body ?? {});
  return true;
}

type Endpoint = Exclude<keyof CognitoStats, 'signIn'>;

/** Discovery and key set are at the issuer only, everything else at the domain (cognito.md 1.1). */
function endpoints(poolId: string): ReadonlyMap<string, Endpoint> {
  return new Map<string, Endpoint>([
    [`/${poolId}/.well-known/openid-configuration`, 'discovery'],
    [`/${poolId}/.well-known/jwks.json`, 'jwks'],
    ['/oauth2/authorize', 'authorize'],
    ['/oauth2/token', 'token'],
    ['/oauth2/revoke', 'revoke'],
    ['/oauth2/userInfo', 'userInfo'],
    ['/logout', 'logout'],
  ]);
}

function withoutPrompt({ request, url }: Exchange): void {
  const other = new URL(url);
  other.searchParams.delete('prompt');
  request.url = `${other.pathname}${other.search}`;
}

function createHandler(input: PagesInput & { readonly rotated: Rotated }, poolId: string, domain: string): Handler {
  const byPath = endpoints(poolId);
  const provide = input.provider.callback();
  const faultOf = (endpoint: Endpoint): EndpointFault | undefined =>
    endpoint === 'token' || endpoint === 'jwks' || endpoint === 'discovery' || endpoint === 'revoke'
      ? input.faults[endpoint]
      : undefined;

  const ask = async (endpoint: Endpoint, exchange: Exchange): Promise<void> => {
    input.stats[endpoint] += 1;
    if (await applyFault(faultOf(endpoint), exchange)) return;
    if (endpoint === 'logout') return await logout(input, exchange);
    // It has no groups, so nothing that decides about access may use it (cognito.md 1.7).
    if (endpoint === 'userInfo') return sendJson(exchange.response, 401, { error: 'invalid_token' });
    if (endpoint === 'authorize' && authorizeFault(input, exchange)) return;
    if (endpoint === 'authorize' && input.faults.prompt === 'ignored') withoutPrompt(exchange);
    const keys = endpoint === 'jwks' ? input.rotated.document() : undefined;
    if (keys !== undefined) return sendJson(exchange.response, 200, keys);
    if (endpoint === 'discovery' || endpoint === 'jwks')
      exchange.request.url = exchange.url.pathname.slice(poolId.length + 1);
    await provide(exchange.request, exchange.response);
  };

  return async (request, response) => {
    const url = new URL(request.url ?? '/', domain);
    const exchange: Exchange = { request, response, url };
    const endpoint = byPath.get(url.pathname);
    if (endpoint !== undefined) return await ask(endpoint, exchange);
    if (url.pathname === '/login') return await signIn(input, exchange);
    if (url.pathname === '/error') return showError(exchange);
    if (url.pathname === '/people' && input.peoplePage) return await peoplePage(input.directory, exchange);
    if (!url.pathname.startsWith('/oauth2/authorize/')) return sendJson(response, 404, { message: 'not found' });
    await provide(request, response);
  };
}

function serve(server: Server, handle: Handler): void {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) sendJson(response, 500, { error: 'server_error' });
      process.stderr.write(`Cognito stand-in: ${String(error)}\n`);
    });
  });
}

/** An Amazon Cognito user pool on loopback: a certified OpenID provider with Cognito's habits (cognito.md 7). */
export async function startCognito(options: CognitoOptions): Promise<Cognito> {
  const poolId = options.poolId ?? 'eu-west-1_AbCdEfGhI';
  const server: Server = options.tls === undefined ? createHttpServer() : createHttpsServer({ ...options.tls });
  const port = await listenOn(server, options.port ?? 0);
  const origin = (host: string): string => `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`;
  const host = options.host ?? 'localhost';
  const domain = origin(host);
  const issuer = `${origin(options.issuerHost ?? options.host ?? '127.0.0.1')}/${poolId}`;

  const stats = emptyStats();
  const faults = noFaults();
  const keys = createKeys();
  const rotated = createRotated(keys);
  const directory = createDirectory(options.users);
  const provider = createProvider({ options, domain, issuer, keys, directory });
  shapeWire(provider, { domain, issuer, keys, rotated, faults });
  const pages: PagesInput = {
    provider,
    clients: options.clients,
    directory,
    faults,
    stats,
    peoplePage: options.peoplePage === true,
    signedInAt: new Map(),
  };
  serve(server, createHandler({ ...pages, rotated }, poolId, domain));

  return {
    poolId,
    port,
    issuer,
    domain,
    stats,
    faults,
    setGroups: (username, groups) => directory.change(username, { groups }),
    setAttributes: (username, attributes) => directory.change(username, { attributes }),
    rotateKeys: rotated.rotate,
    sign: (claims, by = 'access', header = {}) => {
      const key = keys[by];
      return sign({ ...claims }, key, key.kid, header);
    },
    publicKey: () => ({ kty: 'RSA', n: keys.access.n ?? '', e: keys.access.e ?? '' }),
    disable: (username) => directory.change(username, { disabled: true }),
    enable: (username) => directory.change(username, { disabled: false }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
