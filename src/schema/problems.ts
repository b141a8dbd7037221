import type { z } from 'zod';
import { nearest } from './nearest.ts';

/** One mistake in one object, in words that never quote a value. */
export interface Problem {
  readonly field: string;
  readonly message: string;
  /** The mistake is that nobody is named: an empty list, entry or name where people should be. */
  readonly audience: boolean;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** What a user called a field is shown, but never at length. */
function short(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}]/gu, '?');
  return clean.length > 64 ? `${clean.slice(0, 64)}…` : clean;
}

/** `spec.rules[0].allow`; a name with dots stands in brackets. */
export function fieldPath(path: Path): string {
  let text = '';
  for (const part of path) {
    const name = short(String(part));
    if (typeof part === 'number' || !/^[A-Za-z0-9_-]+$/.test(name)) text += `[${name}]`;
    else text += text === '' ? name : `.${name}`;
  }
  return text;
}

/** `rules` itself, and everything below `allow` and `deny`. */
function namesPeople(path: Path): boolean {
  const last = path.at(-1);
  if (path.length === 2 && last === 'rules') return true;
  return path.includes('allow') || path.includes('deny');
}

function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.message.includes('received undefined');
}

function aboutAudience(issue: Issue): boolean {
  if (issue.code === 'custom') return issue.params?.['audience'] === true;
  if (issue.code === 'too_small') return namesPeople(issue.path);
  return isMissing(issue) && issue.path.length === 2 && issue.path.at(-1) === 'rules';
}

const article: Readonly<Record<string, string>> = { array: 'a list', object: 'an object', string: 'text (in quotes)' };

function wording(issue: Issue): string {
  if (isMissing(issue)) return 'is missing: add it';
  if (issue.code === 'invalid_type') return `must be ${article[issue.expected] ?? `a ${issue.expected}`}`;
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid')) {
    return `must be ${issue.values.map((value) => String(value)).join(' or ')}`;
  }
  return issue.message;
}

function unknownField(path: Path, key: string, schema: z.ZodType): Problem {
  const { known, guess } = nearest(schema, path, key);
  const fix = guess === undefined ? `remove it (known: ${known.join(', ')})` : `did you mean "${guess}"?`;
  return { field: fieldPath([...path, key]), message: `unknown field "${short(key)}": ${fix}`, audience: false };
}

/** The mistakes of a failed parse, in the order of the schema. */
export function problemsOf(error: z.ZodError, schema: z.ZodType): readonly Problem[] {
  const mistyped = new Set(
    error.issues.filter((issue) => issue.code === 'unrecognized_keys').map((issue) => fieldPath(issue.path)),
  );
  return error.issues.flatMap((issue) => {
    // "Must not be empty" beside "unknown field" would only blur what is wrong.
    if (issue.code === 'custom' && mistyped.has(fieldPath(issue.path))) return [];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(issue.path, key, schema));
    return [{ field: fieldPath(issue.path), message: wording(issue), audience: aboutAudience(issue) }];
  });
}
