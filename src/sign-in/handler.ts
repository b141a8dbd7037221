import type { Table } from '../decide/table.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import { createBoundedCache } from '../session/bounded-cache.ts';
import { TooLargeToSeal } from '../session/fitting.ts';
import { limits } from '../session/limits.ts';
import { createSignIns } from '../session/sign-ins.ts';
import { StoreUnavailable } from '../session/state-store.ts';
import { createUsedOnce } from '../session/used-once.ts';
import { authorize } from './authorize.ts';
import { callback } from './callback.ts';
import { complete } from './complete.ts';
import type { Context, SignInDeps } from './deps.ts';
import { createFewChecks } from './few-checks.ts';
import { createOrigins } from './origins.ts';
import { later, storeIsAway } from './later.ts';
import { pageResponse } from './pages/layout.ts';
import { failedPage, notFoundPage } from './pages/way.ts';
import { redirect } from './reply.ts';
import { signOutEverywhere } from './sign-out-everywhere.ts';
import { signOut } from './sign-out.ts';
import { signedOut } from './signed-out.ts';
import { start } from './start.ts';
import { createTurns } from './turns.ts';
import { userinfo, whoYouAre } from './who-you-are.ts';

export type { SignInLine } from './deps.ts';

type Step = (request: WebRequest) => WebResponse | Promise<WebResponse>;

interface Place {
  readonly methods: readonly string[];
  readonly step: Step;
}

/** Cognito allows 120 token requests a second for all apps of an account (cognito.md 4); each takes well under one. */
const redeemed = { atOnce: 50, waiting: 100 };
const leadsKept = { entries: 5000, bytes: 4 * 1_048_576 };

/**
 * Everything on the sign-in port, by host and path; never throws. Where it answers depends on the host that the
 * browser asked, and every address that it sends a browser to is made of configuration and table.
 */
export function createSignInHandler(deps: SignInDeps): (request: WebRequest) => Promise<WebResponse> {
  const context: Context = {
    ...deps,
    origins: createOrigins(deps.config),
    signIns: createSignIns(deps),
    signInsOrEnded: createSignIns({ ...deps, ended: { has: () => false } }),
    used: createUsedOnce(deps.now),
    usedStates: createUsedOnce(deps.now, limits.usedOnce, 'forgetOldest'),
    mayCheck: createFewChecks(deps.now),
    turns: createTurns(redeemed),
    leads: createBoundedCache<string>(leadsKept),
  };
  return async (request) => {
    try {
      return withoutBody(request, await answer(context, request));
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        return withoutBody(request, storeUnavailable(deps, request));
      }
      const tooLarge = error instanceof TooLargeToSeal;
      deps.events.log({ event: 'failed', id: request.id, reason: tooLarge ? 'too_large_to_seal' : 'internal_error' });
      deps.events.onError?.(error, request.id);
      const page = failedPage({
        reason: tooLarge ? error.message : 'an error of ours',
        again: undefined,
        contact: deps.config.contact,
      });
      return withoutBody(request, pageResponse(500, page, request.id));
    }
  };
}

/** Nothing has ended: cookies stay, and the same address serves once the store answers. */
function storeUnavailable(deps: SignInDeps, request: WebRequest): WebResponse {
  deps.events.log({ event: 'store_unavailable', id: request.id });
  const query = request.query.toString();
  const again = request.method === 'POST' ? undefined : `${request.path}${query === '' ? '' : `?${query}`}`;
  const { contact } = deps.config;
  return later(request, { reason: storeIsAway, again, contact });
}

function withoutBody(request: WebRequest, response: WebResponse): WebResponse {
  return request.method === 'HEAD' ? { ...response, body: '' } : response;
}

async function answer(context: Context, request: WebRequest): Promise<WebResponse> {
  const place =
    request.host === context.config.signInHost ? onSignInHost(context, request) : onAppHost(context, request);
  if (place === undefined) {
    return pageResponse(404, notFoundPage(), request.id);
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (!place.methods.includes(method)) {
    const refused = pageResponse(405, notFoundPage(), request.id);
    return { ...refused, headers: { ...refused.headers, allow: [...place.methods, 'HEAD'].join(', ') } };
  }
  return place.step(request);
}

function onSignInHost(context: Context, { path }: WebRequest): Place | undefined {
  switch (path) {
    case '/oauth2/authorize':
      return get((request) => authorize(context, request));
    case '/oauth2/callback':
      return get((request) => callback(context, request));
    case '/oauth2/sign-out':
      return { methods: ['GET', 'POST'], step: (request) => signOutEverywhere(context, request) };
    case '/oauth2/signed-out':
      return get((request) => signedOut(context, request));
    default:
      return undefined;
  }
}

function onAppHost(context: Context, request: WebRequest): Place | undefined {
  const { prefix } = context.config;
  const table = context.table();
  if (table === undefined || table.routesOn(request.host).length === 0) {
    return undefined;
  }
  if (request.path === prefix) {
    return get(({ host }) => redirect(context.origins.own(host, '/')));
  }
  if (!request.path.startsWith(`${prefix}/`)) {
    return undefined;
  }
  return onOwnPath(context, table, request.path.slice(prefix.length));
}

function onOwnPath(context: Context, table: Table, path: string): Place | undefined {
  switch (path) {
    case '/':
      return get((request) => whoYouAre(context, table, request));
    case '/userinfo':
      return get((request) => userinfo(context, table, request));
    case '/sign-out':
      return { methods: ['GET', 'POST'], step: (request) => signOut(context, table, request) };
    default:
      break;
  }
  const routeId = /^\/start\/([0-9a-f]{32})$/.exec(path)?.[1];
  if (routeId !== undefined) {
    return get((request) => start(context, table, request, routeId));
  }
  const part = /^\/complete\/([A-Za-z0-9_.-]{1,1000})$/.exec(path)?.[1];
  return part === undefined ? undefined : get((request) => complete(context, table, request, part));
}

function get(step: Step): Place {
  return { methods: ['GET'], step };
}
