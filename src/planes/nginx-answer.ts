import type { Request } from '../model/request.ts';
import { refusalReasons, type RefusalReason, type Verdict } from '../model/verdict.ts';
import { writeIdentity } from './identity-headers.ts';

/** Every other status becomes 500 in NGINX (dataplanes.md 1.3). */
export interface PlaneAnswer {
  readonly status: 200 | 401 | 403;
  readonly headers: Record<string, string>;
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
  const headers: Record<string, string> = { 'Content-Length': '0', 'Cache-Control': 'no-store' };
  if (verdict.kind === 'allow') {
    if (verdict.identity !== undefined) Object.assign(headers, writeIdentity(verdict.identity, route.namedGroups));
    return { status: 200, headers };
  }
  if (route.signIn) return { status: goesToStart(verdict.reason, request, route) ? 401 : 403, headers };
  if (request === undefined || !lacksSession.has(verdict.reason)) return { status: 403, headers };
  // RFC 9110 11.6.1: a 401 has to name a scheme.
  return { status: 401, headers: { ...headers, 'WWW-Authenticate': 'Bearer' } };
}

/** A form can't be sent again after a denial page, so it goes only where signing in is what is missing. */
const lacksSession: ReadonlySet<RefusalReason> = new Set(['no_session', 'session_ended', 'session_stale']);

function goesToStart(reason: RefusalReason, request: Request | undefined, route: AnsweredRoute): boolean {
  if (request === undefined || request.navigation === 'none') return false;
  if (request.navigation === 'form') return lacksSession.has(reason) && route.sessionUsable !== true;
  return refusalReasons[reason].about === 'person';
}
