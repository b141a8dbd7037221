import type { Table } from '../decide/table.ts';
import type { UserPools } from '../identity/pools.ts';
import type { Identity } from '../model/identity.ts';
import type { RevocationAnswer } from '../model/revocation.ts';
import type { BoundedCache } from '../session/bounded-cache.ts';
import type { EndedSids } from '../session/ended-sids.ts';
import type { NamedInPolicies } from '../session/fitting.ts';
import type { Freshness } from '../session/freshness.ts';
import type { Sealer } from '../session/seal.ts';
import type { Sessions } from '../session/sessions.ts';
import type { SignIns } from '../session/sign-ins.ts';
import type { StateStore } from '../session/state-store.ts';
import type { UsedOnce } from '../session/used-once.ts';
import type { Origins } from './origins.ts';
import type { FewChecks } from './few-checks.ts';
import type { Turns } from './turns.ts';

/** How a step ended: a metric label, so the list is closed. */
export type SignInOutcome =
  | 'signed_in'
  | 'reused'
  | 'refreshed'
  | 'refresh_failed'
  | 'sign_in_ended'
  | 'completed'
  | 'denied'
  | 'continue'
  | 'loop'
  | 'error_answer'
  | 'failed'
  | 'signed_out'
  | 'revoked'
  | 'too_old'
  | 'busy'
  | 'store_unavailable';

/** Never holds a token, code, cookie, grant, e-mail or name: ids and reasons only. */
export interface SignInLine {
  readonly event: SignInOutcome;
  /** The short id that the page shows. */
  readonly id: string;
  readonly pool?: string;
  readonly route?: string;
  readonly reason?: string;
}

export interface SignInEvents {
  /** `pool` is `namespace/name`. */
  onSignIn(pool: string, outcome: SignInOutcome): void;
  log(line: SignInLine): void;
  /** An error of ours, which the browser is told about only by the id. */
  onError?(error: unknown, id: string): void;
}

export interface SignInDeps {
  readonly table: () => Table | undefined;
  readonly sessions: Sessions;
  readonly sealer: Sealer;
  readonly store: StateStore;
  readonly pools: Pick<UserPools, 'of'>;
  readonly ended: EndedSids;
  readonly freshness: Pick<Freshness, 'newest' | 'refresh' | 'rotating'>;
  /** What the revocations in force say about a sign-in. */
  readonly revoked: (identity: Identity) => RevocationAnswer;
  /** Seconds. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly named: () => NamedInPolicies;
  readonly config: {
    readonly signInHost: string;
    readonly publicPort: number;
    /** For instance `/_cognito-gate`. */
    readonly prefix: string;
    readonly contact: string | undefined;
  };
  readonly events: SignInEvents;
}

/** What every step works with: the deps and what the handler made of them once. */
export interface Context extends SignInDeps {
  readonly origins: Origins;
  readonly signIns: SignIns;
  /** With those that were ended already. */
  readonly signInsOrEnded: SignIns;
  /** Attempts that were used in this process, each with a grant: only people fill it. */
  readonly used: UsedOnce;
  /** States that were used: anybody makes them, so the oldest makes room; Cognito takes no code twice all the same. */
  readonly usedStates: UsedOnce;
  readonly mayCheck: FewChecks;
  /** Codes that are redeemed. */
  readonly turns: Turns;
  /** State → where it leads on to, for attempts whose cookies are gone when Cognito answers. */
  readonly leads: BoundedCache<string>;
}
