import https from 'node:https';

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Visit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Headers of a browser's own navigation. */
export const navigation: Readonly<Record<string, string>> = {
  accept: 'text/html,application/xhtml+xml',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

const redirectLimit = 20;

/**
 * A person with a small browser: host-only cookies, redirects, forms; every name resolves to loopback.
 * For what a real browser hides: single redirects, cookies as they are, headers as one likes.
 */
export class Visitor {
  readonly jar = new Map<string, Map<string, string>>();
  /** Every URL that was asked for, in order. */
  readonly trail: string[] = [];
  readonly #ca: string;

  constructor(ca: string) {
    this.#ca = ca;
  }

  cookies(host: string): Map<string, string> {
    const present = this.jar.get(host);
    if (present !== undefined) return present;
    const made = new Map<string, string>();
    this.jar.set(host, made);
    return made;
  }

  /** One request; nothing is followed. */
  async ask(target: string | URL, visit: Visit = {}): Promise<Page> {
    const url = new URL(target);
    this.trail.push(url.href);
    const jar = this.cookies(url.hostname);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...navigation, ...(cookie === '' ? {} : { cookie }), ...visit.headers };
    const page = await send(url, { ...visit, headers }, this.#ca);
    for (const line of [page.headers['set-cookie'] ?? []].flat()) store(jar, line);
    return page;
  }

  /** A navigation: redirects are followed, as GET, until a page that isn't one. */
  async go(target: string | URL, visit: Visit = {}): Promise<Page> {
    let page = await this.ask(target, visit);
    for (let count = 0; page.status >= 300 && page.status < 400; count += 1) {
      if (count === redirectLimit)
        throw new Error(`more than ${redirectLimit} redirects: ${this.trail.slice(-6).join(' → ')}`);
      page = await this.ask(new URL(String(page.headers['location']), page.url));
    }
    return page;
  }

  /** Sends the (first) form of a page with these fields. */
  async submit(page: Page, fields: Readonly<Record<string, string>>): Promise<Page> {
    const form = /<form[^>]*>[\s\S]*?<\/form>/.exec(page.body)?.[0];
    if (form === undefined) throw new Error(`no form on ${page.url.href} (${page.status}): ${page.body.slice(0, 300)}`);
    const action = /<form[^>]*\baction="([^"]*)"/.exec(form)?.[1]?.replaceAll('&amp;', '&') ?? page.url.href;
    const body = new URLSearchParams(fields);
    for (const [input] of form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      body.append(attribute(input, 'name'), attribute(input, 'value'));
    }
    return this.go(new URL(action, page.url), {
      method: 'POST',
      body: body.toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
        origin: page.url.origin,
      },
    });
  }

  /** Opens a page, signs in where Cognito asks, and ends where that leads. */
  async signIn(target: string, account: { username: string; password: string }): Promise<Page> {
    const page = await this.go(target);
    if (!/name="password"/.test(page.body)) return page;
    return this.submit(page, { username: account.username, password: account.password });
  }
}

function attribute(tag: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&') ?? '';
}

function store(jar: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';');
  const equals = pair.indexOf('=');
  const name = pair.slice(0, equals);
  if (/;\s*max-age=0\b/i.test(line) || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
  else jar.set(name, pair.slice(equals + 1));
}

function send(url: URL, visit: Visit, ca: string): Promise<Page> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        host: '127.0.0.1',
        port: url.port === '' ? 443 : Number(url.port),
        servername: url.hostname,
        path: `${url.pathname}${url.search}`,
        method: visit.method ?? 'GET',
        headers: { host: url.host, ...visit.headers },
        ca,
        agent: false,
        timeout: 15_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => void chunks.push(chunk));
        response.on('end', () =>
          resolve({
            url,
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ url, status: response.statusCode ?? 0, headers: response.headers, body: '' });
    });
    request.on('timeout', () => request.destroy(new Error(`${url.href}: no answer within 15 s`)));
    request.end(visit.body);
  });
}
