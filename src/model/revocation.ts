import type { PoolId } from './pool.ts';

/** Whose sign-ins end. E-mail addresses are compared without regard to case. */
export type Revoked =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'subject' | 'username' | 'email' | 'group'; readonly value: string };

/** What a `SessionRevocation` object says: sign-ins of that time or earlier are over, whatever holds them. */
export interface Revocation {
  /** Every pool, or those named. */
  readonly pools: readonly PoolId[] | 'every';
  readonly who: Revoked;
  /** Seconds since the epoch; compared with the tokens' `auth_time`. */
  readonly before: number;
}

/** `unknown`: asks for a group that was never judged for this person. */
export type RevocationAnswer = 'yes' | 'no' | 'unknown';
