import type { z } from 'zod';
import { accessPolicySpec } from '../../src/schema/access-policy.ts';
import { clusterAccessPolicySpec } from '../../src/schema/cluster-access-policy.ts';
import { cognitoPoolSpec } from '../../src/schema/cognito-pool.ts';
import { sessionRevocationSpec } from '../../src/schema/session-revocation.ts';
import { policyStatus, poolStatus, revocationStatus } from '../../src/schema/status.ts';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
}

export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  readonly text: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly Column[];
}

function condition(name: string, type: string, field: 'status' | 'reason', description: string): Column {
  return { name, type: 'string', jsonPath: `.status.conditions[?(@.type=="${type}")].${field}`, description };
}

const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const mode: Column = { name: 'Mode', type: 'string', jsonPath: '.spec.mode' };

const protectedColumns = [
  condition('Protected', 'Protected', 'status', 'Whether everything it points at is wired and decided everywhere.'),
  condition('Reason', 'Protected', 'reason', 'Why, or why not.'),
];

const targetColumns: readonly Column[] = [
  { name: 'Targets', type: 'integer', jsonPath: '.status.summary.targets' },
  { name: 'Pool', type: 'string', jsonPath: '.status.summary.pool' },
];

/** Short names are rare ones on purpose: `ap` and `cap` are too good for one group alone. */
export const kinds: readonly Kind[] = [
  {
    kind: 'AccessPolicy',
    plural: 'accesspolicies',
    shortNames: ['cgap'],
    scope: 'Namespaced',
    text: 'Says who may pass which requests to the Ingresses that it protects. The first rule that matches a request decides; where none matches, the request is refused.',
    spec: accessPolicySpec,
    status: policyStatus,
    columns: [...protectedColumns, mode, ...targetColumns, age],
  },
  {
    kind: 'ClusterAccessPolicy',
    plural: 'clusteraccesspolicies',
    shortNames: ['cgcap'],
    scope: 'Cluster',
    text: 'The default of the platform, where no AccessPolicy and no annotation speaks, and its floor, which holds whatever a namespace writes.',
    spec: clusterAccessPolicySpec,
    status: policyStatus,
    columns: [
      ...protectedColumns,
      { name: 'Public Rules', type: 'string', jsonPath: '.spec.required.publicRules' },
      ...targetColumns,
      age,
    ],
  },
  {
    kind: 'CognitoPool',
    plural: 'cognitopools',
    shortNames: ['cgpool'],
    scope: 'Namespaced',
    text: 'A Cognito user pool with one app client.',
    spec: cognitoPoolSpec,
    status: poolStatus,
    columns: [
      condition('Accepted', 'Accepted', 'status', 'Whether the object is in order.'),
      condition('Reachable', 'Reachable', 'status', 'Whether discovery and keys answered.'),
      condition('Registered', 'Registered', 'status', 'Whether Cognito accepts our sign-in and sign-out URLs.'),
      condition('Reason', 'Registered', 'reason', 'Why, or why not.'),
      { name: 'User Pool', type: 'string', jsonPath: '.spec.userPoolId' },
      { name: 'Client', type: 'string', jsonPath: '.spec.clientId' },
      age,
    ],
  },
  {
    kind: 'SessionRevocation',
    plural: 'sessionrevocations',
    shortNames: ['srev'],
    scope: 'Namespaced',
    text: 'Ends sign-ins, with all their sessions, on every replica: of a person, a group or everybody, where they began at a time or earlier.',
    spec: sessionRevocationSpec,
    status: revocationStatus,
    columns: [
      condition('In Force', 'InForce', 'status', 'Whether every replica refuses what it ends.'),
      condition('Reason', 'InForce', 'reason', 'Why, or why not.'),
      { name: 'Ends', type: 'string', jsonPath: '.status.ends' },
      { name: 'Before', type: 'string', jsonPath: '.status.before' },
      { name: 'For', type: 'string', jsonPath: '.spec.reason', description: 'Why somebody made it.' },
      age,
    ],
  },
];
