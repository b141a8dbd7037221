import { decide, type DecideOptions } from '../decide/decide.ts';
import type { CompiledPolicy } from '../decide/compile.ts';
import type { Pool } from '../model/pool.ts';
import type { Request } from '../model/request.ts';
import type { Session } from '../model/session.ts';
import type { Verdict } from '../model/verdict.ts';
import { shouldRenew } from '../session/sessions.ts';
import type { MaybePromise, RouteHosts, SessionRead, Sessions } from '../session/sessions.ts';
import { StoreUnavailable } from '../session/state-store.ts';

export interface BySessionDeps {
  readonly sessions: Sessions;
  readonly now: () => number;
  readonly options: DecideOptions;
}

export interface AskedBySession {
  readonly request: Request;
  readonly policy: CompiledPolicy;
  readonly hosts: RouteHosts;
  readonly pools: readonly Pool[];
}

export interface SessionVerdict {
  readonly verdict: Verdict;
  readonly live: readonly Session[];
}

/**
 * The verdict by the sessions in the cookie: at once where they are known and fresh. Where the store of sessions fails
 * that is the answer: nothing has ended by it, and the cookie stays (S10).
 */
export function judgeBySession(deps: BySessionDeps, asked: AskedBySession): MaybePromise<SessionVerdict> {
  try {
    const answer = judgeRead(deps, asked, deps.sessions.read(asked.request.cookie, asked.hosts, asked.pools));
    return answer instanceof Promise ? answer.catch(withoutStore) : answer;
  } catch (error) {
    return withoutStore(error);
  }
}

function judgeRead(
  deps: BySessionDeps,
  asked: AskedBySession,
  reading: MaybePromise<SessionRead>,
): MaybePromise<SessionVerdict> {
  if (reading instanceof Promise) {
    return reading.then((result) => judgeRead(deps, asked, result));
  }
  const first = verdictOn(deps, asked, reading);
  if (first.verdict.kind === 'allow' || first.verdict.reason !== 'groups_unknown') return first;
  // Somebody may have gained or lost what was never asked about them: Cognito is asked once, then it stands (S22).
  const asking = deps.sessions.reread(reading.live, asked.pools);
  return asking === undefined ? first : asking.then(() => judgeAgain(deps, asked));
}

async function judgeAgain(deps: BySessionDeps, asked: AskedBySession): Promise<SessionVerdict> {
  return verdictOn(deps, asked, await deps.sessions.read(asked.request.cookie, asked.hosts, asked.pools));
}

function verdictOn(deps: BySessionDeps, { request, policy }: AskedBySession, result: SessionRead): SessionVerdict {
  const { live } = result;
  const identities = live.map((session) => session.identity);
  const verdict = explain(decide(request, identities, policy, deps.options), result);
  return { verdict: renewed(verdict, request, live, deps.now()), live };
}

/** `no_session` becomes what the session store knows better: ended, or too old to be used without asking Cognito. */
function explain(verdict: Verdict, result: SessionRead): Verdict {
  if (verdict.kind !== 'refuse' || verdict.reason !== 'no_session' || result.reason === undefined) return verdict;
  return { ...verdict, reason: result.reason };
}

/** flows.md "Renew": only a GET document navigation, so that no form and no script is interrupted. */
function renewed(verdict: Verdict, request: Request, live: readonly Session[], now: number): Verdict {
  if (verdict.kind !== 'allow' || verdict.identity === undefined) return verdict;
  if (request.navigation !== 'document' || request.method !== 'GET') return verdict;
  const session = live.find((candidate) => candidate.identity === verdict.identity);
  if (session === undefined || !shouldRenew(session, now)) return verdict;
  return { kind: 'refuse', reason: 'renew', rule: verdict.rule, missing: [], identity: verdict.identity };
}

function withoutStore(error: unknown): SessionVerdict {
  if (!(error instanceof StoreUnavailable)) throw error;
  const verdict: Verdict = {
    kind: 'refuse',
    reason: 'store_unavailable',
    rule: undefined,
    missing: [],
    identity: undefined,
  };
  return { verdict, live: [] };
}
