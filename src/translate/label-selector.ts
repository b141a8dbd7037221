import { labelRequirement } from '../schema/label-selector.ts';
import type { LabelRequirement, LabelSelector } from '../schema/label-selector.ts';
import { asJson } from './objects.ts';
import type { Json } from './objects.ts';

export type Labels = ReadonlyMap<string, string>;
export type LabelTest = (labels: Labels) => boolean;

/** Labels of one object; a value that isn't text is none. */
export function labelsOfObject(value: Json): Labels {
  const pairs = Object.entries(asJson(asJson(value['metadata'])['labels']));
  return new Map(pairs.flatMap(([key, label]) => (typeof label === 'string' ? [[key, label]] : [])));
}

/** `NotIn` and `DoesNotExist` hold where the label is absent (Kubernetes, labels.Requirement.Matches). */
function requirementTest({ key, operator, values = [] }: LabelRequirement): LabelTest {
  if (operator === 'Exists') return (labels) => labels.has(key);
  if (operator === 'DoesNotExist') return (labels) => !labels.has(key);
  const wanted = new Set(values);
  const isIn: LabelTest = (labels) => {
    const label = labels.get(key);
    return label !== undefined && wanted.has(label);
  };
  return operator === 'In' ? isIn : (labels) => !isIn(labels);
}

function equalTest([key, wanted]: readonly [string, string]): LabelTest {
  return (labels) => labels.get(key) === wanted;
}

function all(tests: readonly LabelTest[]): LabelTest {
  return (labels) => tests.every((test) => test(labels));
}

/** As Kubernetes selects: everything that is written must hold. */
export function labelTest(selector: LabelSelector): LabelTest {
  const equal = Object.entries(selector.matchLabels ?? {}).map(equalTest);
  return all([...equal, ...(selector.matchExpressions ?? []).map(requirementTest)]);
}

/**
 * The same for a selector that may be wrong: parts that can't be read are left out, so that it selects more, not less.
 * Undefined where no part of it can be read.
 */
export function looseLabelTest(value: unknown): LabelTest | undefined {
  const selector = asJson(value);
  const labels = Object.entries(asJson(selector['matchLabels']));
  const equal = labels.flatMap(([key, wanted]) => (typeof wanted === 'string' ? [equalTest([key, wanted])] : []));
  const expressions = selector['matchExpressions'];
  const required = (Array.isArray(expressions) ? expressions : []).flatMap((item) => {
    const parsed = labelRequirement.safeParse(item);
    return parsed.success ? [requirementTest(parsed.data)] : [];
  });
  const tests = [...equal, ...required];
  return tests.length === 0 ? undefined : all(tests);
}
