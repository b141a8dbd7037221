import { isIP } from 'node:net';
import { z } from 'zod';
import { limits } from './limits.ts';
import { listType, ruled, shaped } from './ruled.ts';

const dnsLabel = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

export const hostPattern = new RegExp(`^(\\*\\.)?${dnsLabel}(\\.${dnsLabel})*$`);
/** Cognito: 1 to 128 characters that are letters, marks, symbols, numbers or punctuation; so never whitespace. */
export const groupPattern = /^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u;

const emptyValue = 'must not be empty: write a value, or remove the entry';

/** Text that is there: `[""]` must never be read as "no condition" (T24.2). */
export function text(maximum: number) {
  return z
    .string()
    .min(1, { message: emptyValue, abort: true })
    .max(maximum, `must have at most ${maximum} characters`)
    .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters');
}

/** Text without spaces. A pattern for the API server, not CEL: lists of such texts are too long for its cost limit. */
export function token(maximum: number) {
  return text(maximum).regex(/^[^\s\p{Z}\p{Cc}]+$/u, 'must not contain spaces');
}

export function list<T extends z.ZodType>(element: T, maximum: number) {
  const all = z
    .array(element)
    .min(1, 'must not be empty: name at least one, or remove the field')
    .max(maximum, `must have at most ${maximum} entries`);
  return listType(all, 'atomic');
}

/** A list whose entries are told apart by fields: server-side apply merges by them. */
export function keyedList<T extends z.ZodType<object>>(element: T, maximum: number, keys: readonly string[]) {
  const idOf = (value: object): string => {
    const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(value));
    return JSON.stringify(keys.map((key) => fields.get(key)));
  };
  const all = list(element, maximum).refine(
    (values) => new Set(values.map(idOf)).size === values.length,
    'has an entry twice: remove one',
  );
  return listType(all, keys);
}

/** A list without order: server-side apply merges what several writers say. */
export function setOf<T extends z.ZodType<string>>(element: T, maximum: number) {
  const all = list(element, maximum).refine(
    (values) => new Set(values).size === values.length,
    'has an entry twice: remove one',
  );
  return listType(all, 'set');
}

/** Name of a Kubernetes object. */
export const objectName = shaped(
  text(limits.name),
  /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
  'must be a Kubernetes name: lower-case letters, digits, "-" and "."',
);

export const namespaceName = shaped(
  text(limits.label),
  /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  'must be a namespace: lower-case letters, digits and "-"',
);

export const groupName = text(limits.group).regex(groupPattern, 'must be a Cognito group: no spaces');

const durationPattern = /^(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/;

/** Seconds of a duration such as `90s`, `15m` or `1h30m`; undefined where it isn't one. */
export function durationSeconds(value: string): number | undefined {
  const found = value === '' ? null : durationPattern.exec(value);
  if (found === null) return undefined;
  const [, hours = '0', minutes = '0', seconds = '0'] = found;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** A duration of at least `minimum` seconds. */
export function duration(minimum: number) {
  const shape = '^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$';
  return ruled(z.string().max(24, 'must be a duration such as 15m or 12h'), {
    holds: (value) => (durationSeconds(value) ?? -1) >= minimum,
    cel: `self != '' && self.matches(r'${shape}') && duration(self) >= duration('${minimum}s')`,
    message: `must be a duration of at least ${minimum}s, such as 15m or 1h30m`,
  });
}

function isRange(value: string): boolean {
  const [address = '', bits = '', ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || address.includes('%') || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
  return Number(bits) <= (family === 4 ? 32 : 128);
}

export const sourceRange = ruled(text(64), {
  holds: isRange,
  cel: 'isCIDR(self)',
  message: 'must be an address range such as 10.0.0.0/8 or 203.0.113.7/32',
});

const endpoint =
  /^(https:\/\/[^/@?#\\]+|http:\/\/(localhost|[a-z0-9.-]+\.localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)(\/[^?#\\]*)?$/;

/** Https; http only to this machine. No user, query or fragment. */
export const endpointUrl = ruled(text(limits.url), {
  holds: (value) => endpoint.test(value) && URL.canParse(value),
  cel: `isURL(self) && self.matches(r'${endpoint.source}')`,
  message: 'must be an https URL without user, query and fragment (http only on this machine)',
});

/** Reference to a pool. */
export const poolRef = z.strictObject({
  name: objectName.describe('Name of the CognitoPool.'),
  namespace: namespaceName.optional().describe('Its namespace; absent: the namespace of this object.'),
});
