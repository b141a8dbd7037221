import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config.ts';
import { cognitoPoolSpec } from '../../src/schema/cognito-pool.ts';
import type { Rendered } from './render.ts';
import { at, cases, chart, objectsOf, render, renderAs, valuesOf } from './render.ts';

const find = (objects: readonly Rendered[], kind: string, name?: string): Rendered => {
  const found = objects.find((object) => object.kind === kind && (name === undefined || object.metadata.name === name));
  assert.ok(found !== undefined, `no ${kind} ${name ?? ''}`);
  return found;
};

const rendered = async (name: string, ...args: readonly string[]): Promise<readonly Rendered[]> =>
  objectsOf(await render('--values', valuesOf(name), ...args));

for (const name of cases) {
  test(`${name}: every Pod meets the restricted standard, on a read-only root, without a token it doesn’t need`, async () => {
    const objects = await rendered(name);
    const pods = [at(find(objects, 'Deployment'), 'spec.template.spec'), at(find(objects, 'Pod'), 'spec')];
    for (const pod of pods) {
      assert.equal(at(pod, 'securityContext.runAsNonRoot'), true);
      assert.equal(at(pod, 'securityContext.runAsUser'), 65_532);
      assert.equal(at(pod, 'securityContext.seccompProfile.type'), 'RuntimeDefault');
      assert.deepEqual(at(pod, 'containers.0.securityContext'), {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      assert.equal(at(pod, 'containers.length'), 1);
      assert.ok(at(pod, 'containers.0.resources.limits.memory') !== undefined);
    }
    assert.deepEqual(
      pods.map((pod) => at(pod, 'automountServiceAccountToken')),
      [true, false],
    );
    for (const account of objects.filter(({ kind }) => kind === 'ServiceAccount'))
      assert.equal(account['automountServiceAccountToken'], false);
  });

  test(`${name}: a Pod is given more time to end than it goes on answering`, async () => {
    const objects = await rendered(name);
    const config: unknown = parse((find(objects, 'ConfigMap')['data'] as Record<string, string>)['config.yaml'] ?? '');
    const [, number, unit] = /^(\d+)([smh])$/.exec(String(at(config, 'shutdownDelay'))) ?? [];
    const delay = Number(number) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
    const grace = Number(at(find(objects, 'Deployment'), 'spec.template.spec.terminationGracePeriodSeconds'));
    assert.ok(grace > delay, `${grace} s for a delay of ${delay} s`);
  });

  test(`${name}: each port that a Service or a probe names is one of the container’s`, async () => {
    const objects = await rendered(name);
    const container = at(find(objects, 'Deployment'), 'spec.template.spec.containers.0');
    const ports = (at(container, 'ports') as readonly { name: string }[]).map((port) => port.name);
    const services = objects.filter(({ kind, spec }) => kind === 'Service' && at(spec, 'type') !== 'ExternalName');
    for (const service of services) assert.ok(ports.includes(String(at(service, 'spec.ports.0.targetPort'))));
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      assert.ok(ports.includes(String(at(container, `${probe}.httpGet.port`))), probe);
  });
}

test('a changed configuration rolls the Pods, a changed secret doesn’t', async () => {
  const sum = async (...args: readonly string[]): Promise<unknown> => {
    const deployment = find(await rendered('test-machine', ...args), 'Deployment');
    return (at(deployment, 'spec.template.metadata.annotations') as Record<string, unknown>)['checksum/configuration'];
  };
  assert.notEqual(await sum('--set', 'contact=you'), await sum());
  assert.equal(await sum('--set', 'pool.clientSecret=other'), await sum());
});

test('the decisions Service is headless and leads to ready replicas only', async () => {
  const { spec } = find(await rendered('default'), 'Service', 'cognito-gate-decisions');
  assert.equal(at(spec, 'clusterIP'), 'None');
  assert.equal(at(spec, 'publishNotReadyAddresses'), false);
});

test('a client secret stands in a Secret, never in the ConfigMap', async () => {
  const objects = await rendered('test-machine');
  assert.ok(!JSON.stringify(find(objects, 'ConfigMap')).includes('not-a-secret'));
  assert.equal(at(find(objects, 'Secret', 'cognito-gate-pool'), 'stringData.clientSecret'), 'not-a-secret');
});

test('names fit whatever a release is called', async () => {
  for (const [release, name] of [
    ['cognito-gate', 'cognito-gate'],
    ['my-cognito-gate', 'my-cognito-gate'],
    ['gate', 'gate-cognito-gate'],
    ['a'.repeat(53), `${'a'.repeat(35)}-cognito-gate`],
  ] as const) {
    const objects = objectsOf(await renderAs(release, '--values', valuesOf('default')));
    assert.equal(find(objects, 'Deployment').metadata.name, name);
    const services = objects.filter(({ kind }) => kind === 'Service');
    assert.ok(services.every(({ metadata }) => metadata.name.length <= 63));
  }
});

for (const name of cases) {
  test(`${name}: the program takes the configuration file, and the pool in it`, async () => {
    const map = find(await rendered(name), 'ConfigMap')['data'] as Record<string, string>;
    const config = parseConfig(map['config.yaml'] ?? '', 'config.yaml');
    assert.equal(config.pools.length, name === 'everything-off' ? 0 : 1);
    for (const { spec } of config.pools) assert.ok(cognitoPoolSpec.safeParse(spec).success);
  });
}

test('the image is the release’s tag, the tag of the values, or the digest of the values', async () => {
  const image = async (...args: readonly string[]): Promise<unknown> =>
    at(find(await rendered('default', ...args), 'Deployment'), 'spec.template.spec.containers.0.image');
  const { appVersion } = parse(await readFile(join(chart, 'Chart.yaml'), 'utf8')) as { appVersion: string };
  assert.equal(await image(), `ghcr.io/cognito-gate/cognito-gate:v${appVersion}`);
  assert.equal(await image('--set', 'image.tag=edge'), 'ghcr.io/cognito-gate/cognito-gate:edge');
  const digest = `sha256:${'0'.repeat(64)}`;
  assert.equal(await image('--set', `image.digest=${digest}`), `ghcr.io/cognito-gate/cognito-gate@${digest}`);
});
