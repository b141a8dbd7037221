import { crdFiles } from './crds.ts';
import { valuesSchema } from './values-schema.ts';

/** Copies of the CRDs, which a chart can only take from its own folder, and the schema of its values. */
export function chartFiles(): readonly (readonly [string, string])[] {
  const copies = crdFiles()
    .filter(([path]) => path.startsWith('crds/'))
    .map(([path, text]) => [`charts/cognito-gate/files/${path}`, text] as const);
  return [...copies, ['charts/cognito-gate/values.schema.json', `${JSON.stringify(valuesSchema(), undefined, 2)}\n`]];
}
