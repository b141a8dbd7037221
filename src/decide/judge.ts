import type { Identity } from '../model/identity.ts';
import type { RefusalReason, Verdict } from '../model/verdict.ts';
import type { CompiledPolicy, CompiledRule } from './compile.ts';
import type { Answer, CompiledCondition } from './condition.ts';

/**
 * Who may pass under a rule. Deny goes first and looks at everybody who is signed in here; then the first person, in
 * the order of the policy's pools, whom the rule allows. A Public rule looks at nobody.
 */
export function judge(
  rule: CompiledRule,
  identities: readonly Identity[],
  policy: CompiledPolicy,
  now: () => number,
): Verdict {
  if (rule.access === 'Public') {
    return { kind: 'allow', reason: 'public', rule: rule.name, identity: undefined };
  }
  const people = inPoolOrder(identities, policy.policy.pools);
  const [first] = people;
  if (first === undefined) return refuse(rule, 'no_session');
  const denied = judgeDeny(rule, people, policy);
  if (denied !== undefined) return denied;
  const fresh = freshEnough(rule, people, now);
  return judgeAllow(rule, fresh) ?? judgeTooOld(rule, people, fresh) ?? refuseAll(rule, people, first);
}

/** People of a pool that the policy doesn't name are nobody here. */
function inPoolOrder(identities: readonly Identity[], pools: readonly string[]): readonly Identity[] {
  const [only, second] = identities;
  if (only === undefined) return identities;
  if (second === undefined) return pools.includes(only.pool) ? identities : [];
  return pools.flatMap((pool) => identities.filter((identity) => identity.pool === pool));
}

function judgeDeny(rule: CompiledRule, people: readonly Identity[], policy: CompiledPolicy): Verdict | undefined {
  if (policy.deny.length === 0) return undefined;
  let unknown: Identity | undefined;
  for (const person of people) {
    const answer = anyOf(policy.deny, person);
    if (answer === 'yes') return refuse(rule, 'denied', person);
    if (answer === 'unknown') unknown ??= person;
  }
  return unknown && refuse(rule, 'groups_unknown', unknown);
}

/** `auth_time` is the sign-in itself: it doesn't move when tokens are refreshed (cognito.md 2.1). */
function freshEnough(rule: CompiledRule, people: readonly Identity[], now: () => number): readonly Identity[] {
  const { maxAuthAge } = rule.rule;
  if (maxAuthAge === undefined) return people;
  const oldest = now() - maxAuthAge;
  return people.filter((person) => person.authTime >= oldest);
}

/** Only a person whom the rule would let in is told to sign in afresh: for everybody else it would change nothing. */
function judgeTooOld(rule: CompiledRule, people: readonly Identity[], fresh: readonly Identity[]): Verdict | undefined {
  if (fresh.length === people.length) return undefined;
  const person = judgeAllow(rule, people)?.identity;
  return person && refuse(rule, 'sign_in_too_old', person);
}

function judgeAllow(rule: CompiledRule, people: readonly Identity[]): Verdict | undefined {
  for (const person of people) {
    if (rule.access === 'SignedIn') return { kind: 'allow', reason: 'signed_in', rule: rule.name, identity: person };
    if (anyOf(rule.conditions, person) === 'yes') {
      return { kind: 'allow', reason: 'allowed', rule: rule.name, identity: person };
    }
  }
  return undefined;
}

function refuseAll(rule: CompiledRule, people: readonly Identity[], first: Identity): Verdict {
  const unknown = people.find((person) => anyOf(rule.conditions, person) === 'unknown');
  const person = unknown ?? first;
  const missing = [...new Set(rule.conditions.map((condition) => condition.missing(person)))];
  return refuse(rule, unknown === undefined ? 'not_allowed' : 'groups_unknown', person, missing);
}

function anyOf(conditions: readonly CompiledCondition[], person: Identity): Answer {
  let answer: Answer = 'no';
  for (const condition of conditions) {
    const one = condition.test(person);
    if (one === 'yes') return 'yes';
    if (one === 'unknown') answer = 'unknown';
  }
  return answer;
}

function refuse(
  rule: CompiledRule,
  reason: RefusalReason,
  identity?: Identity,
  missing: readonly string[] = [],
): Verdict {
  return { kind: 'refuse', reason, rule: rule.name, missing, identity };
}
