import { z } from 'zod';
import { ownObject } from './api.ts';
import type { Entry } from './condition.ts';
import { keyedList, namespaceName, objectName, setOf } from './fields.ts';
import { labelSelector } from './label-selector.ts';
import { limits } from './limits.ts';
import { ruled } from './ruled.ts';
import { accessRules, allowedOrigins, corsPreflight, deny } from './rules.ts';

/** The object is in no namespace, so that a pool's must be said. */
const clusterPoolRef = z.strictObject({
  name: objectName.describe('Name of the CognitoPool.'),
  namespace: namespaceName.describe('Its namespace.'),
});

const poolRefs = keyedList(clusterPoolRef, limits.pools, ['namespace', 'name']);

const unplaced = 'every pool needs its namespace here: a ClusterAccessPolicy is in none';
const placed =
  'e, (!has(e.pool) || has(e.pool.__namespace__)) && (!has(e.machine) || !has(e.machine.pool) || has(e.machine.pool.__namespace__))';

function poolsPlaced(entries: readonly Entry[] = []): boolean {
  return entries.every(({ pool, machine }) =>
    [pool, machine?.pool].every((ref) => ref?.namespace !== undefined || ref === undefined),
  );
}

const rules = ruled(accessRules, {
  holds: (all) => all.every((rule) => poolsPlaced(rule.allow)),
  cel: `self.all(r, !has(r.allow) || r.allow.all(${placed}))`,
  message: unplaced,
});

const denied = ruled(deny.unwrap(), {
  holds: (entries) => poolsPlaced(entries),
  cel: `self.all(${placed})`,
  message: unplaced,
}).optional();

const selector = ruled(
  z.strictObject({
    ingressClassNames: setOf(objectName, limits.entries)
      .optional()
      .describe('Ingresses of any of these classes; absent: of every class.'),
    namespaces: labelSelector
      .optional()
      .describe('Ingresses of the namespaces with these labels; absent: of every namespace.'),
  }),
  {
    holds: (value) => value.ingressClassNames !== undefined || value.namespaces !== undefined,
    cel: 'has(self.ingressClassNames) || has(self.namespaces)',
    message: 'must not be empty: remove it where every Ingress is meant',
  },
);

const defaultPart = z.strictObject({
  rules: rules.describe(
    'As the rules of an AccessPolicy: the first rule that matches a request decides; where none matches, it is refused.',
  ),
  deny: denied.describe('As `deny` of an AccessPolicy.'),
  corsPreflight,
  allowedOrigins,
});

const requiredPart = ruled(
  z.strictObject({
    deny: denied.describe('Who never passes a rule that needs an identity, whatever a namespace writes.'),
    publicRules: z
      .enum(['Allow', 'ExactPathsOnly', 'Forbid'])
      .optional()
      .describe(
        'Which Public rules a namespace may write: any (`Allow`), those that name exact paths (`ExactPathsOnly`), or none (`Forbid`). Absent: any.',
      ),
  }),
  {
    holds: (value) => value.deny !== undefined || value.publicRules !== undefined,
    cel: 'has(self.deny) || has(self.publicRules)',
    message: 'must not be empty: write deny or publicRules, or remove it',
  },
);

const spec = z.strictObject({
  selector: selector
    .optional()
    .describe(
      'The Ingresses that it is for; absent: every Ingress. Exceptions are made by labels of namespaces, which tenants can not set, and by nothing else.',
    ),
  poolRefs: poolRefs
    .optional()
    .describe('Pools where people sign in, the first is offered; absent: the default pool of the installation.'),
  default: defaultPart
    .optional()
    .describe('Decides where neither an AccessPolicy nor an annotation of the Ingress speaks.'),
  required: requiredPart
    .optional()
    .describe('The floor: holds beside whatever AccessPolicies and annotations say, and can not be weakened by them.'),
});

export const clusterAccessPolicySpec = ruled(spec, {
  holds: (value) => value.default !== undefined || value.required !== undefined,
  cel: 'has(self.default) || has(self.required)',
  message: 'says nothing: write default, required or both',
});

export const clusterAccessPolicy = ownObject('ClusterAccessPolicy', clusterAccessPolicySpec);

export type ClusterAccessPolicySpec = z.output<typeof clusterAccessPolicySpec>;
