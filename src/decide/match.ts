import type { Request } from '../model/request.ts';
import type { RefusalReason } from '../model/verdict.ts';
import type { CompiledPolicy, CompiledRule } from './compile.ts';
import { readPath, type PathForm } from './paths.ts';

export type RuleMatch =
  | { readonly kind: 'rule'; readonly rule: CompiledRule }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason };

/** Finds the rule that decides: the first that matches. Every reading of an ambiguous path has to find the same. */
export function matchRequest(request: Request, policy: CompiledPolicy): RuleMatch {
  return matchForm(request, policy, readPath(request.path));
}

/** The same, with the path read before. */
export function matchForm(request: Request, policy: CompiledPolicy, form: PathForm): RuleMatch {
  if (form.kind === 'malformed') return refuse('path_malformed');
  if (!policy.hasPathRules) return outcome(firstRule(request, policy, ''));
  return form.kind === 'plain' ? matchPlain(request, policy, form) : matchReadings(request, policy, form.readings);
}

type Found = CompiledRule | 'no_rule' | 'source_unknown';

/** A spelling that nobody sends by accident opens a Public rule only where both ways to read it do. */
function matchPlain(request: Request, policy: CompiledPolicy, form: PathForm & { kind: 'plain' }): RuleMatch {
  const found = firstRule(request, policy, form.path);
  const raw = form.needlesslyEncoded;
  if (raw !== undefined && isPublic(found) && firstRule(request, policy, raw) !== found)
    return refuse('path_ambiguous');
  return outcome(found);
}

function matchReadings(request: Request, policy: CompiledPolicy, readings: readonly string[] | undefined): RuleMatch {
  const [first, ...others] = readings ?? [];
  if (first === undefined) return refuse('path_ambiguous');
  const found = firstRule(request, policy, first);
  if (isPublic(found) || others.some((path) => firstRule(request, policy, path) !== found)) {
    return refuse('path_ambiguous');
  }
  return outcome(found);
}

function isPublic(found: Found): boolean {
  return typeof found !== 'string' && found.access === 'Public';
}

function firstRule(request: Request, policy: CompiledPolicy, path: string): Found {
  for (const rule of policy.rules) {
    if (rule.methods !== undefined && !rule.methods.has(request.method)) continue;
    if (rule.path !== undefined && !rule.path(path)) continue;
    if (rule.sources === undefined) return rule;
    if (request.clientAddress === undefined) return 'source_unknown';
    if (rule.sources.has(request.clientAddress)) return rule;
  }
  return 'no_rule';
}

function outcome(found: Found): RuleMatch {
  return typeof found === 'string' ? refuse(found) : { kind: 'rule', rule: found };
}

function refuse(reason: RefusalReason): RuleMatch {
  return { kind: 'refuse', reason };
}
