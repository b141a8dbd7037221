import type { Session, SignIn } from '../model/session.ts';
import type { WebResponse } from '../model/web.ts';
import { sealGrant } from '../session/grants.ts';
import type { Context } from './deps.ts';
import { type Target, targetFields } from './messages.ts';
import { redirect } from './reply.ts';

/** AWS WAF's common rules refuse a path over 1,000 bytes and a query over 2,000; the prefix needs some of it. */
const pathPart = 900;

/** Hands the sign-in to one app host, for one attempt of this browser there. */
export function handOver(context: Context, target: Target, signIn: SignIn, cookies: readonly string[]): WebResponse {
  const now = context.now();
  const { startedAt, ...state } = signIn;
  const session: Session = {
    ...state,
    host: target.host,
    startedAt: now,
    signInStartedAt: startedAt,
    sealedAt: now,
  };
  const { text } = sealGrant(context, session, targetFields({ ...target, at: now }), context.named());
  return redirect(
    context.origins.own(target.host, `/complete/${text.slice(0, pathPart)}?g=${text.slice(pathPart)}`),
    cookies,
  );
}
