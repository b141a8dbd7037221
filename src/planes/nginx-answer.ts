import type { Caller } from '../model/identity.ts';
import type { Request } from '../model/request.ts';
import { refusalReasons, type RefusalReason, type Verdict } from '../model/verdict.ts';
import { writeIdentity, type RouteNames } from './identity-headers.ts';

/** Every other status becomes 500 in NGINX (dataplanes.md 1.3). */
export interface PlaneAnswer {
  readonly status: 200 | 401 | 403;
  readonly headers: Readonly<Record<string, string>>;
}

export interface AnsweredRoute extends RouteNames {
  /** Whether the wiring has a sign-in, to which NGINX turns a 401. */
  readonly signIn: boolean;
  /** Whether some session could be used, though it may not be enough. */
  readonly sessionUsable?: boolean;
  /** Whether a bearer token of ours came, good or bad: it decides instead of a session. */
  readonly bearer?: boolean;
}

/** `request`: undefined where it couldn't be read, which is never a reason to sign in. */
export function writeVerdict(verdict: Verdict, request: Request | undefined, route: AnsweredRoute): PlaneAnswer {
  if (verdict.kind === 'allow') return allowed(verdict.identity, route);
  const headers = emptyBody;
  if (route.signIn) return { status: goesToStart(verdict.reason, request, route) ? 401 : 403, headers };
  const challenge = request === undefined ? undefined : challengeOf(verdict.reason, route.bearer === true);
  if (challenge === undefined) return { status: 403, headers };
  const status = challenge === insufficientScope ? 403 : 401;
  return { status, headers: { ...headers, 'WWW-Authenticate': challenge } };
}

const invalidToken = 'Bearer error="invalid_token"';
const insufficientScope = 'Bearer error="insufficient_scope"';

/** RFC 6750 3.1: another token would help. Where our own keys are missing, the token may be good: no challenge. */
const aboutToken: ReadonlySet<RefusalReason> = new Set([
  'bearer_malformed',
  'bearer_invalid',
  'bearer_expired',
  'bearer_id_token',
  'bearer_client',
  'bearer_revoked',
]);

/** RFC 6750 3 and 3.1; RFC 9110 11.6.1: a 401 has to name a scheme. Nothing of the token or the policy is told. */
function challengeOf(reason: RefusalReason, bearer: boolean): string | undefined {
  if (aboutToken.has(reason)) return invalidToken;
  if (bearer) return lacksRights.has(reason) ? insufficientScope : undefined;
  return lacksSession.has(reason) ? 'Bearer' : undefined;
}

const lacksRights: ReadonlySet<RefusalReason> = new Set(['not_allowed', 'denied', 'groups_unknown', 'sign_in_too_old']);

const emptyBody = { 'Content-Length': '0', 'Cache-Control': 'no-store' };
const publicAnswer: PlaneAnswer = { status: 200, headers: emptyBody };
const answers = new WeakMap<Readonly<Record<string, string>>, PlaneAnswer>();

/** A person who is known asks many times and is answered alike: the answer is kept with the encoded headers. */
function allowed(identity: Caller | undefined, names: RouteNames): PlaneAnswer {
  if (identity === undefined) return publicAnswer;
  const headers = writeIdentity(identity, names);
  const known = answers.get(headers);
  if (known !== undefined) return known;
  const answer: PlaneAnswer = { status: 200, headers: { ...emptyBody, ...headers } };
  answers.set(headers, answer);
  return answer;
}

/** A form can't be sent again after a denial page, so it goes only where signing in is what is missing. */
const lacksSession: ReadonlySet<RefusalReason> = new Set(['no_session', 'session_ended', 'session_stale']);

function goesToStart(reason: RefusalReason, request: Request | undefined, route: AnsweredRoute): boolean {
  if (request === undefined || request.navigation === 'none' || route.bearer === true) return false;
  if (request.navigation === 'form') return lacksSession.has(reason) && route.sessionUsable !== true;
  return refusalReasons[reason].about === 'person';
}
