import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { stringify } from 'yaml';
import { chartFiles } from '../../scripts/generated/chart.ts';
import { cases, chart, objectsOf, render, tryHelm, valuesOf } from './render.ts';

const root = join(import.meta.dirname, '../..');

for (const [path, text] of chartFiles()) {
  test(`${path} is what the code says now: make generate`, () => {
    assert.ok(readFileSync(join(root, path), 'utf8') === text, `${path} differs`);
  });
}

for (const name of cases) {
  // CRDs have a test of their own: here they would only hide what changed.
  test(`charts/cognito-gate/ci/${name}.values.yaml renders as the golden says (UPDATE_GOLDENS=1 writes it)`, async () => {
    const objects = objectsOf(await render('--values', valuesOf(name))).filter(
      ({ kind }) => kind !== 'CustomResourceDefinition',
    );
    const text = objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n');
    const file = join(import.meta.dirname, 'goldens', `${name}.yaml`);
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(file, text);
    const golden = existsSync(file) ? readFileSync(file, 'utf8') : '';
    assert.equal(firstDifference(text, golden), undefined);
  });

  test(`helm lint --strict has nothing to say about ${name}`, async () => {
    const { code, stdout, stderr } = await tryHelm('lint', '--strict', chart, '--values', valuesOf(name));
    assert.equal(code, 0, stdout + stderr);
  });
}

test('the package of the chart holds its CRDs and its schema, and no values of tests', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cg-package-'));
  try {
    const { code, stderr } = await tryHelm('package', chart, '--destination', folder);
    assert.equal(code, 0, stderr);
    const file = join(folder, readdirSync(folder)[0] ?? '');
    const names = execFileSync('tar', ['--list', '--file', file], { encoding: 'utf8' }).trim().split('\n');
    const kept = ['values.schema.json', 'values.yaml', 'files/crds/cognito-gate.dev_accesspolicies.yaml'];
    for (const name of kept) assert.ok(names.includes(`cognito-gate/${name}`), name);
    assert.ok(!names.some((name) => name.includes('/ci/')));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function firstDifference(now: string, golden: string): string | undefined {
  const [left, right] = [now.split('\n'), golden.split('\n')];
  const index = left.findIndex((line, i) => line !== right[i]);
  if (index < 0 && left.length === right.length) return undefined;
  const line = index < 0 ? left.length : index;
  return `line ${line + 1}: now "${left[line]}", golden "${right[line]}"`;
}
