import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { chartFiles } from '../scripts/generated/chart.ts';
import { crdFiles } from '../scripts/generated/crds.ts';
import { jsonSchema } from '../scripts/generated/json-schema.ts';
import { kinds } from '../scripts/generated/kinds.ts';
import { licenceFiles } from '../scripts/generated/licences.ts';
import { referenceFiles } from '../scripts/generated/reference.ts';

const root = join(import.meta.dirname, '..');

for (const [path, text] of [...crdFiles(), ...chartFiles(), ...licenceFiles(), ...referenceFiles()]) {
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

for (const { kind, spec, status } of kinds) {
  test(`the schema of ${kind} is structural, bounded and described`, () => {
    const all = [...nodes(jsonSchema(spec), 'spec'), ...nodes(jsonSchema(status), 'status')];
    for (const [path, node] of all) {
      assert.ok(!('$ref' in node) && !('anyOf' in node) && !('oneOf' in node) && !('propertyNames' in node), path);
      assert.ok(!('allOf' in node), `${path} has several patterns`);
      assert.ok(!('additionalProperties' in node && node.additionalProperties === false), path);
      if (!('type' in node) || typeof node.type !== 'string') continue;
      if (node.type === 'string' && !('enum' in node)) assert.ok('maxLength' in node, `${path} has no maxLength`);
      if (node.type === 'array') assert.ok('maxItems' in node, `${path} has no maxItems`);
      if (node.type === 'array') assert.ok('x-kubernetes-list-type' in node, `${path} has no list type`);
      if ('additionalProperties' in node) assert.ok('maxProperties' in node, `${path} has no maxProperties`);
      const isField = /\.properties\.\w+$/.test(path);
      if (isField) assert.ok('description' in node, `${path} has no description`);
    }
  });

  test(`no pattern of ${kind} lets control characters through`, () => {
    for (const [path, node] of nodes(jsonSchema(spec), 'spec')) {
      if (!('pattern' in node) || typeof node.pattern !== 'string') continue;
      const pattern = new RegExp(node.pattern, 'u');
      for (const character of ['\u0000', '\n', '\u007f', '\u0085']) {
        const around = [`a${character}`, `${character}a`, `a@a${character}`, `a${character}a`];
        assert.ok(!around.some((text) => pattern.test(text)), path);
      }
    }
  });
}
