import type { Pool } from '../../../src/model/pool.ts';
import { Secret } from '../../../src/model/secret.ts';
import type { Session, TokenState } from '../../../src/model/session.ts';
import type { RevocationAnswer } from '../../../src/model/revocation.ts';
import { createEndedSids, type EndedSids } from '../../../src/session/ended-sids.ts';
import { createFreshness, type Freshness } from '../../../src/session/freshness.ts';
import type { RefreshAnswer } from '../../../src/session/one-refresh.ts';
import { createRefreshLimiter } from '../../../src/session/refresh-limiter.ts';
import { createSessions, type SessionRead, type Sessions } from '../../../src/session/sessions.ts';
import { createCookieStore, type MaybePromise, type StateStore } from '../../../src/session/state-store.ts';
import { cookiePair, identity, noon, nobodyNamed, pool, ringOf, route, sealerWith, session } from '../samples.ts';
import { createHandClock, type HandClock } from './hand-clock.ts';

type Failure = (RefreshAnswer & { readonly kind: 'failed' })['code'];

/** Cognito as a script: it answers what the test says, when the test says. */
export interface ScriptedCognito {
  /** Refresh tokens that came, in order. */
  readonly asked: string[];
  groups: readonly string[];
  fails: Failure | undefined;
  /** Of one person alone. */
  failsFor: { readonly subject: string; readonly code: Failure } | undefined;
  rotates: boolean;
  /** Milliseconds. */
  delay: number;
  /** Seconds. */
  tokenLife: number;
}

export interface Replica {
  readonly sessions: Sessions;
  readonly freshness: Freshness;
  readonly ended: EndedSids;
  readonly outcomes: string[];
  read(cookie: string, at?: string): MaybePromise<SessionRead>;
}

export interface FreshWorld {
  readonly clock: HandClock;
  readonly cognito: ScriptedCognito;
  replica(options?: {
    readonly perSecond?: number;
    readonly store?: StateStore;
    readonly revoked?: () => RevocationAnswer;
  }): Replica;
  cookie(changes?: Partial<Session>): string;
}

export const sid = session().sid;
const token = new Secret('first');

export function state(changes: Partial<TokenState> = {}): TokenState {
  return { identity: identity(), checkedAt: noon, tokensExpireAt: noon + 3600, refreshToken: token, ...changes };
}

/** Of somebody else; Cognito knows by the token who it is. */
export function stateOf(subject: string, changes: Partial<TokenState> = {}): TokenState {
  return state({ identity: identity({ subject }), refreshToken: new Secret(`first@${subject}`), ...changes });
}

export function freshWorld(): FreshWorld {
  const clock = createHandClock(noon);
  const ring = ringOf('k1');
  const sealer = sealerWith(() => ring, clock.now);
  const cognito: ScriptedCognito = {
    asked: [],
    groups: ['staff'],
    fails: undefined,
    failsFor: undefined,
    rotates: false,
    delay: 50,
    tokenLife: 3600,
  };
  const refresh = async (_pool: Pool, given: Secret): Promise<RefreshAnswer> => {
    cognito.asked.push(given.reveal());
    await new Promise<void>((resolve) => void clock.after(cognito.delay, resolve));
    if (cognito.fails !== undefined) return { kind: 'failed', code: cognito.fails };
    const subject = given.reveal().split('@')[1];
    const { failsFor } = cognito;
    if (failsFor !== undefined && failsFor.subject === subject) return { kind: 'failed', code: failsFor.code };
    const tokens = state({
      identity: identity({
        ...(subject === undefined ? {} : { subject }),
        groups: { names: new Set(cognito.groups), judged: undefined },
        authTime: clock.now(),
      }),
      checkedAt: clock.now(),
      tokensExpireAt: clock.now() + cognito.tokenLife,
      refreshToken: cognito.rotates ? new Secret(`${given.reveal()}+`) : given,
    });
    return { kind: 'ok', tokens, rotated: cognito.rotates };
  };
  return {
    clock,
    cognito,
    replica(options = {}) {
      const ended = createEndedSids(clock.now);
      const store = options.store ?? createCookieStore();
      const outcomes: string[] = [];
      const limit = createRefreshLimiter({ perSecond: options.perSecond ?? 100, clock });
      const freshness = createFreshness({
        store,
        ended,
        now: clock.now,
        clock,
        random: () => 1,
        limit,
        refresh,
        refreshed: (_pool, outcome) => void outcomes.push(outcome),
      });
      const revoked = options.revoked === undefined ? {} : { revoked: options.revoked };
      const sessions = createSessions({ sealer, store, freshness, now: clock.now, ended, ...revoked });
      const read = (cookie: string, at = 'shop.example.com'): MaybePromise<SessionRead> =>
        sessions.read(cookie, { ...route, hosts: [at] }, [pool]);
      return { sessions, freshness, ended, outcomes, read };
    },
    cookie(changes = {}) {
      const { sessions } = this.replica();
      return cookiePair(sessions.seal(session({ refreshToken: token, ...changes }), nobodyNamed).cookie);
    },
  };
}

/** What a read came to once time has gone on. */
export async function settled(
  world: FreshWorld,
  reading: MaybePromise<SessionRead>,
  milliseconds = 2000,
): Promise<SessionRead> {
  const [read] = await Promise.all([reading, world.clock.advance(milliseconds)]);
  return read;
}
