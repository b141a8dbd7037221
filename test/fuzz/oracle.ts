import { all } from './connection.ts';
import type { Outcome, WireAnswer } from './connection.ts';
import type { Input } from './input.ts';

export interface Rules {
  /** Where a browser may be sent. */
  readonly hosts: ReadonlySet<string>;
  readonly cognitoIsDown: boolean;
}

/** What is wrong with an answer; undefined: nothing. */
export function judge(input: Input, outcome: Outcome, rules: Rules): string | undefined {
  if (outcome.kind !== 'answered') {
    if (outcome.kind === 'silent') return 'no answer in time, and the connection stayed open';
    return input.raw || input.port === 'nginx' ? undefined : 'closed without an answer';
  }
  const { answer } = outcome;
  if (answer.status === 0) return 'no HTTP';
  return input.port === 'decisions' ? judgeDecision(input, answer) : judgePage(input, answer, rules);
}

function judgeDecision(input: Input, answer: WireAnswer): string | undefined {
  const { status } = answer;
  if (![200, 401, 403].includes(status)) return `status ${status} at the decision port`;
  if (answer.body !== '') return 'a body';
  if (all(answer, 'set-cookie').length > 0) return 'sets a cookie';
  if (all(answer, 'content-length').join() !== '0') return 'no Content-Length: 0';
  const user = all(answer, 'x-auth-request-user').join();
  if (input.mayPass === 'must') return status === 200 && user !== '' ? undefined : `the real session got ${status}`;
  if (status !== 200) return undefined;
  if (input.mayPass === 'no') return 'passed';
  return input.mayPass === 'somebody' && user === '' ? 'passed as nobody' : undefined;
}

/** NGINX itself says 501 and 505 to what it has no answer for. */
const broken = (input: Input, status: number): boolean =>
  status >= 500 && !(input.port === 'nginx' && (status === 501 || status === 505));

const sessionSet = /^__Host-cgs?-[^=]*=[^;]/;
/** In a tag or an attribute; as text it is only what somebody wrote. */
const injected = /<script|<img|<svg|=\s*["']?\s*javascript:|<[^>]*\son[a-z]+=/i;

function judgePage(input: Input, answer: WireAnswer, { hosts, cognitoIsDown }: Rules): string | undefined {
  const { status, body } = answer;
  const saysWhy = status === 503 && /can’t be reached/.test(Buffer.from(body, 'latin1').toString());
  if (broken(input, status) && !(cognitoIsDown && saysWhy)) return `status ${status}`;
  if (input.kind === 'app through NGINX' && status < 300) return `the app answered ${status}`;
  // Whoever has a session may be given a newer one.
  const opens = all(answer, 'set-cookie').some((line) => sessionSet.test(line));
  if (opens && input.mayPass === 'no') return 'opens a session';
  if (injected.test(body)) return 'a page with markup of a stranger';
  if (input.path.endsWith('/userinfo') && status === 200 && input.mayPass === 'no') return 'says who somebody is';
  for (const location of all(answer, 'location')) {
    const why = wrongLocation(location, input.host, hosts);
    if (why !== undefined) return why;
  }
  return undefined;
}

function wrongLocation(location: string, host: string, hosts: ReadonlySet<string>): string | undefined {
  const base = `https://${host === '' ? 'nobody.invalid' : host}/`;
  if (!URL.canParse(location, base)) return `a Location that no browser reads: ${location.slice(0, 80)}`;
  const url = new URL(location, base);
  return url.protocol === 'https:' && hosts.has(url.hostname) ? undefined : `leads to ${url.protocol}//${url.hostname}`;
}
