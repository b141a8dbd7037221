import { StoreUnavailable } from '../state-store.ts';

export type FailureReason = 'timeout' | 'unreachable' | 'full' | 'forbidden' | 'replica' | 'starting' | 'error';

/** Why Redis did not do what it was asked. The words are the server's own, which hold no value of ours. */
export class RedisFailure extends StoreUnavailable {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** First words of the server's errors (src/server.c of Redis and Valkey). */
const reasons: Readonly<Record<string, FailureReason>> = {
  OOM: 'full',
  MISCONF: 'full',
  NOPERM: 'forbidden',
  NOAUTH: 'forbidden',
  WRONGPASS: 'forbidden',
  READONLY: 'replica',
  MASTERDOWN: 'replica',
  LOADING: 'starting',
  CLUSTERDOWN: 'starting',
};

export function failureOf(error: unknown): RedisFailure {
  if (error instanceof RedisFailure) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const reason = reasons[message.split(' ', 1)[0] ?? ''];
  if (reason !== undefined) {
    return new RedisFailure(reason, `Redis answers: ${message}`);
  }
  return code === undefined
    ? new RedisFailure('error', `Redis: ${message}`)
    : new RedisFailure('unreachable', `Redis can't be reached: ${message === '' ? code : message}`);
}

/** The server is not, or no longer, the one to ask, or does not know us: a new connection may find the right one. */
export function endsConnection(failure: RedisFailure): boolean {
  return failure.reason === 'replica' || failure.reason === 'starting' || failure.message.includes('NOAUTH');
}

export interface Redirection {
  readonly kind: 'moved' | 'ask';
  readonly slot: number;
  /** Empty: the host that answered. */
  readonly host: string;
  readonly port: number;
}

const redirection = /^(MOVED|ASK) (\d{1,5}) (.*):(\d{1,5})$/;

export function redirectionOf(error: unknown): Redirection | undefined {
  const match = redirection.exec(error instanceof Error ? error.message : '');
  return match === null
    ? undefined
    : {
        kind: match[1] === 'ASK' ? 'ask' : 'moved',
        slot: Number(match[2]),
        host: match[3] ?? '',
        port: Number(match[4]),
      };
}
