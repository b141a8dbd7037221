import type { Session } from '../model/session.ts';
import { decodeSession, encodeSession } from './codec.ts';
import { fit, type NamedInPolicies } from './fitting.ts';
import { limits } from './limits.ts';
import { plaintextRoom, type Sealer } from './seal.ts';

export interface SealedGrant {
  readonly text: string;
  readonly trimmed: boolean;
  readonly refreshTokenDropped: boolean;
}

/**
 * The text by which the sign-in host hands a session to one app host: at most 2,890 characters, whatever `extra`
 * (route, attempt, return path, time: JSON, some 400 bytes) takes of it.
 */
export function sealGrant(sealer: Sealer, session: Session, extra: unknown, named: NamedInPolicies): SealedGrant {
  const scope = { pool: session.pool, host: session.host };
  const room = plaintextRoom(scope, limits.sealedGrant);
  const fitted = fit({ state: session, named, encode: (state) => encodeSession(state, extra), room });
  const { trimmed, refreshTokenDropped } = fitted;
  return { text: sealer.seal('grant', scope, fitted.plaintext), trimmed, refreshTokenDropped };
}

/** The session and what came with it; pool and host are the sealed ones. Time, attempt and use are the caller's to check. */
export function openGrant(
  sealer: Sealer,
  text: string,
): { readonly session: Session; readonly extra: unknown } | undefined {
  const opened = sealer.open('grant', text);
  return opened === undefined ? undefined : decodeSession(opened.plaintext, opened);
}
