import { z } from 'zod';
import { accessRules, allowedOrigins, corsPreflight } from './access-policy.ts';
import { ownObject } from './api.ts';
import { entry } from './condition.ts';
import { list, namespaceName, objectName } from './fields.ts';
import { labelSelector } from './label-selector.ts';
import { limits } from './limits.ts';

/** The object is in no namespace, so that a pool's must be said. */
const clusterPoolRef = z.strictObject({
  name: objectName.describe('Name of the CognitoPool.'),
  namespace: namespaceName.describe('Its namespace.'),
});

const poolsNamed = {
  message: 'every pool needs its namespace here: a ClusterAccessPolicy is in none',
};

const entries = list(entry, limits.entries).refine(
  (list) => list.every((one) => one.pool === undefined || one.pool.namespace !== undefined),
  poolsNamed,
);

const rules = accessRules.refine(
  (list) =>
    list.every((rule) => (rule.allow ?? []).every((one) => one.pool === undefined || one.pool.namespace !== undefined)),
  poolsNamed,
);

const selector = z
  .strictObject({
    ingressClassNames: list(objectName, limits.entries)
      .optional()
      .describe('Ingresses of any of these classes; absent: of every class.'),
    namespaces: labelSelector
      .optional()
      .describe('Ingresses of the namespaces with these labels; absent: of every namespace.'),
  })
  .refine((value) => value.ingressClassNames !== undefined || value.namespaces !== undefined, {
    message: 'must not be empty: remove it where every Ingress is meant',
  });

const defaultPart = z.strictObject({
  rules: rules.describe('As the rules of an AccessPolicy: the first rule that matches decides.'),
  deny: entries.optional().describe('As `deny` of an AccessPolicy.'),
  corsPreflight,
  allowedOrigins,
});

const requiredPart = z
  .strictObject({
    deny: entries.optional().describe('Who never passes a rule that needs an identity, whatever a namespace writes.'),
    publicRules: z
      .enum(['Allow', 'ExactPathsOnly', 'Forbid'])
      .optional()
      .describe(
        'Which Public rules a namespace may write: any (`Allow`), those that name exact paths (`ExactPathsOnly`), or none (`Forbid`). Absent: any.',
      ),
  })
  .refine((value) => value.deny !== undefined || value.publicRules !== undefined, {
    message: 'must not be empty: write deny or publicRules, or remove it',
  });

export const clusterAccessPolicySpec = z
  .strictObject({
    selector: selector.optional().describe('The Ingresses that it is for; absent: every Ingress.'),
    poolRefs: list(clusterPoolRef, limits.pools)
      .optional()
      .describe('Pools of the default part, the first is offered; absent: the default pool of the installation.'),
    default: defaultPart.optional().describe('Decides where neither an AccessPolicy nor an annotation speaks.'),
    required: requiredPart.optional().describe('Holds whatever a namespace writes.'),
  })
  .refine((value) => value.default !== undefined || value.required !== undefined, {
    message: 'says nothing: write default, required or both',
  });

export const clusterAccessPolicy = ownObject('ClusterAccessPolicy', clusterAccessPolicySpec);

export type ClusterAccessPolicySpec = z.output<typeof clusterAccessPolicySpec>;
