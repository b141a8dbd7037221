import { stringify } from 'yaml';
import type { z } from 'zod';
import { accessPolicySpec } from '../../src/schema/access-policy.ts';
import { apiGroup } from '../../src/schema/api.ts';
import { cognitoPoolSpec } from '../../src/schema/cognito-pool.ts';
import { jsonSchema } from './json-schema.ts';

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly text: string;
  readonly spec: z.ZodType;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly jsonPath: string }[];
}

const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

const kinds: readonly Kind[] = [
  {
    kind: 'AccessPolicy',
    plural: 'accesspolicies',
    text: 'Says who may pass which requests to the Ingresses that it protects.',
    spec: accessPolicySpec,
    columns: [{ name: 'Mode', type: 'string', jsonPath: '.spec.mode' }, age],
  },
  {
    kind: 'CognitoPool',
    plural: 'cognitopools',
    text: 'A Cognito user pool with one app client.',
    spec: cognitoPoolSpec,
    columns: [
      { name: 'User Pool', type: 'string', jsonPath: '.spec.userPoolId' },
      { name: 'Client', type: 'string', jsonPath: '.spec.clientId' },
      age,
    ],
  },
];

const header = `# Generated from src/schema by scripts/generate.ts: don't edit.
# The controller that serves these objects from a cluster comes later; today the same objects are read from a folder.
`;

function crd({ kind, plural, text, spec, columns }: Kind): string {
  const schema = {
    type: 'object',
    description: text,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: jsonSchema(spec),
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  const version = {
    name: 'v1alpha1',
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: columns,
    schema: { openAPIV3Schema: schema },
  };
  const object = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${apiGroup}` },
    spec: {
      group: apiGroup,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), categories: ['auth'] },
      versions: [version],
    },
  };
  return header + stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
}

export function crdFiles(): readonly (readonly [string, string])[] {
  return kinds.map((kind) => [`crds/${apiGroup}_${kind.plural}.yaml`, crd(kind)]);
}
