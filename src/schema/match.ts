import { z } from 'zod';
import { list, sourceRange, text } from './fields.ts';
import { limits } from './limits.ts';
import { ruled, shaped, withCel } from './ruled.ts';

/** A path that canonical paths can equal: anything else would never match and leave its place to a wider rule. */
const unplain = String.raw`[?#\\\s\p{Z}]|//|/\.\.?(/|$)`;

const notPlain = new RegExp(unplain, 'u');

const anyPath = z.strictObject({
  type: z
    .enum(['Exact', 'PathPrefix', 'RegularExpression'])
    .describe(
      '`Exact`: this path and no other. `PathPrefix`: this path and everything below, by segment (`/app` matches `/app/x`, not `/apple`). `RegularExpression`: RE2, anchored at both ends.',
    ),
  value: text(limits.path).describe('Starts with `/`; decoded, without query; compared with case.'),
});

const plainPath = ruled(anyPath, {
  holds: ({ type, value }) => type === 'RegularExpression' || (value.startsWith('/') && !notPlain.test(value)),
  cel: `self.type == 'RegularExpression' || (self.value.startsWith('/') && !self.value.matches(r'${unplain}'))`,
  message: 'must start with "/" and be a plain path: no query, backslash, space (write %20), "//", "." or ".." segment',
  field: 'value',
});

const shortPath = ruled(plainPath, {
  holds: ({ type, value }) => type !== 'RegularExpression' || value.length <= limits.regex,
  cel: `self.type != 'RegularExpression' || self.value.size() <= ${limits.regex}`,
  message: `must have at most ${limits.regex} characters`,
  field: 'value',
});

/**
 * A pattern that RE2 refuses is an error of evaluation, whatever comes out. The API server tries only what it compiles at
 * once: repetition counts and large classes can keep it busy for many seconds (measured). Translation judges all of them.
 */
const pathMatch = withCel(shortPath, {
  rule: String.raw`self.type != 'RegularExpression' || self.value.matches(r'[^ -z|}~]|\\[pPx]') ? true : (''.matches(self.value) ? true : true)`,
  message: 'is not a regular expression of RE2: correct it',
});

const method = shaped(text(32), /^[A-Z]+(-[A-Z]+)*$/, 'must be a method in capitals, such as GET');

/** What a rule is for; an absent part matches everything. */
export const match = ruled(
  z.strictObject({
    paths: list(pathMatch, limits.entries).optional().describe('Any of these paths; absent: every path.'),
    methods: list(method, limits.entries)
      .optional()
      .describe('Any of these methods, in capitals (`GET` does not include `HEAD`); absent: every method.'),
    sourceRanges: list(sourceRange, limits.values)
      .optional()
      .describe(
        'Client address in any of these ranges (`10.0.0.0/8`); the installation must say how the address is known.',
      ),
  }),
  {
    holds: (value) => Object.values(value).some((field) => field !== undefined),
    cel: 'has(self.paths) || has(self.methods) || has(self.sourceRanges)',
    message: 'must not be empty: remove it where the rule is for every request',
  },
);
