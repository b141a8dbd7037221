import type { TokenFailure } from '../identity/failures.ts';
import type { Pool } from '../model/pool.ts';
import type { WebRequest, WebResponse } from '../model/web.ts';
import type { Context } from './deps.ts';
import { pageResponse } from './pages/layout.ts';
import { failedPage } from './pages/way.ts';
import { poolLabel } from './standing.ts';

export interface Failure {
  readonly reason: string;
  readonly status?: number;
  readonly pool?: Pool;
  readonly route?: string;
  readonly again?: string;
  readonly logged?: string;
  readonly cookies?: readonly string[];
}

export function failure(context: Context, request: WebRequest, about: Failure): WebResponse {
  const pool = about.pool === undefined ? {} : { pool: poolLabel(about.pool) };
  const route = about.route === undefined ? {} : { route: about.route };
  const event = request.query.has('error') ? 'error_answer' : 'failed';
  if (about.pool !== undefined) {
    context.events.onSignIn(poolLabel(about.pool), event);
  }
  context.events.log({
    event,
    id: request.id,
    ...pool,
    ...route,
    reason: about.logged ?? errorCode(request) ?? 'no_valid_state',
  });
  const page = failedPage({ reason: about.reason, again: about.again, contact: context.config.contact });
  return pageResponse(about.status ?? 400, page, request.id, about.cookies ?? []);
}

/** What Cognito, a trigger or a provider says to a sign-in of this browser: foreign text, cut and shown as text only. */
export function errorText(request: WebRequest): string | undefined {
  const error = request.query.get('error');
  if (error === null) {
    return undefined;
  }
  const description = request.query.get('error_description') ?? '';
  return printable(description === '' ? error : `${description} (${error})`);
}

/** RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6. */
const knownErrors: ReadonlySet<string | null> = new Set([
  'access_denied',
  'invalid_request',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_response_type',
  'server_error',
  'temporarily_unavailable',
  'login_required',
  'interaction_required',
]);

/** Without a state of this browser anybody may have made the address: no text of theirs is shown as ours (L15). */
export function strangersError(request: WebRequest): string | undefined {
  const error = request.query.get('error');
  return knownErrors.has(error) ? `the sign-in service answered with the error ${error}` : undefined;
}

function printable(text: string): string {
  const plain = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ').trim();
  return plain.length > 300 ? `${plain.slice(0, 300).toWellFormed()}…` : plain;
}

/** For the log only where it is one of the known forms: descriptions may hold an e-mail. */
function errorCode(request: WebRequest): string | undefined {
  const error = request.query.get('error');
  return error !== null && /^[a-z_]{1,40}$/.test(error) ? error : undefined;
}

const away = { status: 503, text: 'the sign-in service can’t be reached at the moment' };
const misconfigured = {
  status: 403,
  text: 'the sign-in service and this site are not set up for each other; its operators can mend that',
};

export const failureTexts: Readonly<Record<TokenFailure['code'], { readonly status: number; readonly text: string }>> =
  {
    invalid_grant: { status: 403, text: 'the sign-in was used before or took too long' },
    bad_token: { status: 403, text: 'what the sign-in service answered could not be trusted' },
    invalid_client: misconfigured,
    misconfigured,
    throttled: { status: 503, text: 'too many people are signing in at the moment; try again in a minute' },
    unavailable: away,
    timeout: away,
  };
