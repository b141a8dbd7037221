import { stringify } from 'yaml';
import { apiGroup } from '../../src/schema/api.ts';
import { jsonSchema } from './json-schema.ts';
import { kinds } from './kinds.ts';
import type { Kind } from './kinds.ts';
import { keepNulls } from './nulls.ts';

const header = "# Generated from src/schema by scripts/generate.ts: don't edit.\n";

const envelope = {
  apiVersion: { type: 'string', description: `\`${apiGroup}/v1alpha1\`.` },
  kind: { type: 'string', description: 'Kind of the object.' },
  metadata: { type: 'object' },
};

function versionOf({ text, spec, status, columns }: Kind): object {
  return {
    name: 'v1alpha1',
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: columns,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        description: text,
        required: ['spec'],
        properties: {
          ...envelope,
          spec: { ...keepNulls(jsonSchema(spec)), description: text },
          status: jsonSchema(status),
        },
      },
    },
  };
}

/** One CustomResourceDefinition as an object. */
function crd(kind: Kind): object {
  const names = {
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    plural: kind.plural,
    singular: kind.kind.toLowerCase(),
    shortNames: kind.shortNames,
    categories: ['cognito-gate', 'auth'],
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${apiGroup}` },
    spec: { group: apiGroup, scope: kind.scope, names, versions: [versionOf(kind)] },
  };
}

function fileName(kind: Kind): string {
  return `${apiGroup}_${kind.plural}.yaml`;
}

function fileText(kind: Kind): string {
  return header + stringify(crd(kind), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** For whoever applies them alone. The chart's copies are made from these in chart.ts, and nowhere else. */
export function crdFiles(): readonly (readonly [string, string])[] {
  return kinds.map((kind) => [`crds/${fileName(kind)}`, fileText(kind)]);
}
