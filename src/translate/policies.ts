import { programBound } from '../decide/expression-bound.ts';
import { expressionOf } from '../decide/expression.ts';
import { canonicalPath } from '../decide/paths.ts';
import type { Finding, FindingReason } from '../model/finding.ts';
import type { Access, Match, PathMatch, Policy, Rule } from '../model/policy.ts';
import type { PoolId } from '../model/pool.ts';
import type { Installation } from '../model/snapshot.ts';
import { durationSeconds } from '../schema/fields.ts';
import { accessPolicy } from '../schema/access-policy.ts';
import type { AccessPolicySpec, RuleSpec } from '../schema/access-policy.ts';
import { denied, entriesOf, resolvePool } from './entries.ts';
import type { Entries, PoolRef } from './entries.ts';
import { asJson } from './objects.ts';
import type { Entry } from './objects.ts';
import { lookUpPool } from './pools.ts';
import type { Pools } from './pools.ts';
import { parse } from './report.ts';
import type { Report } from './report.ts';

/** What a policy came to: in force, or broken for every Ingress that it claims. */
export interface PolicyEntry {
  readonly namespace: string;
  readonly name: string;
  readonly mode: 'Enforce' | 'Audit';
  readonly policy: Policy | undefined;
  readonly reason: FindingReason | undefined;
  /** The first mistake, with its field; empty where there is none. */
  readonly mistake: string;
  readonly entry: Entry;
}

/** What the parts of one policy are read with. */
export interface Reading {
  readonly pools: Pools;
  readonly installation: Installation;
  readonly namespace: string;
  readonly report: Report;
}

/** The installation's pool, for a policy that names none. */
export function defaultPool(field: string, reading: Reading): readonly PoolId[] {
  const name = reading.installation.defaultPool;
  if (name === undefined) {
    reading.report.error('PoolNotFound', field, 'no pool is named and there is no default: name one');
    return [];
  }
  const found = lookUpPool(reading.pools, name, reading.namespace);
  if ('pool' in found) return [found.pool.id];
  reading.report.error(found.reason, field, `the default pool is meant: ${found.message}`);
  return [];
}

export function poolsOf(refs: readonly PoolRef[] | undefined, reading: Reading): readonly PoolId[] {
  if (refs === undefined) return defaultPool('spec.poolRefs', reading);
  const ids = refs.map((ref, index) => resolvePool(ref, `spec.poolRefs[${index}]`, reading));
  return [...new Set(ids.filter((id) => id !== undefined))];
}

/** A path that no request can equal would leave its requests to a wider rule. */
function pathMistake({ type, value }: PathMatch): string | undefined {
  if (type === 'RegularExpression') {
    const fix = 'correct it, or make it smaller';
    return 'compiled' in expressionOf(value) ? undefined : `is not a regular expression of RE2, or too large: ${fix}`;
  }
  const readable = !value.includes('%') || canonicalPath(value) !== undefined;
  return readable ? undefined : 'is encoded so that it can be read in several ways: write the characters themselves';
}

function matchOf(match: NonNullable<RuleSpec['match']>, field: string, reading: Reading): Match {
  for (const [index, path] of (match.paths ?? []).entries()) {
    const wrong = pathMistake(path);
    if (wrong !== undefined) reading.report.error('Invalid', `${field}.paths[${index}].value`, wrong);
  }
  if (match.sourceRanges !== undefined && !reading.installation.clientAddressKnown) {
    const fix = 'remove it, or tell the installation how the client address is known';
    reading.report.error('SourceUnknown', `${field}.sourceRanges`, `the client address is not known: ${fix}`);
  }
  return {
    ...(match.paths === undefined ? {} : { paths: match.paths }),
    ...(match.methods === undefined ? {} : { methods: match.methods }),
    ...(match.sourceRanges === undefined ? {} : { sourceRanges: match.sourceRanges }),
  };
}

function allowOf({ people, machines }: Entries): Access {
  return { kind: 'Allow', conditions: people, ...(machines.length === 0 ? {} : { machines }) };
}

function ruleOf(spec: RuleSpec, field: string, ids: readonly PoolId[], reading: Reading): Omit<Rule, 'name'> {
  if (spec.maxAuthAge !== undefined && spec.access === 'Public') {
    const fix = 'remove it, or write access: SignedIn';
    reading.report.error('Invalid', `${field}.maxAuthAge`, `means nothing where access is Public: ${fix}`);
  }
  const match = spec.match === undefined ? {} : matchOf(spec.match, `${field}.match`, reading);
  const access: Access =
    spec.access === undefined
      ? allowOf(entriesOf({ specs: spec.allow ?? [], field: `${field}.allow`, ids }, reading))
      : { kind: spec.access };
  return {
    match,
    access,
    ...(spec.maxAuthAge === undefined ? {} : { maxAuthAge: durationSeconds(spec.maxAuthAge) ?? 0 }),
  };
}

function reportNames(rules: readonly Rule[], field: string, report: Report): void {
  const names = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    if (names.has(rule.name))
      report.error('Invalid', `${field}[${index}].name`, 'another rule has this name: change it');
    names.add(rule.name);
  }
}

/** Of all regular expressions of one policy: a request may have to try each, and everybody waits for it. */
const maxExpressions = 6_000;

/** Told from the text: none is compiled before it is known that all are small enough. */
function reportExpressions({ specs, field }: Rules, report: Report): boolean {
  let sum = 0;
  for (const [r, { match }] of specs.entries()) {
    for (const [p, { type, value }] of (match?.paths ?? []).entries()) {
      if (type === 'RegularExpression') sum += programBound(value);
      if (sum <= maxExpressions) continue;
      const text =
        'is too large, or together with the others of this policy: use fewer or smaller ones, or other path types';
      report.error('Invalid', `${field}[${r}].match.paths[${p}].value`, text);
      return true;
    }
  }
  return false;
}

interface Rules {
  readonly specs: readonly RuleSpec[];
  readonly field: string;
  readonly ids: readonly PoolId[];
}

export function rulesOf({ specs, field, ids }: Rules, reading: Reading): readonly Rule[] {
  if (reportExpressions({ specs, field, ids }, reading.report)) return [];
  const rules = specs.map((spec, index) => ({
    name: spec.name ?? `rule-${index + 1}`,
    ...ruleOf(spec, `${field}[${index}]`, ids, reading),
  }));
  reportNames(rules, field, reading.report);
  return rules;
}

function policyOf(name: string, spec: AccessPolicySpec, reading: Reading): Policy {
  const pools = poolsOf(spec.poolRefs, reading);
  const deny = entriesOf({ specs: spec.deny ?? [], field: 'spec.deny', ids: pools }, reading);
  const rules = rulesOf({ specs: spec.rules, field: 'spec.rules', ids: pools }, reading);
  return {
    namespace: reading.namespace,
    name,
    pools,
    corsPreflight: spec.corsPreflight,
    allowedOrigins: spec.allowedOrigins ?? [],
    ...denied([deny]),
    ...(spec.bearer === 'Accept' ? { bearer: spec.bearer } : {}),
    rules,
  };
}

/** A document that says "Audit" is one even where the rest of it is broken: it must change nothing (P23). */
function modeOf(entry: Entry): 'Enforce' | 'Audit' {
  const audits = entry.values.every((value) => asJson(value['spec'])['mode'] === 'Audit');
  return audits ? 'Audit' : 'Enforce';
}

/** What is told wherever an object is broken by another: the first mistake, with its field. */
export function mistakeOf({ findings }: Report): string {
  const first = findings.find(({ severity }) => severity === 'error');
  if (first === undefined) return '';
  return first.field === '' ? first.message : `${first.field}: ${first.message}`;
}

function readPolicy(entry: Entry, pools: Pools, installation: Installation): PolicyEntry {
  const { namespace, name } = entry.ref;
  const { report } = entry;
  let policy: Policy | undefined;
  if (entry.values.length === 1) {
    const spec = parse(accessPolicy, entry.values[0], report)?.spec;
    if (spec !== undefined) policy = policyOf(name, spec, { pools, installation, namespace, report });
  }
  const reason = report.broken();
  const mistake = mistakeOf(report);
  const usable = reason === undefined ? policy : undefined;
  return { namespace, name, mode: modeOf(entry), policy: usable, reason, mistake, entry };
}

export function readPolicies(
  entries: readonly Entry[],
  pools: Pools,
  installation: Installation,
): readonly PolicyEntry[] {
  return entries.map((entry) => readPolicy(entry, pools, installation));
}

export function findingsOf(policies: readonly PolicyEntry[]): readonly Finding[] {
  return policies.flatMap((policy) => policy.entry.report.findings);
}
