import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { chartFiles } from './generated/chart.ts';
import { crdFiles } from './generated/crds.ts';
import { licenceFiles } from './generated/licences.ts';
import { referenceFiles } from './generated/reference.ts';
import { securityFiles } from './generated/security-cases.ts';

const root = join(import.meta.dirname, '..');

for (const [path, text] of [
  ...crdFiles(),
  ...chartFiles(),
  ...licenceFiles(),
  ...referenceFiles(),
  ...securityFiles(),
]) {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(`wrote ${path}`);
}
