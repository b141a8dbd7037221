import { decide } from '../../src/decide/decide.ts';
import type { WebRequest, WebResponse } from '../../src/model/web.ts';
import { cognitoHost, type FakeSignIn } from './fake-cognito.ts';
import type { World } from './world.ts';

export interface Visited {
  /** Where the browser is in the end. */
  readonly url: URL;
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Every address on the way, the first included. */
  readonly way: readonly URL[];
  readonly cookies: readonly string[];
}

interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** A browser in memory: cookies by host, redirects, meta refresh; in front of each app the decision, as NGINX asks it. */
export class Browser {
  readonly jars = new Map<string, Map<string, string>>();
  readonly sso: FakeSignIn = { person: undefined };
  #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** From now on another replica answers. */
  use(world: World): void {
    this.#world = world;
  }

  cookieHeader(host: string): string | undefined {
    const jar = this.jars.get(host);
    return jar === undefined || jar.size === 0
      ? undefined
      : [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  jar(host: string): Map<string, string> {
    const jar = this.jars.get(host) ?? new Map<string, string>();
    this.jars.set(host, jar);
    return jar;
  }

  /** One request, no redirect followed; cookies are kept. */
  async ask(address: string | URL, ask: Ask = {}): Promise<WebResponse> {
    const url = new URL(address);
    const response = await this.#world.handle(webRequest(url, this.cookieHeader(url.hostname), ask));
    for (const cookie of response.cookies) {
      const pair = cookie.slice(0, cookie.indexOf(';'));
      const name = pair.slice(0, pair.indexOf('='));
      if (/; Max-Age=0(;|$)/.test(cookie)) {
        this.jar(url.hostname).delete(name);
      } else {
        this.jar(url.hostname).set(name, pair.slice(name.length + 1));
      }
    }
    return response;
  }

  /** Goes where it is sent until a page stays; `until` stops before an address. */
  async go(address: string | URL, ask: Ask & { readonly until?: (url: URL) => boolean } = {}): Promise<Visited> {
    const way: URL[] = [];
    const cookies: string[] = [];
    let url = new URL(address);
    let next: Ask = ask;
    for (let step = 0; step < 40; step += 1) {
      way.push(url);
      if (ask.until?.(url) === true) {
        return { url, status: 0, body: '', headers: {}, way, cookies };
      }
      const response = await this.#step(url, next);
      cookies.push(...response.cookies);
      const refresh = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(response.body)?.[1]?.replaceAll('&amp;', '&');
      const location = response.headers['location'] ?? refresh;
      if (location === undefined) {
        return { url, status: response.status, body: response.body, headers: response.headers, way, cookies };
      }
      url = new URL(location, url);
      next = {};
    }
    throw new Error(`no end: ${way.map((one) => one.pathname).join(' ')}`);
  }

  async #step(url: URL, ask: Ask): Promise<WebResponse> {
    if (url.hostname === cognitoHost) {
      const to = this.#world.cognito.visit(url, this.sso);
      return to === undefined ? answer(200, 'Cognito: password?') : answer(302, '', to.href);
    }
    const isOurs = url.pathname.startsWith('/_cognito-gate') || url.pathname.startsWith('/oauth2/');
    return isOurs ? this.ask(url, ask) : this.#app(url);
  }

  /** The app behind NGINX: the decision, and 401 as a redirect to start. */
  async #app(url: URL): Promise<WebResponse> {
    const table = this.#world.table();
    const found = table.routeAt(url.hostname, url.pathname);
    if (found?.policy === undefined) {
      return answer(403, 'no route');
    }
    const pools = found.policy.policy.pools.flatMap((id) => table.pools.get(id) ?? []);
    const hosts = { hosts: found.route.hosts, matchesHost: () => false };
    const { live } = await this.#world.sessions.read(this.cookieHeader(url.hostname), hosts, pools);
    const request = {
      method: 'GET',
      path: url.pathname,
      query: url.search.slice(1),
      clientAddress: undefined,
      cookie: undefined,
      authorization: undefined,
      authorizationTwice: false,
      navigation: 'document' as const,
      webSocket: false,
      origin: undefined,
      preflight: false,
    };
    const verdict = decide(
      request,
      live.map((session) => session.identity),
      found.policy,
      { acme: true, prefix: '/_cognito-gate', now: () => this.#world.clock.now },
    );
    if (verdict.kind === 'allow') {
      const { identity } = verdict;
      return answer(200, `app: ${identity?.kind === 'person' ? identity.username : 'anyone'}`);
    }
    const rd = encodeURIComponent(`${url.pathname}${url.search}`);
    return answer(302, '', `https://${url.hostname}/_cognito-gate/start/${found.route.id}?rd=${rd}`);
  }
}

function answer(status: number, body: string, location?: string): WebResponse {
  return { status, body, cookies: [], headers: location === undefined ? {} : { location } };
}

let count = 0;

export function webRequest(url: URL, cookie: string | undefined, ask: Ask = {}): WebRequest {
  count += 1;
  const headers: Readonly<Record<string, string | undefined>> = { cookie, ...ask.headers };
  return {
    method: ask.method ?? (ask.form === undefined ? 'GET' : 'POST'),
    host: url.hostname,
    path: url.pathname,
    query: url.searchParams,
    header: (name) => headers[name],
    form: new URLSearchParams(ask.form ?? {}),
    id: `id${count}`,
  };
}
