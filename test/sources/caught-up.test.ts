import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { KubeApiError } from '../../src/kubernetes/api-error.ts';
import type { KubeObject } from '../../src/kubernetes/object.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import { caughtUp } from '../../src/sources/caught-up.ts';

const collection = { resource: resources.accessPolicies, namespace: 'shop' };
const stored = (...versions: readonly string[]) => ({
  list: async () => ({
    items: versions.map((resourceVersion): KubeObject => ({
      metadata: { name: resourceVersion, uid: resourceVersion, resourceVersion },
    })),
    resourceVersion: '900',
  }),
});
const failing = (status: number) => ({
  list: async () => await Promise.reject(new KubeApiError({ status, reason: 'Made' }, 'made')),
});

suite('a watch has caught up', () => {
  test('when it includes the newest object that was stored, whatever other kinds came to', async () => {
    await caughtUp(stored('9', '10'), collection, { version: () => '10' });
    await caughtUp(stored('9'), collection, { version: () => '12' });
    await caughtUp(stored(), collection, { version: () => undefined });
  });

  test('it is waited for', async () => {
    let version = 5;
    await caughtUp(stored('10'), collection, { version: () => String((version += 1)) });
    assert.equal(version, 10);
  });

  test('and given up in time', async () => {
    await assert.rejects(caughtUp(stored('10'), collection, { version: () => '9' }), /accesspolicies is behind/);
  });

  test('a kind that is gone has nothing to wait for; what can not be asked is not known', async () => {
    await caughtUp(failing(404), collection, { version: () => undefined });
    await assert.rejects(caughtUp(failing(403), collection, { version: () => '9' }), /made/);
    await assert.rejects(caughtUp(failing(0), collection, { version: () => '9' }), /made/);
  });
});
