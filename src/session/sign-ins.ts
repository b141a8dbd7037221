import type { Pool } from '../model/pool.ts';
import type { SignIn } from '../model/session.ts';
import { decodeSignIn, encodeSignIn } from './codec.ts';
import { parseCookies, setCookie } from './cookies.ts';
import type { EndedSids } from './ended-sids.ts';
import { fit, type NamedInPolicies } from './fitting.ts';
import { signInEnd } from './life.ts';
import { limits } from './limits.ts';
import { signInCookieName } from './names.ts';
import { plaintextRoom, type Sealer } from './seal.ts';
import type { SealedCookie } from './sessions.ts';

/** Sign-ins in the sign-in host's cookies, one for each pool. */
export interface SignIns {
  /** `host` is the sign-in host. Throws TooLargeToSeal when nothing helps. */
  sealSignIn(signIn: SignIn, host: string, named: NamedInPolicies): SealedCookie;
  /** `cookie` is the raw Cookie header. Expired tokens don't matter here: they are what is refreshed. */
  openSignIn(cookie: string | undefined, pool: Pool, host: string): SignIn | undefined;
}

export interface SignInsDeps {
  readonly sealer: Sealer;
  /** Seconds. */
  readonly now: () => number;
  readonly ended: EndedSids;
}

export function createSignIns(deps: SignInsDeps): SignIns {
  return {
    sealSignIn(signIn, host, named) {
      const name = signInCookieName(signIn.pool);
      const scope = { pool: signIn.pool, host };
      const room = plaintextRoom(scope, limits.cookie - name.length - 1);
      const fitted = fit({ state: signIn, named, encode: encodeSignIn, room });
      const value = deps.sealer.seal('signin', scope, fitted.plaintext);
      const { trimmed, refreshTokenDropped } = fitted;
      return { cookie: setCookie(name, value, { maxAge: limits.endedSeconds }), trimmed, refreshTokenDropped };
    },
    openSignIn(cookie, pool, host) {
      for (const value of parseCookies(cookie).all(signInCookieName(pool.id))) {
        const signIn = openOne(deps.sealer, value, pool, host);
        if (signIn !== undefined && !deps.ended.has(signIn.sid) && deps.now() < signInEnd(signIn.startedAt, pool)) {
          return signIn;
        }
      }
      return undefined;
    },
  };
}

function openOne(sealer: Sealer, value: string, pool: Pool, host: string): SignIn | undefined {
  const opened = sealer.open('signin', value);
  if (opened === undefined || opened.pool !== pool.id || opened.host !== host) {
    return undefined;
  }
  return decodeSignIn(opened.plaintext, opened);
}
