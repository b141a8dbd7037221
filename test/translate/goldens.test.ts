import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { parseAllDocuments, stringify } from 'yaml';
import { findingReasons } from '../../src/model/finding.ts';
import { Secret } from '../../src/model/secret.ts';
import type { Installation, Snapshot } from '../../src/model/snapshot.ts';
import { translate } from '../../src/translate/translate.ts';

const folder = new URL('goldens/', import.meta.url);
const update = process.env['UPDATE'] === '1' || process.argv.includes('--update');

interface Head {
  readonly installation?: Partial<Installation>;
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const usual: Installation = {
  signInHost: 'auth.example.com',
  defaultPool: undefined,
  poolNamespaces: ['identity'],
  clientAddressKnown: false,
  prefix: '/_cognito-gate',
  controllerName: 'cognito-gate',
  decisionsUrl: 'http://cognito-gate-decisions.cognito-gate.svc.cluster.local:8080/nginx/',
  releaseNamespace: undefined,
  ingressControllers: ['k8s.io/ingress-nginx'],
  onPolicyGone: 'Refuse',
};

/** The first document is the installation and its Secrets, every other one an object. */
function readSnapshot(text: string): Snapshot {
  const [head, ...objects] = parseAllDocuments(text).map((document) => document.toJS() as unknown);
  const { installation = {}, secrets = {} } = head as Head;
  return {
    installation: { ...usual, ...installation },
    objects: objects.map((value, index) => ({ value, origin: `in.yaml:${index + 1}` })),
    secrets: new Map(
      Object.entries(secrets).map(([name, keys]) => [
        name,
        new Map(Object.entries(keys).map(([key, value]) => [key, new Secret(value)])),
      ]),
    ),
  };
}

function render(snapshot: Snapshot): string {
  const { table, findings, plans, policies, pools, revocations } = translate(snapshot);
  const routes = [...table.allRoutes()].map((compiled) => compiled.route).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const plain: unknown = JSON.parse(
    JSON.stringify({
      routes,
      pools: [...table.pools.values()],
      findings,
      plans,
      policies,
      poolReports: pools,
      ...(revocations.length > 0 && { revocations }),
    }),
  );
  return stringify(plain, { lineWidth: 0, aliasDuplicateObjects: false });
}

const names = readdirSync(folder)
  .filter((name) => name.endsWith('.in.yaml'))
  .map((name) => name.slice(0, -'.in.yaml'.length));

for (const name of names) {
  test(`translate: ${name.replaceAll('-', ' ')}`, () => {
    const out = new URL(`${name}.out.yaml`, folder);
    const actual = render(readSnapshot(readFileSync(new URL(`${name}.in.yaml`, folder), 'utf8')));
    if (update) writeFileSync(out, actual);
    assert.ok(existsSync(out), 'run with UPDATE=1 to write it, then read it');
    assert.equal(actual, readFileSync(out, 'utf8'));
  });
}

/** What only writing shows. */
const seenByTheLeader: ReadonlySet<string> = new Set(['Contested', 'WriteRefused']);

test('every reason of a finding has a golden pair', () => {
  const all = names.map((name) => readFileSync(new URL(`${name}.out.yaml`, folder), 'utf8')).join('\n');
  const missing = Object.keys(findingReasons).filter(
    (reason) => !seenByTheLeader.has(reason) && !all.includes(`    reason: ${reason}\n`),
  );
  assert.deepEqual(missing, []);
});

test('no golden shows a secret', () => {
  for (const name of names) assert.doesNotMatch(readFileSync(new URL(`${name}.out.yaml`, folder), 'utf8'), /s3cret/);
});
