import { z } from 'zod';
import { list, text } from './fields.ts';
import { limits } from './limits.ts';

const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;
const prefixPart = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Qualified name: a name of at most 63 characters, after a DNS name and "/" where there is one. */
function isLabelKey(key: string): boolean {
  const [first = '', second, ...rest] = key.split('/');
  if (rest.length > 0) return false;
  return second === undefined ? namePart.test(first) : prefixPart.test(first) && namePart.test(second);
}

const keyMistake = 'must be the key of a label, such as app or example.com/team';

const labelKey = text(limits.name + 1 + limits.label).refine(isLabelKey, keyMistake);

const labelValue = z
  .string()
  .max(limits.label, `must have at most ${limits.label} characters`)
  .regex(
    /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
    'must be the value of a label: letters, digits, "-", "_" and "."',
  );

/** One requirement; exported because translation reads a broken selector requirement by requirement. */
export const labelRequirement = z
  .strictObject({
    key: labelKey.describe('Key of the label.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('As in Kubernetes.'),
    values: list(labelValue, limits.values).optional().describe('For `In` and `NotIn`, and only there.'),
  })
  .refine((value) => /^(Not)?In$/.test(value.operator) === (value.values !== undefined), {
    path: ['values'],
    message: 'must be there for In and NotIn, and only there',
  });

const matchLabels = z
  .record(z.string(), labelValue)
  .refine((labels) => Object.keys(labels).every(isLabelKey), keyMistake)
  .refine((labels) => Object.keys(labels).length <= limits.entries, `must have at most ${limits.entries} labels`);

/** A selector as Kubernetes has it, but never empty: an empty one selects everything, which nobody means by leaving out. */
export const labelSelector = z
  .strictObject({
    matchLabels: matchLabels.optional().describe('Labels that must be there with these values.'),
    matchExpressions: list(labelRequirement, limits.entries).optional().describe('Requirements that must all hold.'),
  })
  .refine((value) => value.matchExpressions !== undefined || Object.keys(value.matchLabels ?? {}).length > 0, {
    message: 'must not be empty: name at least one label',
  });

export type LabelSelector = z.output<typeof labelSelector>;
export type LabelRequirement = z.output<typeof labelRequirement>;
