import type { Caller } from '../model/identity.ts';
import type { RefusalReason, Verdict } from '../model/verdict.ts';
import type { CompiledPolicy, CompiledRule } from './compile.ts';
import type { Answer, CompiledCondition } from './condition.ts';

/**
 * Who may pass under a rule. Deny goes first and looks at everybody who is signed in here; then the first caller, in
 * the order of the policy's pools, whom the rule allows. A Public rule looks at nobody; SignedIn is about people.
 */
export function judge(
  rule: CompiledRule,
  callers: readonly Caller[],
  policy: CompiledPolicy,
  now: () => number,
): Verdict {
  if (rule.access === 'Public') {
    return { kind: 'allow', reason: 'public', rule: rule.name, identity: undefined };
  }
  const present = inPoolOrder(callers, policy.policy.pools);
  const [first] = present;
  if (first === undefined) return refuse(rule, 'no_session');
  const denied = judgeDeny(rule, present, policy);
  if (denied !== undefined) return denied;
  const fresh = freshEnough(rule, present, now);
  return judgeAllow(rule, fresh) ?? judgeTooOld(rule, present, fresh) ?? refuseAll(rule, present, first);
}

/** Callers of a pool that the policy doesn't name are nobody here. */
function inPoolOrder(callers: readonly Caller[], pools: readonly string[]): readonly Caller[] {
  const [only, second] = callers;
  if (only === undefined) return callers;
  if (second === undefined) return pools.includes(only.pool) ? callers : [];
  return pools.flatMap((pool) => callers.filter((caller) => caller.pool === pool));
}

function judgeDeny(rule: CompiledRule, callers: readonly Caller[], policy: CompiledPolicy): Verdict | undefined {
  if (policy.deny.length === 0) return undefined;
  let unknown: Caller | undefined;
  for (const caller of callers) {
    const answer = anyOf(policy.deny, caller);
    if (answer === 'yes') return refuse(rule, 'denied', caller);
    if (answer === 'unknown') unknown ??= caller;
  }
  return unknown && refuse(rule, 'groups_unknown', unknown);
}

/** About people. `auth_time` is the sign-in itself: it doesn't move when tokens are refreshed (cognito.md 2.1). */
function freshEnough(rule: CompiledRule, callers: readonly Caller[], now: () => number): readonly Caller[] {
  const { maxAuthAge } = rule.rule;
  if (maxAuthAge === undefined) return callers;
  const oldest = now() - maxAuthAge;
  return callers.filter((caller) => caller.kind === 'machine' || caller.authTime >= oldest);
}

/** Only a person whom the rule would let in is told to sign in afresh: for everybody else it would change nothing. */
function judgeTooOld(rule: CompiledRule, callers: readonly Caller[], fresh: readonly Caller[]): Verdict | undefined {
  if (fresh.length === callers.length) return undefined;
  const caller = judgeAllow(rule, callers)?.identity;
  return caller && refuse(rule, 'sign_in_too_old', caller);
}

function judgeAllow(rule: CompiledRule, callers: readonly Caller[]): Verdict | undefined {
  for (const caller of callers) {
    if (rule.access === 'SignedIn' && caller.kind === 'person')
      return { kind: 'allow', reason: 'signed_in', rule: rule.name, identity: caller };
    if (anyOf(rule.conditions, caller) === 'yes') {
      return { kind: 'allow', reason: 'allowed', rule: rule.name, identity: caller };
    }
  }
  return undefined;
}

function refuseAll(rule: CompiledRule, callers: readonly Caller[], first: Caller): Verdict {
  const unknown = callers.find((caller) => anyOf(rule.conditions, caller) === 'unknown');
  const caller = unknown ?? first;
  const own = rule.conditions.filter(({ about }) => about === caller.kind);
  const missing = [...new Set((own.length > 0 ? own : rule.conditions).map((condition) => condition.missing(caller)))];
  return refuse(rule, unknown === undefined ? 'not_allowed' : 'groups_unknown', caller, missing);
}

function anyOf(conditions: readonly CompiledCondition[], caller: Caller): Answer {
  let answer: Answer = 'no';
  for (const condition of conditions) {
    const one = condition.test(caller);
    if (one === 'yes') return 'yes';
    if (one === 'unknown') answer = 'unknown';
  }
  return answer;
}

function refuse(
  rule: CompiledRule,
  reason: RefusalReason,
  identity?: Caller,
  missing: readonly string[] = [],
): Verdict {
  return { kind: 'refuse', reason, rule: rule.name, missing, identity };
}
