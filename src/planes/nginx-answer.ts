import type { Identity } from '../model/identity.ts';
import type { Request } from '../model/request.ts';
import { refusalReasons, type RefusalReason, type Verdict } from '../model/verdict.ts';
import { writeIdentity } from './identity-headers.ts';

/** Every other status becomes 500 in NGINX (dataplanes.md 1.3). */
export interface PlaneAnswer {
  readonly status: 200 | 401 | 403;
  readonly headers: Readonly<Record<string, string>>;
}

export interface AnsweredRoute {
  /** Whether the wiring has a sign-in, to which NGINX turns a 401. */
  readonly signIn: boolean;
  /** Groups that the route's policy names. */
  readonly namedGroups: ReadonlySet<string>;
  /** Whether some session could be used, though it may not be enough. */
  readonly sessionUsable?: boolean;
}

/** `request`: undefined where it couldn't be read, which is never a reason to sign in. */
export function writeVerdict(verdict: Verdict, request: Request | undefined, route: AnsweredRoute): PlaneAnswer {
  if (verdict.kind === 'allow') return allowed(verdict.identity, route.namedGroups);
  const headers = emptyBody;
  if (route.signIn) return { status: goesToStart(verdict.reason, request, route) ? 401 : 403, headers };
  if (request === undefined || !lacksSession.has(verdict.reason)) return { status: 403, headers };
  // RFC 9110 11.6.1: a 401 has to name a scheme.
  return { status: 401, headers: { ...headers, 'WWW-Authenticate': 'Bearer' } };
}

const emptyBody = { 'Content-Length': '0', 'Cache-Control': 'no-store' };
const publicAnswer: PlaneAnswer = { status: 200, headers: emptyBody };
const answers = new WeakMap<Readonly<Record<string, string>>, PlaneAnswer>();

/** A person who is known asks many times and is answered alike: the answer is kept with the encoded headers. */
function allowed(identity: Identity | undefined, namedGroups: ReadonlySet<string>): PlaneAnswer {
  if (identity === undefined) return publicAnswer;
  const headers = writeIdentity(identity, namedGroups);
  const known = answers.get(headers);
  if (known !== undefined) return known;
  const answer: PlaneAnswer = { status: 200, headers: { ...emptyBody, ...headers } };
  answers.set(headers, answer);
  return answer;
}

/** A form can't be sent again after a denial page, so it goes only where signing in is what is missing. */
const lacksSession: ReadonlySet<RefusalReason> = new Set(['no_session', 'session_ended', 'session_stale']);

function goesToStart(reason: RefusalReason, request: Request | undefined, route: AnsweredRoute): boolean {
  if (request === undefined || request.navigation === 'none') return false;
  if (request.navigation === 'form') return lacksSession.has(reason) && route.sessionUsable !== true;
  return refusalReasons[reason].about === 'person';
}
