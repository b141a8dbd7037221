import type { Session } from '../model/session.ts';

export interface SessionRead {
  /** At most one for each pool, in the order of the pools that were asked for. */
  readonly live: readonly Session[];
  /** Too little is known, or too old: good for the sid and the refresh token, never for a decision. */
  readonly stale: readonly Session[];
  /** Why `live` is empty. */
  readonly reason: 'no_session' | 'session_ended' | 'session_revoked' | 'session_stale' | undefined;
}

/** What one cookie came to. */
export type Found =
  | { readonly kind: 'live' | 'stale'; readonly session: Session }
  | { readonly kind: 'ended' | 'revoked' | 'none' };

export const noneFound: Found = { kind: 'none' };
export const endedFound: Found = { kind: 'ended' };
export const revokedFound: Found = { kind: 'revoked' };

const none: readonly Session[] = [];
const nothing: SessionRead = { live: [], stale: [], reason: 'no_session' };

export function readOf(found: readonly Found[]): SessionRead {
  const [only, second] = found;
  if (second === undefined && only?.kind === 'live') {
    return { live: [only.session], stale: none, reason: undefined };
  }
  const live = found.flatMap((one) => (one.kind === 'live' ? [one.session] : []));
  const stale = found.flatMap((one) => (one.kind === 'stale' ? [one.session] : []));
  if (live.length > 0) {
    return { live, stale, reason: undefined };
  }
  return stale.length > 0 ? { live, stale, reason: 'session_stale' } : nobody(found);
}

function nobody(found: readonly Found[]): SessionRead {
  const has = (kind: Found['kind']): boolean => found.some((one) => one.kind === kind);
  if (has('revoked')) {
    return { ...nothing, reason: 'session_revoked' };
  }
  return has('ended') ? { ...nothing, reason: 'session_ended' } : nothing;
}
