import { z } from 'zod';
import { ownObject } from './api.ts';
import { keyedList, list, objectName, poolRef, text } from './fields.ts';
import { labelSelector } from './label-selector.ts';
import { limits } from './limits.ts';
import { withCel } from './ruled.ts';
import { accessRules, allowedOrigins, corsPreflight, deny } from './rules.ts';

/** Kinds are left to translation here: a policy that points at another kind must keep its other targets closed. */
const targetRef = withCel(
  z.strictObject({
    group: text(limits.name).describe('`networking.k8s.io`.'),
    kind: text(limits.label).describe('`Ingress`.'),
    name: objectName.describe('Name of the Ingress, in the namespace of the policy.'),
  }),
  {
    rule: "self.group == 'networking.k8s.io' && self.kind == 'Ingress'",
    message: 'this kind can not be protected: write group networking.k8s.io and kind Ingress',
    fieldPath: '.kind',
  },
);

const targetRefs = keyedList(targetRef, limits.targets, ['group', 'kind', 'name']);

/** `namespace` is a keyword of CEL, and escaped. */
const samePool =
  'p.name == e.pool.name && (!has(p.__namespace__) || !has(e.pool.__namespace__) || p.__namespace__ == e.pool.__namespace__)';
const poolNamed = `e, !has(e.pool) || self.poolRefs.exists(p, ${samePool})`;
const foreignPool = 'is not a pool of this policy and would never hold: add it to poolRefs';

const spec = z.strictObject({
  targetRefs: targetRefs
    .optional()
    .describe(
      'The Ingresses of this namespace that it protects. An Ingress can also name its policy, with the annotation `cognito-gate.dev/policy`: that closes it before the policy exists.',
    ),
  targetSelector: labelSelector.optional().describe('The same by labels of the Ingresses of this namespace.'),
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
    .describe(
      '`Accept`: people may send their access token as a bearer, too. Those of machines are read wherever an entry of `allow` is about machines.',
    ),
  allowedOrigins,
  deny,
  rules: accessRules,
});

const allowOfPools = withCel(spec, {
  rule: `!has(self.poolRefs) || self.rules.all(r, !has(r.allow) || r.allow.all(${poolNamed}))`,
  message: `the pool of an entry of allow ${foreignPool}`,
  fieldPath: '.rules',
});

export const accessPolicySpec = withCel(allowOfPools, {
  rule: `!has(self.poolRefs) || !has(self.deny) || self.deny.all(${poolNamed})`,
  message: `the pool of an entry of deny ${foreignPool}`,
  fieldPath: '.deny',
});

export const accessPolicy = ownObject('AccessPolicy', accessPolicySpec);

export type AccessPolicySpec = z.output<typeof accessPolicySpec>;
export type { RuleSpec } from './rules.ts';
