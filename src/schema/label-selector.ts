import { z } from 'zod';
import { list, text } from './fields.ts';
import { limits } from './limits.ts';
import { atMostProperties, ruled, shaped } from './ruled.ts';

/** Qualified name: a name of at most 63 characters, after a DNS name and "/" where there is one. */
const labelKeyPattern = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;

const keyMistake = 'must be the key of a label, such as app or example.com/team';

const labelKey = shaped(text(limits.name + 1 + limits.label), labelKeyPattern, keyMistake);

const labelValue = shaped(
  z.string().max(limits.label, `must have at most ${limits.label} characters`),
  /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
  'must be the value of a label: letters, digits, "-", "_" and "."',
);

/** One requirement; exported because translation reads a broken selector requirement by requirement. */
export const labelRequirement = ruled(
  z.strictObject({
    key: labelKey.describe('Key of the label.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('As in Kubernetes.'),
    values: list(labelValue, limits.values).optional().describe('For `In` and `NotIn`, and only there.'),
  }),
  {
    holds: (value) => /^(Not)?In$/.test(value.operator) === (value.values !== undefined),
    cel: "(self.operator in ['In', 'NotIn']) == has(self.values)",
    message: 'must be there for In and NotIn, and only there',
    field: 'values',
  },
);

const labels = ruled(z.record(z.string(), labelValue), {
  holds: (value) => Object.keys(value).every((key) => labelKeyPattern.test(key)),
  cel: `self.all(key, key.matches(r'${labelKeyPattern.source}'))`,
  message: `${keyMistake}: each of them`,
});

const matchLabels = atMostProperties(labels, limits.entries).refine(
  (value) => Object.keys(value).length <= limits.entries,
  `must have at most ${limits.entries} labels`,
);

/** A selector as Kubernetes has it, but never empty: an empty one selects everything, which nobody means by leaving out. */
export const labelSelector = ruled(
  z.strictObject({
    matchLabels: matchLabels.optional().describe('Labels that must be there with these values.'),
    matchExpressions: list(labelRequirement, limits.entries).optional().describe('Requirements that must all hold.'),
  }),
  {
    holds: (value) => value.matchExpressions !== undefined || Object.keys(value.matchLabels ?? {}).length > 0,
    cel: 'has(self.matchExpressions) || (has(self.matchLabels) && self.matchLabels.size() > 0)',
    message: 'must not be empty: name at least one label',
  },
);

export type LabelSelector = z.output<typeof labelSelector>;
export type LabelRequirement = z.output<typeof labelRequirement>;
