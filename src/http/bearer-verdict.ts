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
  const takesPeople = policy.policy.bearer === 'Accept';
  if (read.kind === 'refused') {
    // Of a machine nothing is unknown.
    if (read.reason === 'groups_unknown' && !takesPeople) return undefined;
    return { kind: 'refuse', reason: read.reason, rule: undefined, missing: [], identity: undefined };
  }
  const { callers } = read;
  if (!takesPeople && callers.some(({ kind }) => kind === 'person')) return undefined;
  return decide(request, callers, policy, options);
}
