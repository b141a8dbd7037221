import type { Policy, Rule } from '../model/policy.ts';
import type { ClusterPolicyEntry, Required } from './cluster-policies.ts';

/** One way in which a policy lets more through than a ClusterAccessPolicy allows. */
export interface Violation {
  /** Dotted path in an AccessPolicy; `inline` is the annotation that says the same. */
  readonly field: string;
  readonly inline: string;
  readonly text: string;
}

type Floor = Required['publicRules'];

/** A rule for everybody, and the part of it that is too wide. */
function ruleViolation(rule: Rule, field: string, floor: Floor): Violation | undefined {
  if (rule.access.kind !== 'Public') return undefined;
  const inline = rule.name;
  const what = `rule "${rule.name}"`;
  if (floor === 'Forbid') {
    const text = `no rule may be Public, and ${what} is: write access: SignedIn or allow, or remove the rule`;
    return { field: `${field}.access`, inline, text };
  }
  const allowed = 'Public rules may only be for Exact paths';
  const { paths } = rule.match;
  if (paths === undefined) {
    return { field: `${field}.match`, inline, text: `${allowed}, and ${what} is for every path: name Exact paths` };
  }
  const wide = paths.findIndex(({ type }) => type !== 'Exact');
  if (wide === -1) return undefined;
  const text = `${allowed}, and ${what} has a path of another type: name each path, as Exact`;
  return { field: `${field}.match.paths[${wide}].type`, inline, text };
}

/** A preflight that passes lets every path be asked for without a session: that is no Exact path. */
function preflightViolation(policy: Policy): Violation | undefined {
  if (policy.corsPreflight !== 'Pass') return undefined;
  const text = 'corsPreflight: Pass lets requests without a session through to every path: write Check';
  return { field: 'spec.corsPreflight', inline: 'cors-preflight', text };
}

function violations(policy: Policy, floor: Floor): readonly Violation[] {
  if (floor === 'Allow') return [];
  const rules = policy.rules.map((rule, index) => ruleViolation(rule, `spec.rules[${index}]`, floor));
  return [...rules, preflightViolation(policy)].filter((violation) => violation !== undefined);
}

/** What of a policy that a namespace wrote the ClusterAccessPolicies don't allow. */
export function floorViolations(policy: Policy, selectedBy: readonly ClusterPolicyEntry[]): readonly Violation[] {
  return selectedBy.flatMap(({ name, required }) =>
    violations(policy, required.publicRules).map((violation) => ({
      ...violation,
      text: `ClusterAccessPolicy ${name} does not allow it: ${violation.text}`,
    })),
  );
}
