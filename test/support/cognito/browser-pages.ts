import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { Directory } from './directory.ts';
import { errorPage, signInPage } from './pages.ts';
import type { CognitoClient, CognitoFaults, CognitoStats } from './types.ts';
import { readForm } from './wire.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

export interface PagesInput {
  readonly provider: Provider;
  readonly clients: readonly CognitoClient[];
  readonly directory: Directory;
  readonly faults: CognitoFaults;
  readonly stats: CognitoStats;
  /** Whether there is a page where anybody changes groups. */
  readonly peoplePage: boolean;
  /** `auth_time` of the last sign-in, by account. */
  readonly signedInAt: Map<string, number>;
}

/** An unfinished prompt dies after five minutes (cognito.md 1.3). */
const interactionSeconds = 300;

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html;charset=UTF-8', 'cache-control': 'no-store' }).end(html);
}

function redirect(response: ServerResponse, location: string, cookies: readonly string[] = []): void {
  response.writeHead(302, { location, ...(cookies.length > 0 ? { 'set-cookie': [...cookies] } : {}) }).end();
}

const clientOf = (input: PagesInput, url: URL): CognitoClient | undefined =>
  input.clients.find((client) => client.clientId === url.searchParams.get('client_id'));

/** Where the provider goes on after the password; undefined when the page is used up or was open for too long. */
async function finish(
  { provider, faults, signedInAt }: PagesInput,
  page: string,
  accountId: string,
): Promise<string | undefined> {
  const interaction = await provider.Interaction.find(page);
  if (interaction === undefined) return undefined;
  const now = Math.floor(Date.now() / 1000);
  const ts = faults.prompt === 'keepsAuthTime' ? (signedInAt.get(accountId) ?? now) : now;
  signedInAt.set(accountId, ts);
  interaction.result = { login: { accountId, remember: true, ts } };
  await interaction.save(interactionSeconds);
  return interaction.returnTo;
}

export async function signIn(input: PagesInput, { request, response, url }: Exchange): Promise<void> {
  if (request.method !== 'POST') return sendPage(response, 200, signInPage(false, '', input.peoplePage));
  input.stats.signIn += 1;
  const form = await readForm(request);
  const username = form.get('username') ?? '';
  const user = input.directory.byUsername(username);
  if (user === undefined || user.disabled === true || user.password !== form.get('password')) {
    return sendPage(response, 200, signInPage(true, username, input.peoplePage));
  }
  const next = await finish(input, url.searchParams.get('page') ?? '', user.sub);
  if (next === undefined) return sendPage(response, 400, errorPage('Something went wrong'));
  redirect(response, next);
}

/** Sends the browser back with a chosen error, as a failed federation does. False: nothing to do here. */
export function authorizeFault(input: PagesInput, { response, url }: Exchange): boolean {
  const fault = input.faults.authorize;
  const to = url.searchParams.get('redirect_uri') ?? '';
  if (fault === undefined || clientOf(input, url)?.redirectUris.includes(to) !== true) return false;
  const back = new URL(to);
  back.searchParams.set('error', fault.error);
  if (fault.description !== undefined) back.searchParams.set('error_description', fault.description);
  const state = url.searchParams.get('state');
  if (state !== null) back.searchParams.set('state', state);
  redirect(response, back.href);
  return true;
}

const expired = ['cognito=; path=/; max-age=0', 'cognito.sig=; path=/; max-age=0'];

async function endSession(input: PagesInput, { request, response }: Exchange): Promise<void> {
  const context = input.provider.createContext(request, response);
  const session = await input.provider.Session.get(context);
  await session.destroy();
}

/** Cognito's own `/logout` (cognito.md 1.8): `client_id` with `logout_uri`, or with `redirect_uri` and `response_type`. */
export async function logout(input: PagesInput, exchange: Exchange): Promise<void> {
  const { response, url } = exchange;
  const fail = (error: string): void => redirect(response, `/error?${new URLSearchParams({ error }).toString()}`);
  const query = url.searchParams;
  if (query.get('client_id') === null) return fail('Missing required parameter client_id in request URL');
  const client = clientOf(input, url);
  if (client === undefined) return fail('invalid_request');
  const logoutUri = query.get('logout_uri');
  const redirectUri = query.get('redirect_uri');
  if (logoutUri !== null) {
    if (!client.logoutUris.includes(logoutUri)) return fail('redirect_mismatch');
    await endSession(input, exchange);
    return redirect(response, logoutUri, expired);
  }
  if (redirectUri === null || query.get('response_type') === null) {
    return fail("Required String parameter 'redirect_uri' is not present");
  }
  if (!client.redirectUris.includes(redirectUri)) return fail('redirect_mismatch');
  await endSession(input, exchange);
  redirect(response, `/oauth2/authorize?${query.toString()}`, expired);
}

export function showError({ response, url }: Exchange): void {
  sendPage(response, 400, errorPage(url.searchParams.get('error') ?? 'unknown'));
}
