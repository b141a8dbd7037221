import { z } from 'zod';
import { audience, entry } from './condition.ts';
import { duration, list, setOf, text } from './fields.ts';
import { limits } from './limits.ts';
import { match } from './match.ts';
import { ruled, shaped, withCel } from './ruled.ts';

const ruleName = shaped(
  text(limits.label),
  /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  'must be letters, digits, "-", "_" and "."',
);

const anyRule = z.strictObject({
  name: ruleName
    .optional()
    .describe('Shown on denial pages and in logs; no two rules have the same. Absent: `rule-<number>`.'),
  match: match
    .optional()
    .describe('Which requests the rule is for: every part that is there must match. Absent: every request.'),
  access: z
    .enum(['Public', 'SignedIn'])
    .optional()
    .describe(
      '`Public`: everybody, without a look at cookies. `SignedIn`: everybody who is signed in. Excludes `allow`.',
    ),
  allow: list(entry, limits.entries)
    .optional()
    .describe(
      'Who may pass: one of the entries must hold. All fields of an entry must hold; within a field any value will do. Excludes `access`.',
    ),
  maxAuthAge: duration(1)
    .optional()
    .describe(
      'How long ago a person may have signed in, by the tokens’ `auth_time`; whoever did so earlier is asked to do it again (see `freshSignIn` of the pool). Not with `access: Public`.',
    ),
});

const audible = ruled(anyRule, {
  holds: (value) => value.access !== undefined || value.allow !== undefined,
  cel: 'has(self.access) || has(self.allow)',
  message: 'names nobody: write access: Public, access: SignedIn or allow',
  params: audience,
});

const rule = ruled(audible, {
  holds: (value) => value.access === undefined || value.allow === undefined,
  cel: '!has(self.access) || !has(self.allow)',
  message: 'access and allow exclude each other: remove one of them',
  field: 'access',
});

const sameName = 'another rule has this name: change it';

const distinct = list(rule, limits.rules).superRefine((rules, context) => {
  const names = new Set<string>();
  for (const [index, { name }] of rules.entries()) {
    if (name === undefined) continue;
    if (names.has(name)) context.addIssue({ code: 'custom', path: [index, 'name'], message: sameName });
    names.add(name);
  }
});

export const accessRules = withCel(distinct, {
  rule: 'self.all(one, !has(one.name) || self.exists_one(other, has(other.name) && other.name == one.name))',
  message: sameName,
}).describe(
  'Who may do what, in order. The first rule that matches a request decides, allowed or not: later rules are not asked. Where no rule matches, the request is refused; so write the narrow rules first and the rule for everything else last.',
);

export const deny = list(entry, limits.entries)
  .optional()
  .describe('Who never passes a rule that needs an identity; judged before every rule. Public rules stay public.');

export const corsPreflight = z
  .enum(['Check', 'Pass'])
  .default('Check')
  .describe('`Pass` lets CORS preflights through without a session; nothing else becomes open by it.');

const origin = shaped(
  text(limits.value),
  /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$/,
  'must be an origin such as https://app.example.com: lower case, no path',
);

export const allowedOrigins = setOf(origin, limits.values)
  .optional()
  .describe('Origins whose pages may open WebSockets, besides the hosts of the route.');

export type RuleSpec = z.output<typeof rule>;
