import { requirementSchema } from '../schema/access-policy.ts';
import { asJson } from './objects.ts';
import type { Entry, Json } from './objects.ts';
import type { PolicyEntry } from './policies.ts';

type Labels = ReadonlyMap<string, string>;
type Test = (labels: Labels) => boolean;

/** Names of the Ingresses of one namespace, with their labels. */
export type Candidates = ReadonlyMap<string, Labels>;

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Which Ingresses the references name. Read leniently: a policy with a mistake somewhere must still close
 * what it was to protect, instead of losing its target over that mistake.
 */
function referenced(spec: Json, own: string): readonly string[] {
  return listOf(spec['targetRefs']).flatMap((value) => {
    const { name, kind, namespace = own } = asJson(value);
    const isIngress = typeof kind !== 'string' || kind.toLowerCase() === 'ingress';
    return typeof name === 'string' && isIngress && namespace === own ? [name] : [];
  });
}

function requirementTest(value: unknown): Test | undefined {
  const parsed = requirementSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { key, operator, values = [] } = parsed.data;
  if (operator === 'Exists') return (labels) => labels.has(key);
  if (operator === 'DoesNotExist') return (labels) => !labels.has(key);
  const wanted = new Set(values);
  const isIn: Test = (labels) => {
    const label = labels.get(key);
    return label !== undefined && wanted.has(label);
  };
  return operator === 'In' ? isIn : (labels) => !isIn(labels);
}

/** As Kubernetes selects; undefined where no part of it can be read. Parts that can't are left out. */
function selectorTest(value: unknown): Test | undefined {
  const selector = asJson(value);
  const labels = Object.entries(asJson(selector['matchLabels'])).filter(([, wanted]) => typeof wanted === 'string');
  const tests: readonly Test[] = [
    ...labels.map(
      ([key, wanted]): Test =>
        (has) =>
          has.get(key) === wanted,
    ),
    ...listOf(selector['matchExpressions'])
      .map(requirementTest)
      .filter((test) => test !== undefined),
  ];
  return tests.length === 0 ? undefined : (has) => tests.every((test) => test(has));
}

export function labelsOf(ingress: Entry): Labels {
  const pairs = ingress.values.flatMap((value) => Object.entries(asJson(asJson(value['metadata'])['labels'])));
  return new Map(pairs.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
}

function reportRefs(policy: PolicyEntry, spec: Json, candidates: Candidates): void {
  for (const [index, value] of listOf(spec['targetRefs']).entries()) {
    const { group, kind, name } = asJson(value);
    const at = `spec.targetRefs[${index}]`;
    if (
      typeof group === 'string' &&
      typeof kind === 'string' &&
      (group !== 'networking.k8s.io' || kind !== 'Ingress')
    ) {
      policy.entry.report.error(
        'TargetNotFound',
        `${at}.kind`,
        'this kind can not be protected: write group networking.k8s.io and kind Ingress',
      );
    } else if (typeof name === 'string' && !candidates.has(name)) {
      policy.entry.report.error(
        'TargetNotFound',
        `${at}.name`,
        'no Ingress of this namespace has this name: correct it, or make the Ingress',
      );
    }
  }
}

/** Names of the Ingresses that a policy claims; what isn't there is reported. */
export function claimsOf(policy: PolicyEntry, candidates: Candidates): ReadonlySet<string> {
  const claimed = new Set<string>();
  for (const value of policy.entry.values) {
    const spec = asJson(value['spec']);
    for (const name of referenced(spec, policy.namespace)) if (candidates.has(name)) claimed.add(name);
    const test = selectorTest(spec['targetSelector']);
    const selected = test === undefined ? [] : [...candidates].filter(([, labels]) => test(labels));
    for (const [name] of selected) claimed.add(name);
    reportRefs(policy, spec, candidates);
    if (test !== undefined && selected.length === 0) {
      policy.entry.report.warn(
        'TargetNotFound',
        'spec.targetSelector',
        'no Ingress of this namespace has these labels',
      );
    }
  }
  return claimed;
}
