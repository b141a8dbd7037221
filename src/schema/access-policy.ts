import { z } from 'zod';
import { ownObject } from './api.ts';
import { audience, entry } from './condition.ts';
import { duration, list, objectName, poolRef, sourceRange, text } from './fields.ts';
import { labelRequirement, labelSelector } from './label-selector.ts';
import { limits } from './limits.ts';

/** A path that canonical paths can equal: anything else would never match and leave its place to a wider rule. */
function isCanonical(path: string): boolean {
  if (!path.startsWith('/') || /[?#\\\s]|\/\//.test(path)) return false;
  return path.split('/').every((segment) => segment !== '.' && segment !== '..');
}

const pathMatch = z
  .strictObject({
    type: z
      .enum(['Exact', 'PathPrefix', 'RegularExpression'])
      .describe('`Exact`, `PathPrefix` (by segment) or `RegularExpression` (anchored at both ends, RE2).'),
    value: text(limits.path).describe('Starts with `/`; decoded, without query.'),
  })
  .refine((path) => path.type === 'RegularExpression' || isCanonical(path.value), {
    path: ['value'],
    message:
      'must start with "/" and be a plain path: no query, backslash, space (write %20), "//", "." or ".." segment',
  })
  .refine((path) => path.type !== 'RegularExpression' || path.value.length <= limits.regex, {
    path: ['value'],
    message: `must have at most ${limits.regex} characters`,
  });

const method = text(32).regex(/^[A-Z]+(-[A-Z]+)*$/, 'must be a method in capitals, such as GET');

const match = z
  .strictObject({
    paths: list(pathMatch, limits.entries).optional().describe('Any of these paths; absent: every path.'),
    methods: list(method, limits.entries).optional().describe('Any of these methods; absent: every method.'),
    sourceRanges: list(sourceRange, limits.values)
      .optional()
      .describe('Client address in any of these ranges; the installation must say how the address is known.'),
  })
  .refine((value) => Object.values(value).some((field) => field !== undefined), {
    message: 'must not be empty: remove it where the rule is for every request',
  });

const rule = z
  .strictObject({
    name: text(limits.label)
      .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'must be letters, digits, "-", "_" and "."')
      .optional()
      .describe('Shown on denial pages and in logs; absent: `rule-<number>`.'),
    match: match.optional().describe('What the rule is for; absent: every request.'),
    access: z
      .enum(['Public', 'SignedIn'])
      .optional()
      .describe('`Public`: everybody, without a look at cookies. `SignedIn`: everybody who is signed in.'),
    allow: list(entry, limits.entries).optional().describe('Alternatives: who may pass. Excludes `access`.'),
    maxAuthAge: duration(1).optional().describe('How old the sign-in may be. Not built yet: the route refuses.'),
  })
  .refine((value) => value.access !== undefined || value.allow !== undefined, {
    message: 'names nobody: write access: Public, access: SignedIn or allow',
    params: audience,
  })
  .refine((value) => value.access === undefined || value.allow === undefined, {
    path: ['access'],
    message: 'access and allow exclude each other: remove one of them',
  });

const targetRef = z.strictObject({
  group: text(limits.name).describe('`networking.k8s.io`.'),
  kind: text(limits.label).describe('`Ingress`.'),
  name: objectName.describe('Name of the Ingress, in the namespace of the policy.'),
});

const origin = text(limits.value).regex(
  /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$/,
  'must be an origin such as https://app.example.com: lower case, no path',
);

export const corsPreflight = z
  .enum(['Check', 'Pass'])
  .default('Check')
  .describe('`Pass` lets CORS preflights through without a session; nothing else becomes open by it.');

export const allowedOrigins = list(origin, limits.values)
  .optional()
  .describe('Origins of WebSocket handshakes, besides the hosts of the route.');

export const accessRules = list(rule, limits.rules).describe(
  'The first rule that matches decides, allowed or not; where none matches, the request is refused.',
);

export const accessPolicySpec = z.strictObject({
  targetRefs: list(targetRef, limits.targets)
    .optional()
    .describe('The Ingresses that it protects. An Ingress can also name it: `cognito-gate.dev/policy`.'),
  targetSelector: labelSelector.optional().describe('The same by labels of the Ingresses of its namespace.'),
  poolRefs: list(poolRef, limits.pools)
    .optional()
    .describe('Pools where people sign in, the first is offered; absent: the default pool of the installation.'),
  mode: z
    .enum(['Enforce', 'Audit'])
    .default('Enforce')
    .describe('`Audit` never decides: it is judged beside the enforcing policy and counted.'),
  corsPreflight,
  bearer: z
    .enum(['Ignore', 'Accept'])
    .default('Ignore')
    .describe('`Accept`: access tokens of people too. Not built yet: the route refuses.'),
  allowedOrigins,
  deny: list(entry, limits.entries)
    .optional()
    .describe('Who never passes a rule that needs an identity; judged before every rule.'),
  rules: accessRules,
});

export const accessPolicy = ownObject('AccessPolicy', accessPolicySpec);

export type AccessPolicySpec = z.output<typeof accessPolicySpec>;
export type RuleSpec = z.output<typeof rule>;
export const requirementSchema = labelRequirement;
