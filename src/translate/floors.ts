import type { Policy, Rule } from '../model/policy.ts';
import type { ClusterPolicyEntry, Required } from './cluster-policies.ts';

/** One way in which a policy lets more through than a ClusterAccessPolicy allows. */
export interface Violation {
  /** Dotted path in an AccessPolicy; `inline` is the annotation that says the same. */
  readonly field: string;
  readonly inline: string;
  readonly text: string;
  readonly fix: string;
  readonly inlineFix: string;
}

type Floor = Required['publicRules'];

const allowed = {
  Forbid: 'no rule may be Public',
  ExactPathsOnly: 'Public rules may only be for Exact paths',
} as const;

/** Inline annotations have at most these two Public rules, each named by its annotation. */
const inlineFixes: Readonly<Record<string, string>> = {
  access: 'write SignedIn, or allowed-groups instead',
  'public-paths': 'remove what is not allowed',
};

/** A rule for everybody, and the part of it that is too wide. */
function ruleViolation(rule: Rule, field: string, floor: Exclude<Floor, 'Allow'>): Violation | undefined {
  if (rule.access.kind !== 'Public') return undefined;
  const found = (at: string, what: string, fix: string): Violation => ({
    field: at,
    inline: rule.name,
    text: `${allowed[floor]}, and rule "${rule.name}" ${what}`,
    fix,
    inlineFix: inlineFixes[rule.name] ?? fix,
  });
  if (floor === 'Forbid') return found(`${field}.access`, 'is', 'write access: SignedIn or allow, or remove the rule');
  const { paths } = rule.match;
  if (paths === undefined) return found(`${field}.match`, 'is for every path', 'name Exact paths');
  const wide = paths.findIndex(({ type }) => type !== 'Exact');
  if (wide === -1) return undefined;
  return found(`${field}.match.paths[${wide}].type`, 'has a path of another type', 'name each path, as Exact');
}

/** A preflight that passes lets every path be asked for without a session: that is no Exact path. */
function preflightViolation(policy: Policy): Violation | undefined {
  if (policy.corsPreflight !== 'Pass') return undefined;
  const text = 'Pass lets preflights without a session through to every path';
  return { field: 'spec.corsPreflight', inline: 'cors-preflight', text, fix: 'write Check', inlineFix: 'write Check' };
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
