import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { agreementCases, programAccepts } from './agreement.ts';
import { schemas } from './crd-objects.ts';
import type { Json, Kind } from './crd-objects.ts';
import { answerTo, installCrds } from './crd-server.ts';

const root = join(import.meta.dirname, '../..');

let cluster: Cluster;

before(async () => {
  cluster = await startCluster();
  await installCrds(cluster);
});

after(async () => await cluster.stop());

test('program and API server take and refuse the same objects', async (t) => {
  for (const one of agreementCases) {
    await t.test(`${one.kind}: ${one.name}`, async () => {
      const answer = await answerTo(cluster, one.object);
      const program = programAccepts(one);
      if (one.exception === undefined) assert.equal(answer.accepted, program, answer.message);
      else
        assert.deepEqual(
          [answer.accepted, program],
          [one.exception.refusedBy !== 'server', one.exception.refusedBy !== 'program'],
        );
    });
  }
});

test('what the program refuses it refuses as it is stored, too: nothing is dropped that narrows (P1, T24.1)', async () => {
  for (const one of agreementCases) {
    const answer = await answerTo(cluster, one.object);
    if (!answer.accepted) continue;
    assert.equal(programAccepts({ ...one, object: answer.stored }), programAccepts(one), one.name);
  }
});

function objectsOf(text: string): readonly Json[] {
  return parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    return typeof value === 'object' && value !== null ? [{ ...value }] : [];
  });
}

function isOurs(object: Json): object is Json & { readonly kind: Kind } {
  return object['apiVersion'] === 'cognito-gate.dev/v1alpha1' && Object.hasOwn(schemas, String(object['kind']));
}

/** In the one namespace there is; where the object stands changes nothing about its shape. */
function placed(object: Json & { readonly kind: Kind }): Json {
  const metadata =
    object.kind === 'ClusterAccessPolicy' ? { name: 'placed' } : { name: 'placed', namespace: 'default' };
  return { ...object, metadata };
}

function markdownFiles(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

function examples(): readonly (readonly [string, string])[] {
  const pages = ['README.md', ...markdownFiles('docs')].flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/^```ya?ml\n(.*?)^```/gms)].map(
      ([, text = '']) => [path, text] as const,
    ),
  );
  const demo = readdirSync(join(root, 'demo/policies')).map(
    (name) => [`demo/policies/${name}`, readFileSync(join(root, 'demo/policies', name), 'utf8')] as const,
  );
  return [...pages, ...demo];
}

test('every object of ours in the docs and in the demo applies', async () => {
  let seen = 0;
  for (const [path, text] of examples()) {
    for (const object of objectsOf(text).filter(isOurs)) {
      seen += 1;
      const answer = await answerTo(cluster, placed(object));
      assert.ok(answer.accepted, `${path}: ${answer.message}`);
    }
  }
  assert.ok(seen > 3, `only ${seen} objects were found`);
});

const goldens = join(root, 'test/translate/goldens');

/** What of the server's refusals is a finding of translation, not of the schema. */
const translated = /this kind can not be protected|is not a pool of this policy|error parsing regexp/;

test('program and API server agree about every object of the golden translations', async () => {
  for (const name of readdirSync(goldens).filter((file) => file.endsWith('.in.yaml'))) {
    for (const object of objectsOf(readFileSync(join(goldens, name), 'utf8')).filter(isOurs)) {
      const given = placed(object);
      const answer = await answerTo(cluster, given);
      if (translated.test(answer.message)) continue;
      const program = programAccepts({ name, kind: object.kind, object: given });
      assert.equal(answer.accepted, program, `${name}: ${answer.message}`);
    }
  }
});
