import type { CompiledPolicy } from '../decide/compile.ts';
import { decide } from '../decide/decide.ts';
import type { DecideOptions } from '../decide/decide.ts';
import type { BearerRead } from '../identity/bearers.ts';
import type { Request } from '../model/request.ts';
import type { Verdict } from '../model/verdict.ts';

/**
 * What the bearer of a request comes to; undefined where it has no say and the cookie decides: none came, it is the app's
 * own, or a person's token where the policy doesn't take those. A bad token of ours never falls back to the cookie (B9),
 * and with a good one the cookie isn't looked at.
 */
export function bearerVerdict(
  read: BearerRead,
  request: Request,
  policy: CompiledPolicy,
  options: DecideOptions,
): Verdict | undefined {
  if (!policy.readsBearers || read.kind === 'foreign') return undefined;
  if (read.kind === 'refused') {
    return { kind: 'refuse', reason: read.reason, rule: undefined, missing: [], identity: undefined };
  }
  const { callers } = read;
  if (callers.some(({ kind }) => kind === 'person') && policy.policy.bearer !== 'Accept') return undefined;
  return decide(request, callers, policy, options);
}
