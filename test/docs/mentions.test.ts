/** What the manual names exists: pages, headings, files, fields, annotations, values, reasons, metrics. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import { valuesSchema } from '../../scripts/generated/values-schema.ts';
import { findingReasons } from '../../src/model/finding.ts';
import { refusalReasons } from '../../src/model/verdict.ts';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { toolPath } from '../support/cluster/tools.ts';
import { until } from '../support/until.ts';
import { at } from '../chart/render.ts';
import { pageNames, proseOf, readPage, repository } from './markdown.ts';
import type { Block, Page } from './markdown.ts';

const pages = pageNames().map(readPage);
const reference = (name: string): string => readFileSync(join(repository, 'docs/reference', name), 'utf8');

function anchors({ text }: Page): ReadonlySet<string> {
  const headings = text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm);
  const id = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  return new Set([...headings].map(([, heading = '']) => id(heading)));
}

function brokenLinks(page: Page): readonly string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^(https?|mailto):/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? page.name : join(dirname(page.name), path);
    if (!existsSync(join(repository, file))) return true;
    return anchor !== undefined && !anchors(readPage(file)).has(anchor);
  });
}

for (const page of pages) {
  test(`${page.name}: every link leads somewhere`, () => {
    assert.deepEqual(brokenLinks(page), []);
  });

  test(`${page.name}: every annotation and label of ours that it names exists`, () => {
    const documented = [...reference('annotations.md').matchAll(/`(cognito-gate\.dev\/[a-z-]+)`/g)].map(
      ([, name]) => name,
    );
    const known = new Set([...documented, ...labels]);
    const named = [...page.text.matchAll(/(?<![\w.-])(cognito-gate\.dev\/[a-z][a-z-]*[a-z])(?![\w])/g)].map(
      ([, name]) => name,
    );
    // The last is the mistake of the README; `v1alpha1` is an API version, not an annotation.
    const others = named.filter((name) => !known.has(name) && name !== 'cognito-gate.dev/allowed-grops');
    assert.deepEqual(
      others.filter((name) => !/\/(v|cognito-gate$)/.test(name ?? '')),
      [],
    );
  });

  test(`${page.name}: every metric that it names exists`, () => {
    const known = reference('metrics.md');
    const named = new Set([...page.text.matchAll(/cognito_gate_[a-z_]+/g)].map(([name]) => name));
    assert.deepEqual(
      [...named].filter((name) => !known.includes(name)),
      [],
    );
  });
}

/** Labels of namespaces and of our own objects: no annotations of an Ingress. */
const labels = ['bypass', 'required', 'companion', 'controller-name', 'replica-of', 'exposure'].map(
  (name) => `cognito-gate.dev/${name}`,
);

test('reasons in the pages of operating are findings, conditions or events of ours', () => {
  const own = new Set(Object.keys(findingReasons));
  const conditions = [
    'Accepted',
    'ResolvedRefs',
    'Programmed',
    'Protected',
    'Reachable',
    'Registered',
    'InForce',
    'RotationNeedsRedis',
  ];
  const known = new Set([...own, ...conditions]);
  const shaped = /`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g;
  const kinds = [
    'AccessPolicy',
    'ClusterAccessPolicy',
    'CognitoPool',
    'SessionRevocation',
    'HelmRelease',
    'Kustomization',
    'Dockerfile',
  ];
  const values = ['SignedIn', 'XRealIp', 'ExternalName', 'RegularExpression'];
  for (const page of pages.filter(({ name }) => name.startsWith('docs/operating/'))) {
    const named = [...proseOf(page).matchAll(shaped)].map(([, name = '']) => name);
    const strange = named.filter((name) => !known.has(name) && !kinds.includes(name) && !values.includes(name));
    assert.deepEqual(strange, [], page.name);
  }
});

const schema = valuesSchema();
const isValue = (path: string): boolean =>
  at(schema, `properties.${path.split('.').join('.properties.')}`) !== undefined;
const isValuesFile = ({ mark, text }: Block): boolean =>
  mark === 'file: values.yaml' || mark === 'file: second.yaml' || text.startsWith('# values.yaml');
const dotted = /`((?:webhook|image|signIn|pool|guard|crds|networkPolicy|egressProxy)\.[a-zA-Z.]+)(?::[^`]*|=[^`]*)?`/g;

test('every reason of a refusal has its row in the page of troubleshooting', () => {
  const { text } = readPage('docs/operating/troubleshooting.md');
  const rows = new Set([...text.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, reason]) => reason));
  assert.deepEqual(
    Object.keys(refusalReasons).filter((reason) => !rows.has(reason)),
    [],
  );
});

test('values of the chart that pages name exist: in files, after --set, in sentences', () => {
  // That page names fields of the program's own configuration, the reference those of our objects.
  const isAbout = ({ name }: Page): boolean =>
    name !== 'docs/operating/running.md' && !name.startsWith('docs/reference/');
  for (const page of pages.filter(isAbout)) {
    const files = page.blocks.filter(isValuesFile).flatMap(({ text }) => paths(parse(text)));
    const shell = page.blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
    const set = [...shell.join('').matchAll(/--set '?([a-zA-Z.]+)=/g), ...proseOf(page).matchAll(dotted)];
    const named = [...files, ...set.map(([, path = '']) => path)];
    assert.deepEqual(
      named.filter((path) => !isValue(path)),
      [],
      page.name,
    );
  }
});

test('arguments of Traefik that the manual names are those of the Traefik of the tests', () => {
  const help = execFileSync(toolPath('traefik'), ['--help'], { encoding: 'utf8' }).replaceAll('<name>', 'websecure');
  const { text } = readPage('docs/operating/install-traefik.md');
  const named = [...text.matchAll(/(?:providers|entrypoints)\.[a-z]+\.[a-z.]+[a-z]/g)].map(([name]) => name);
  assert.ok(named.length > 4);
  assert.deepEqual(
    named.filter((name) => !help.includes(`--${name} `)),
    [],
  );
});

function paths(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || /annotations$|Ref$/.test(path))
    return [path];
  return Object.entries(value).flatMap(([key, inner]) => paths(inner, path === '' ? key : `${path}.${key}`));
}

suite('kubectl explain', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
    await cluster.kubectl('apply', '--server-side', '-f', join(repository, 'crds'));
    await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
  });
  after(async () => await cluster.stop());

  test('knows every path that the pages ask it for', async () => {
    const asked = pages.flatMap(({ text }) =>
      [...text.matchAll(/kubectl explain ([a-z][\w.]+)/g)].map(([, path = '']) => path),
    );
    assert.ok(asked.length > 2);
    // What the API server publishes about a new kind comes a moment after the kind.
    for (const path of new Set(asked))
      await until(async () => (await cluster.tryKubectl('explain', path)).stdout.includes('DESCRIPTION'), path);
  });
});
