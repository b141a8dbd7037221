import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { crdFiles } from '../scripts/generated/crds.ts';
import { jsonSchema } from '../scripts/generated/json-schema.ts';
import { referenceFiles } from '../scripts/generated/reference.ts';
import { accessPolicySpec } from '../src/schema/access-policy.ts';
import { cognitoPoolSpec } from '../src/schema/cognito-pool.ts';

const root = join(import.meta.dirname, '..');

for (const [path, text] of [...crdFiles(), ...referenceFiles()]) {
  test(`${path} is what the code says now: make generate`, () => {
    assert.equal(readFileSync(join(root, path), 'utf8'), text);
  });
}

test('no file is left in crds that nothing generates', () => {
  const made = crdFiles().flatMap(([path]) => (path.startsWith('crds/') ? [path] : []));
  const there = readdirSync(join(root, 'crds')).map((name) => `crds/${name}`);
  assert.deepEqual(there.filter((path) => path.endsWith('.yaml')).toSorted(), made.toSorted());
});

/** Every object of a schema, with its path. */
function nodes(value: unknown, path: string): readonly (readonly [string, object])[] {
  if (typeof value !== 'object' || value === null) return [];
  return [[path, value], ...Object.entries(value).flatMap(([key, inner]) => nodes(inner, `${path}.${key}`))];
}

for (const [kind, spec] of [
  ['AccessPolicy', accessPolicySpec],
  ['CognitoPool', cognitoPoolSpec],
] as const) {
  test(`the schema of ${kind} is structural, bounded and described`, () => {
    for (const [path, node] of nodes(jsonSchema(spec), 'spec')) {
      assert.ok(!('$ref' in node) && !('anyOf' in node) && !('oneOf' in node) && !('propertyNames' in node), path);
      assert.ok(!('additionalProperties' in node && node.additionalProperties === false), path);
      assert.ok(!/\.allOf\.\d+$/.test(path) || !('type' in node), `${path} has a type`);
      if (!('type' in node) || typeof node.type !== 'string') continue;
      if (node.type === 'string' && !('enum' in node)) assert.ok('maxLength' in node, `${path} has no maxLength`);
      if (node.type === 'array') assert.ok('maxItems' in node, `${path} has no maxItems`);
      const isField = /\.properties\.\w+$/.test(path);
      if (isField) assert.ok('description' in node, `${path} has no description`);
    }
  });
}
