import { clusterAccessPolicySpec } from '../schema/cluster-access-policy.ts';
import { labelTest } from './label-selector.ts';
import type { Labels, LabelTest } from './label-selector.ts';
import { asJson } from './objects.ts';
import type { Entry, Json } from './objects.ts';

/** Which Ingresses a ClusterAccessPolicy is for; an absent part selects all. */
export interface IngressSelector {
  readonly classes: ReadonlySet<string> | undefined;
  readonly labels: LabelTest | undefined;
}

const legacyClass = 'kubernetes.io/ingress.class';
const { selector: schema, ...others } = clusterAccessPolicySpec.shape;

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function knownFieldsOnly(spec: Json): boolean {
  return Object.keys(spec).every((name) => name === 'selector' || Object.hasOwn(others, name));
}

/**
 * The selector alone: it may be readable where the rest of the object is not. Undefined: it can't be read. A missing
 * one beside a field that doesn't exist is most likely mistyped, and must not be read as "every Ingress".
 */
export function readSelector(object: Json): IngressSelector | undefined {
  const spec = object['spec'];
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return undefined;
  const fields = asJson(spec);
  if (fields['selector'] === undefined) {
    return knownFieldsOnly(fields) ? { classes: undefined, labels: undefined } : undefined;
  }
  const parsed = schema.safeParse(fields['selector']);
  if (!parsed.success || parsed.data === undefined) return undefined;
  const { ingressClassNames, namespaces } = parsed.data;
  return {
    classes: ingressClassNames === undefined ? undefined : new Set(ingressClassNames),
    labels: namespaces === undefined ? undefined : labelTest(namespaces),
  };
}

/** Whether a broken object was to protect what nothing else speaks about: it has a default part, or a field that may be one. */
export function mayDefault(object: Json): boolean {
  const spec = asJson(object['spec']);
  return spec['default'] !== undefined || !knownFieldsOnly(spec);
}

/**
 * Both places that name a class: proxies differ in which of them they read. "nginx" in the older one is read by every
 * ingress-nginx that wasn't told otherwise (`--ingress-class`), whatever its IngressClass is called: where there is none of
 * that name, nothing is known.
 */
function classesOf(ingress: Entry, existing: ReadonlySet<string>): readonly string[] {
  return ingress.values.flatMap((value) => {
    const annotations = asJson(asJson(value['metadata'])['annotations']);
    const older = annotations[legacyClass];
    const isKnown = older !== 'nginx' || existing.size === 0 || existing.has('nginx');
    return [asJson(value['spec'])['ingressClassName'], ...(isKnown ? [older] : [])].filter(isText);
  });
}

/** What is known about the cluster that an Ingress is in. */
export interface Surroundings {
  /** Labels of its namespace. */
  readonly labels: Labels | undefined;
  /** Names of the IngressClasses; none: a folder, which says nothing about them. */
  readonly classes: ReadonlySet<string>;
}

/**
 * A namespace can't leave by keeping silent: an Ingress that names no class may be served by a proxy of any class, and
 * counts as one of the selected; so does an Ingress whose namespace isn't known (labels undefined).
 */
export function selects({ classes, labels }: IngressSelector, ingress: Entry, known: Surroundings): boolean {
  if (classes !== undefined) {
    const named = classesOf(ingress, known.classes);
    if (named.length > 0 && !named.some((name) => classes.has(name))) return false;
  }
  return labels === undefined || known.labels === undefined || labels(known.labels);
}
