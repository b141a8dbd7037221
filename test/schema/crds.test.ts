import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { objectWith } from './crd-objects.ts';
import { crdRows } from './crd-rows.ts';
import type { Row } from './crd-rows.ts';
import { answerTo, installCrds } from './crd-server.ts';
import { crdPaths, validations } from './crd-validations.ts';

let cluster: Cluster;

before(async () => {
  cluster = await startCluster();
  await installCrds(cluster);
});

after(async () => await cluster.stop());

test('the CRDs apply again over themselves without a change of meaning', async () => {
  for (const path of crdPaths) await cluster.kubectl('apply', '--server-side', '-f', path);
});

function title({ kind, changes, field }: Row): string {
  return `${kind} ${field}: ${JSON.stringify(changes).slice(0, 80)}`;
}

test('each mistake is refused in exactly these words', async (t) => {
  for (const row of crdRows) {
    await t.test(title(row), async () => {
      const answer = await answerTo(cluster, objectWith(row.kind, row.changes));
      assert.deepEqual(answer.causes, [`${row.field}: ${row.error}`]);
    });
  }
});

/** `Kind spec.field[]: message`, as `validations` names the rule that a row breaks. */
function ruleOf({ kind, field, error }: Row): string {
  const place = field.replaceAll(/\[\d+\]/g, '[]').replace(/(matchLabels)\[\w+\]$/, '$1.*');
  const message = error
    .replace(/^Invalid value: ("object": .* evaluating rule: )?/, '')
    .replace(/^("[^"]*"|false): /, '');
  return `${kind} ${place}: ${message}`;
}

test('every rule of the CRDs has a row', () => {
  const hit = new Set(crdRows.map(ruleOf));
  assert.deepEqual(
    validations().filter((rule) => !hit.has(rule)),
    [],
  );
});
