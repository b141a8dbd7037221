import { isRecord } from './object.ts';

/** A call to the API server that failed. The server's own words come first in the message. */
export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  /** 0: nothing came (network, time-out, given up). */
  readonly status: number;
  /** `Conflict`, `NotFound`, `Expired`, …; ours for status 0: `Network`, `Timeout`, `Aborted`, and `Malformed`. */
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    answer: { status: number; reason: string; retryAfterSeconds?: number | undefined },
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = answer.status;
    this.reason = answer.reason;
    this.retryAfterSeconds = answer.retryAfterSeconds;
  }
}

/** From a metav1.Status: the body of a refusal, or the object of an ERROR event. Anything else is told by its code. */
export function errorFromStatus(body: unknown, status: number, call: string, retryAfter?: string): KubeApiError {
  const said = isRecord(body) ? body : {};
  const code = typeof said['code'] === 'number' ? said['code'] : status;
  const message = typeof said['message'] === 'string' && said['message'] !== '' ? said['message'] : 'no message';
  const reason = typeof said['reason'] === 'string' && said['reason'] !== '' ? said['reason'] : `HTTP${code}`;
  const retryAfterSeconds = seconds(retryAfter) ?? detailsSeconds(said['details']);
  return new KubeApiError({ status: code, reason, retryAfterSeconds }, `${message} (${call}, HTTP ${code})`);
}

/** The API server sends whole seconds, never a date. */
function seconds(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,5}$/.test(retryAfter) ? Number(retryAfter) : undefined;
}

function detailsSeconds(details: unknown): number | undefined {
  const value = isRecord(details) ? details['retryAfterSeconds'] : undefined;
  return typeof value === 'number' && value > 0 ? value : undefined;
}

export function isGone(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 410;
}
