import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { errors as jose } from 'jose';
import type { FailureCode } from '../model/failure-code.ts';

export interface TokenFailure {
  readonly kind: 'failed';
  readonly code: FailureCode;
  /** For the log; never a body, a token or a value that the other side chose. */
  readonly detail: string;
}

/** Thrown inside this room (and by the URLs, which have no failure to return). */
export class PoolFailure extends Error {
  readonly failure: TokenFailure;

  constructor(code: FailureCode, detail: string) {
    super(detail);
    this.failure = failed(code, detail);
  }
}

export function failed(code: FailureCode, detail: string): TokenFailure {
  return { kind: 'failed', code, detail };
}

/** What the token endpoint may say by RFC 6749 5.2, and what it means here. Compared whole, never searched for (S14). */
const oauthErrors = new Map<string, FailureCode>([
  ['invalid_grant', 'invalid_grant'],
  ['invalid_client', 'invalid_client'],
  ['unauthorized_client', 'invalid_client'],
  ['invalid_request', 'misconfigured'],
  ['invalid_scope', 'misconfigured'],
  ['unsupported_grant_type', 'misconfigured'],
]);

const networkCodes = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR']);

const specialCodes = new Map<string, FailureCode>([
  ['OAUTH_TIMEOUT', 'timeout'],
  ['OAUTH_ABORT', 'timeout'],
  ['OAUTH_HTTP_REQUEST_FORBIDDEN', 'misconfigured'],
  ['OAUTH_REQUEST_PROTOCOL_FORBIDDEN', 'misconfigured'],
]);

/** The errors of openid-client and jose, as probed (reference of Cognito 4.2), told apart by type and code. */
export function failureOf(error: unknown): TokenFailure {
  if (error instanceof PoolFailure) {
    return error.failure;
  }
  if (error instanceof ResponseBodyError) {
    return oauthFailure(error.status, error.error);
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return failed('invalid_client', `the endpoint answered ${error.status} with a challenge`);
  }
  if (error instanceof AuthorizationResponseError) {
    return failed('bad_token', 'the callback carries an error instead of a code');
  }
  if (error instanceof jose.JOSEError) {
    return failed('bad_token', `token check: ${error.code}`);
  }
  if (error instanceof ClientError) {
    return clientFailure(error);
  }
  return otherFailure(error);
}

function oauthFailure(status: number, error: string): TokenFailure {
  if (status === 429) {
    return failed('throttled', 'the token endpoint answered 429');
  }
  if (status >= 500) {
    return failed('unavailable', `the token endpoint answered ${status}`);
  }
  const code = oauthErrors.get(error);
  return code === undefined
    ? failed('unavailable', `the token endpoint answered ${status} with an error that is not known`)
    : failed(code, `the token endpoint answered ${status}, ${error}`);
}

function clientFailure(error: ClientError): TokenFailure {
  const code = error.code ?? 'unknown';
  const { cause } = error;
  const special = specialCodes.get(code);
  if (special !== undefined) {
    return failed(special, `the request ended with ${code}`);
  }
  const status = statusOf(cause);
  if (status === 429) {
    return failed('throttled', 'the endpoint answered 429');
  }
  if (networkCodes.has(code) || (status !== undefined && status >= 500)) {
    return failed(
      'unavailable',
      status === undefined ? `unreadable answer: ${code}` : `unreadable answer, status ${status}`,
    );
  }
  return cause instanceof PoolFailure ? cause.failure : failed('bad_token', `answer refused: ${code}`);
}

/** Not by `instanceof`: the fetch that was handed in may have a Response of its own. */
function statusOf(cause: unknown): number | undefined {
  const status = typeof cause === 'object' && cause !== null && 'status' in cause ? cause.status : undefined;
  return typeof status === 'number' ? status : undefined;
}

function otherFailure(error: unknown): TokenFailure {
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')) {
    return failed('timeout', 'no answer in time');
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('OAUTH_')) {
    return failed('bad_token', `answer refused: ${error.code}`);
  }
  const code = networkCodeOf(error);
  return failed('unavailable', `the endpoint cannot be reached${code === undefined ? '' : ` (${code})`}`);
}

/** What `fetch` gives as its cause, for instance ENOTFOUND or DEPTH_ZERO_SELF_SIGNED_CERT: the words of this machine. */
function networkCodeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}
