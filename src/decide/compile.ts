import type { Access, PathMatch, PersonCondition, Policy, Rule } from '../model/policy.ts';
import { compileCondition, type CompiledCondition } from './condition.ts';
import { compileMachine } from './machine.ts';
import { expressionOf } from './expression.ts';
import { parseRanges, type AddressRanges } from './ip.ts';
import { canonicalPath, isUnder } from './paths.ts';

/** Says whether a path that can be read in one way only is meant. */
export type PathTest = (path: string) => boolean;

export interface CompiledRule {
  readonly rule: Rule;
  readonly name: string;
  readonly access: Access['kind'];
  /** The entries of `allow`; empty for the other kinds. */
  readonly conditions: readonly CompiledCondition[];
  readonly path: PathTest | undefined;
  readonly methods: ReadonlySet<string> | undefined;
  readonly sources: AddressRanges | undefined;
}

export interface CompiledPolicy {
  readonly policy: Policy;
  readonly rules: readonly CompiledRule[];
  readonly deny: readonly CompiledCondition[];
  /**
   * Whether the routes need a way to sign in: some rule can let a person in, or none is about machines either. Routes that
   * only machines use are wired without, and refuse with the challenges of RFC 6750.
   */
  readonly signIn: boolean;
  /** Whether bearer tokens are looked at. */
  readonly readsBearers: boolean;
  /** Without any, no reading of a path can change the outcome, and none is made. */
  readonly hasPathRules: boolean;
  /** Groups and claims that the policy asks for, deny included. */
  readonly namedGroups: ReadonlySet<string>;
  readonly namedClaims: ReadonlySet<string>;
  /** `Origin` of a WebSocket handshake that a session may make. */
  allowsOrigin(origin: string): boolean;
}

/**
 * Prepares everything that a decision looks at. Throws where the policy can't be meant (bad expression or range, empty
 * list): translate finds such mistakes earlier and says where; the table takes the route as broken.
 */
export function compilePolicy(policy: Policy, ownsHost: (host: string) => boolean = () => false): CompiledPolicy {
  const origins = new Set(policy.allowedOrigins.map((origin) => origin.toLowerCase()));
  const rules = policy.rules.map(compileRule);
  const conditions = conditionsOf(policy);
  return {
    policy,
    rules,
    deny: [
      ...policy.deny.map((condition) => compileCondition(condition, 'deny')),
      ...(policy.denyMachines ?? []).map(compileMachine),
    ],
    ...waysIn(policy),
    hasPathRules: rules.some((rule) => rule.path !== undefined),
    namedGroups: new Set(conditions.flatMap(({ groups, allGroups }) => [...(groups ?? []), ...(allGroups ?? [])])),
    namedClaims: new Set(conditions.flatMap(({ claims }) => (claims ?? []).map(({ name }) => name))),
    allowsOrigin: (origin) => {
      const host = hostOfOrigin(origin);
      return origins.has(origin.toLowerCase()) || (host !== undefined && ownsHost(host));
    },
  };
}

/** Whom the rules can let in; a deny list lets nobody in. */
export function waysIn({ rules, bearer }: Policy): { readonly signIn: boolean; readonly readsBearers: boolean } {
  const machines = rules.some(({ access }) => access.kind === 'Allow' && (access.machines ?? []).length > 0);
  const people = rules.some(
    ({ access }) => access.kind === 'SignedIn' || (access.kind === 'Allow' && access.conditions.length > 0),
  );
  return { signIn: people || !machines, readsBearers: machines || bearer === 'Accept' };
}

function conditionsOf(policy: Policy): readonly PersonCondition[] {
  return [...policy.deny, ...policy.rules.flatMap(({ access }) => (access.kind === 'Allow' ? access.conditions : []))];
}

/** RFC 6454 6.2; whatever looks otherwise (`null`, a list, a path behind it) is the origin of nobody. */
function hostOfOrigin(origin: string): string | undefined {
  return /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.exec(origin)?.[1]?.toLowerCase();
}

function compileRule(rule: Rule): CompiledRule {
  const { paths, methods, sourceRanges } = rule.match;
  const conditions = rule.access.kind === 'Allow' ? entriesOf(rule.access) : [];
  if (rule.access.kind === 'Allow' && conditions.length === 0) throw new Error('an empty list names nobody');
  return {
    rule,
    name: rule.name,
    access: rule.access.kind,
    conditions,
    path: paths && compilePaths(filled(paths)),
    methods: methods && new Set(filled(methods)),
    sources: sourceRanges && parseRanges(filled(sourceRanges)),
  };
}

function entriesOf({ conditions, machines = [] }: Access & { kind: 'Allow' }): readonly CompiledCondition[] {
  return [...conditions.map((condition) => compileCondition(condition, 'allow')), ...machines.map(compileMachine)];
}

/** An empty list would make the rule match nothing, and the next, wider one decide. */
function filled<T>(list: readonly T[]): readonly T[] {
  if (list.length === 0) throw new Error('an empty list matches nothing');
  return list;
}

function compilePaths(paths: readonly PathMatch[]): PathTest {
  const exact = new Set<string>();
  const tests: PathTest[] = [];
  for (const { type, value } of paths) {
    if (type === 'Exact') exact.add(canonicalValue(value));
    else if (type === 'PathPrefix') tests.push(prefixTest(canonicalValue(value)));
    else tests.push(regexTest(value));
  }
  if (tests.length === 0) return (path) => exact.has(path);
  return (path) => exact.has(path) || tests.some((test) => test(path));
}

/** Requests are compared decoded, so what a policy writes encoded is decoded too, where that has one meaning. */
function canonicalValue(value: string): string {
  return canonicalPath(value) ?? value.normalize('NFKC');
}

/** Gateway API: by whole segments; a slash at the end of the prefix counts for nothing. */
function prefixTest(value: string): PathTest {
  const prefix = value.replace(/\/+$/, '');
  return prefix === '' ? () => true : (path) => isUnder(path, prefix);
}

function regexTest(pattern: string): PathTest {
  const expression = expressionOf(pattern);
  if ('wrong' in expression) throw new Error(expression.wrong);
  return (path) => expression.compiled.testExact(path);
}
