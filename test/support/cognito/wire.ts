import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Provider } from 'oidc-provider';
import type { SigningKeys } from './keys.ts';
import type { Rotated } from './rotated.ts';
import { tamper } from './tamper.ts';
import type { CognitoFaults } from './types.ts';

/** What of Koa's context is used here. */
interface WireContext {
  readonly path: string;
  readonly method: string;
  readonly req: IncomingMessage;
  readonly headers: IncomingMessage['headers'];
  status: number;
  body: unknown;
  type: string;
  readonly response: { get(name: string): string };
  set(name: string, value: string): void;
  remove(name: string): void;
}

export interface WireInput {
  readonly domain: string;
  readonly issuer: string;
  readonly keys: SigningKeys;
  readonly rotated: Rotated;
  readonly faults: CognitoFaults;
}

type Fields = Record<string, string>;

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

/** Exactly the twelve fields of Cognito's document, in its alphabetical order (cognito.md 1.1). */
function discoveryDocument({ domain, issuer }: WireInput): unknown {
  return {
    authorization_endpoint: `${domain}/oauth2/authorize`,
    end_session_endpoint: `${domain}/logout`,
    id_token_signing_alg_values_supported: ['RS256'],
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ['code', 'token'],
    revocation_endpoint: `${domain}/oauth2/revoke`,
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
    token_endpoint: `${domain}/oauth2/token`,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    userinfo_endpoint: `${domain}/oauth2/userInfo`,
  };
}

/** Cognito takes the secret either way from one client, oidc-provider one way: the body's becomes a header. */
async function readClientForm(context: WireContext): Promise<Fields> {
  const fields: Fields = Object.fromEntries(await readForm(context.req));
  const { client_id: id, client_secret: secret } = fields;
  if (id !== undefined && secret !== undefined && context.headers.authorization === undefined) {
    const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    context.req.headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    delete fields['client_secret'];
  }
  if (context.headers.authorization !== undefined) delete fields['client_id'];
  // The body was read here: oidc-provider gets a stream with the changed one.
  const body = Buffer.from(new URLSearchParams(fields).toString());
  context.req.headers['content-length'] = String(body.length);
  Object.assign(context, { req: Object.assign(Readable.from([body]), { headers: context.req.headers }) });
  return fields;
}

function textOf(body: unknown, name: string): string | undefined {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** Cognito's error bodies are bare, and all of them 400 (cognito.md 1.5). */
function bareError(context: WireContext, detail: string): void {
  context.status = 400;
  context.body = /redirect_uri mismatch/.test(detail)
    ? { error: 'unauthorized_client', error_description: 'invalid_redirect' }
    : { error: textOf(context.body, 'error') };
  context.remove('WWW-Authenticate');
}

/** Cognito sends a refresh token for a code, and for a refresh only when rotation gave a new one. */
async function tokenAnswer(body: unknown, asked: Fields, { faults, keys, rotated }: WireInput): Promise<unknown> {
  const refresh = textOf(body, 'refresh_token');
  const isNew = refresh !== asked['refresh_token'];
  const { id, access } = await rotated.again({
    id: textOf(body, 'id_token'),
    access: textOf(body, 'access_token') ?? '',
  });
  return {
    ...(id === undefined
      ? {}
      : { id_token: faults.idToken === undefined ? id : await tamper(id, faults.idToken, keys) }),
    access_token: faults.accessToken === undefined ? access : await tamper(access, faults.accessToken, keys),
    ...(refresh !== undefined && isNew ? { refresh_token: refresh } : {}),
    expires_in: Reflect.get(Object(body), 'expires_in') as unknown,
    token_type: 'Bearer',
  };
}

/** Cognito sends no `iss` back to the client, and no descriptions of its own errors. */
function bareRedirect(context: WireContext, domain: string): void {
  const location = context.response.get('location');
  if (location === '' || location.startsWith('/') || location.startsWith(`${domain}/`)) return;
  const url = new URL(location);
  url.searchParams.delete('iss');
  if (url.searchParams.has('error')) url.searchParams.delete('error_description');
  context.set('location', url.href);
  context.status = 302;
}

/** Makes oidc-provider's answers look like Cognito's on the wire. */
export function shapeWire(provider: Provider, input: WireInput): void {
  const details = new WeakMap<object, string>();
  const remember = (context: object, error: unknown): void => {
    details.set(context, textOf(error, 'error_detail') ?? '');
  };
  provider.on('grant.error', remember);

  provider.use(async (koa, next) => {
    const context: WireContext = koa;
    const isForm = context.method === 'POST' && ['/oauth2/token', '/oauth2/revoke'].includes(context.path);
    const asked = isForm ? await readClientForm(context) : {};
    await next();
    if (context.path === '/.well-known/openid-configuration') context.body = discoveryDocument(input);
    if (context.path.startsWith('/oauth2/authorize')) bareRedirect(context, input.domain);
    if (context.path !== '/oauth2/token') return;
    const detail = details.get(koa);
    if (detail !== undefined) bareError(context, detail);
    else if (textOf(context.body, 'access_token') !== undefined)
      context.body = await tokenAnswer(context.body, asked, input);
    context.type = 'application/json;charset=UTF-8';
  });
}
