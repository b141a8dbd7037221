import { looseLabelTest } from './label-selector.ts';
import type { Labels, LabelTest } from './label-selector.ts';
import { asJson } from './objects.ts';
import type { Entry, Json } from './objects.ts';
import type { PolicyEntry } from './policies.ts';

/** Names of the Ingresses of one namespace, with their labels. */
export type Candidates = ReadonlyMap<string, Labels>;

/** Which Ingresses of its namespace a policy points at. */
export interface Targeting {
  readonly policy: PolicyEntry;
  readonly names: ReadonlySet<string>;
  readonly tests: readonly LabelTest[];
}

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

export function labelsOf(ingress: Entry): Labels {
  const pairs = ingress.values.flatMap((value) => Object.entries(asJson(asJson(value['metadata'])['labels'])));
  return new Map(pairs.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
}

function specsOf(policy: PolicyEntry): readonly Json[] {
  return policy.entry.values.map((value) => asJson(value['spec']));
}

export function targetingOf(policy: PolicyEntry): Targeting {
  const specs = specsOf(policy);
  return {
    policy,
    names: new Set(specs.flatMap((spec) => referenced(spec, policy.namespace))),
    tests: specs.map((spec) => looseLabelTest(spec['targetSelector'])).filter((test) => test !== undefined),
  };
}

export function pointsAt({ names, tests }: Targeting, name: string, labels: Labels): boolean {
  return names.has(name) || tests.some((test) => test(labels));
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

/** Says which targets aren't there. */
export function reportTargets({ policy, tests }: Targeting, candidates: Candidates): void {
  for (const spec of specsOf(policy)) reportRefs(policy, spec, candidates);
  for (const test of tests) {
    if (candidates.values().some((labels) => test(labels))) continue;
    const text = 'no Ingress of this namespace has these labels';
    policy.entry.report.warn('TargetNotFound', 'spec.targetSelector', text);
  }
}
