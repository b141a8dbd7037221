import type { Pool } from '../model/pool.ts';
import type { SignIn } from '../model/session.ts';
import { decodeSignIn, encodeSignIn } from './codec.ts';
import { parseCookies, setCookie } from './cookies.ts';
import type { EndedSids } from './ended-sids.ts';
import { fit, type NamedInPolicies } from './fitting.ts';
import { decodeSignInHandle, encodeSignInHandle, type SignInHandle, withState } from './handles.ts';
import { signInEnd } from './life.ts';
import { limits } from './limits.ts';
import { signInCookieName } from './names.ts';
import { plaintextRoom, type Sealer } from './seal.ts';
import type { SealedCookie } from './sessions.ts';
import type { MaybePromise, StateStore } from './state-store.ts';

/** Sign-ins in the sign-in host's cookies, one for each pool. */
export interface SignIns {
  /**
   * `host` is the sign-in host. Throws TooLargeToSeal when nothing helps. With a store it is a handle: whoever began or
   * refreshed the sign-in has put its state there.
   */
  sealSignIn(signIn: SignIn, host: string, named: NamedInPolicies): SealedCookie;
  /**
   * `cookie` is the raw Cookie header. Expired tokens don't matter here: they are what is refreshed. Rejects with
   * StoreUnavailable where the store has to be asked and can't be.
   */
  openSignIn(cookie: string | undefined, pool: Pool, host: string): MaybePromise<SignIn | undefined>;
}

export interface SignInsDeps {
  readonly sealer: Sealer;
  readonly store: StateStore;
  /** Seconds. */
  readonly now: () => number;
  readonly ended: Pick<EndedSids, 'has'>;
}

export function createSignIns(deps: SignInsDeps): SignIns {
  const usable = <T extends SignInHandle>(one: T | undefined, pool: Pool): T | undefined =>
    one !== undefined && !deps.ended.has(one.sid) && deps.now() < signInEnd(one.startedAt, pool) ? one : undefined;
  const fromStore = async (values: readonly string[], pool: Pool, host: string): Promise<SignIn | undefined> => {
    for (const value of values) {
      const handle = usable(openHandle(deps.sealer, value, pool, host), pool);
      const stored = handle && (await deps.store.load(handle.sid, pool));
      if (handle !== undefined && stored !== undefined) {
        return withState(handle, stored.state);
      }
    }
    return undefined;
  };
  return {
    sealSignIn(signIn, host, named) {
      const name = signInCookieName(signIn.pool);
      const scope = { pool: signIn.pool, host };
      if (deps.store.kind !== 'cookie') {
        const value = deps.sealer.seal('signinhandle', scope, encodeSignInHandle(signIn));
        return sealedAs(name, value, { trimmed: false, refreshTokenDropped: false });
      }
      const room = plaintextRoom(scope, limits.cookie - name.length - 1);
      const fitted = fit({ state: signIn, named, encode: encodeSignIn, room });
      return sealedAs(name, deps.sealer.seal('signin', scope, fitted.plaintext), fitted);
    },
    openSignIn(cookie, pool, host) {
      const values = parseCookies(cookie).all(signInCookieName(pool.id));
      if (deps.store.kind !== 'cookie') {
        return values.length === 0 ? undefined : fromStore(values, pool, host);
      }
      for (const value of values) {
        const signIn = usable(openOne(deps.sealer, value, pool, host), pool);
        if (signIn !== undefined) {
          return signIn;
        }
      }
      return undefined;
    },
  };
}

function sealedAs(
  name: string,
  value: string,
  { trimmed, refreshTokenDropped }: Omit<SealedCookie, 'cookie'>,
): SealedCookie {
  return { cookie: setCookie(name, value, { maxAge: limits.endedSeconds }), trimmed, refreshTokenDropped };
}

function openOne(sealer: Sealer, value: string, pool: Pool, host: string): SignIn | undefined {
  const opened = sealer.open('signin', value);
  if (opened === undefined || opened.pool !== pool.id || opened.host !== host) {
    return undefined;
  }
  return decodeSignIn(opened.plaintext, opened);
}

function openHandle(sealer: Sealer, value: string, pool: Pool, host: string): SignInHandle | undefined {
  const opened = sealer.open('signinhandle', value);
  if (opened === undefined || opened.pool !== pool.id || opened.host !== host) {
    return undefined;
  }
  return decodeSignInHandle(opened.plaintext, opened);
}
