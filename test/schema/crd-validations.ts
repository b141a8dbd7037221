import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const folder = join(import.meta.dirname, '../../crds');

export const crdPaths: readonly string[] = [
  'accesspolicies',
  'clusteraccesspolicies',
  'cognitopools',
  'sessionrevocations',
].map((plural) => join(folder, `cognito-gate.dev_${plural}.yaml`));

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node;
  readonly 'x-kubernetes-validations'?: readonly { readonly message: string; readonly fieldPath?: string }[];
}

interface Crd {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Node } }[];
  };
}

function below(node: Node, path: string): readonly string[] {
  const own = (node['x-kubernetes-validations'] ?? []).map(
    ({ message, fieldPath = '' }) => `${path}${fieldPath}: ${message}`,
  );
  const fields = Object.entries(node.properties ?? {}).flatMap(([name, field]) =>
    below(field, path === '' ? name : `${path}.${name}`),
  );
  const items = node.items === undefined ? [] : below(node.items, `${path}[]`);
  const values = node.additionalProperties === undefined ? [] : below(node.additionalProperties, `${path}.*`);
  return [...own, ...fields, ...items, ...values];
}

/** Every rule of the files as `Kind spec.field[]: message`, where the server says that it is broken. */
export function validations(): readonly string[] {
  return crdPaths.flatMap((path) => {
    const { spec } = parse(readFileSync(path, 'utf8')) as Crd;
    const schema = spec.versions[0]?.schema.openAPIV3Schema;
    return schema === undefined ? [] : below(schema, '').map((rule) => `${spec.names.kind} ${rule}`);
  });
}
