import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createInForce } from '../src/in-force.ts';
import type { InForce } from '../src/in-force.ts';
import { Secret } from '../src/model/secret.ts';
import type { Snapshot } from '../src/model/snapshot.ts';
import { newKeyEntry } from '../src/session/key-ring.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';

const entry = (id: string, at: number): readonly [string, Secret] => [
  id,
  new Secret(newKeyEntry(id, at, (bytes) => randomBytes(bytes))),
];
const k1 = entry('k1', 1_700_000_000);
const k2 = entry('k2', 1_700_000_100);

function snapshot(rule: Readonly<Record<string, unknown>>, keys: readonly (readonly [string, Secret])[]): Snapshot {
  const metadata = { namespace: 'shop', name: 'shop' };
  const policy = {
    apiVersion: 'cognito-gate.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata,
    spec: { rules: [{ name: 'all', ...rule }] },
  };
  const ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { ...metadata, annotations: { 'cognito-gate.dev/policy': 'shop' } },
    spec: { rules: [{ host: 'shop.example.com' }] },
  };
  return {
    installation: {
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
    },
    objects: [policy, ingress].map((value, index) => ({ value, origin: `objects.yaml:${index + 1}` })),
    secrets: new Map([['gate/keys', new Map(keys)]]),
  };
}

function start(options: { keyRingMayCome?: boolean } = {}): {
  inForce: InForce;
  newLines(): readonly string[];
  broken(): Promise<boolean>;
} {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  const metrics = createMetrics();
  const inForce = createInForce({
    keyRingSecret: 'gate/keys',
    metrics,
    log,
    now: () => 1_700_001_000,
    ...options,
  });
  const broken = async (): Promise<boolean> => /^cognito_gate_source_broken 1$/m.test(await metrics.text());
  return { inForce, newLines: () => lines.splice(0), broken };
}

test('another mistake in a route that was broken already is said, and the same one only once', () => {
  const { inForce, newLines } = start();
  inForce.accept(snapshot({ acces: 'Public' }, [k1]));
  assert.match(newLines().join(''), /acces/);
  inForce.accept(snapshot({ access: 'Public', metods: [] }, [k1]));
  assert.match(newLines().join(''), /metods/);
  inForce.accept(snapshot({ access: 'Public', metods: [] }, [k1]));
  assert.deepEqual(newLines(), []);
});

test('a ring that changed, or was mended, is said once, and its keys never', async () => {
  const { inForce, newLines, broken } = start();
  const good = { access: 'Public' };
  inForce.accept(snapshot(good, [k1]));
  assert.match(newLines().join(''), /"keys":\["k1"\],"newest":"k1","msg":"key ring in force"/);
  inForce.accept(snapshot(good, [k1, ['k2', new Secret('')]]));
  assert.match(newLines().join(''), /entry \\"k2\\", content: must be JSON.*the last good one stays/);
  assert.ok(await broken());
  inForce.accept(snapshot(good, [k2, k1]));
  assert.ok(!(await broken()));
  const [line = '', ...more] = newLines();
  assert.match(line, /"keys":\["k1","k2"\],"newest":"k2","msg":"key ring in force"/);
  assert.match(more.join(''), /^[^\n]*the source is read again"\}\n$/);
  assert.ok(!line.includes(k2[1].reveal().slice(10, 30)));
});

test('a ring that the first replica is about to make is waited for, and is no error', () => {
  const { inForce, newLines } = start({ keyRingMayCome: true });
  inForce.accept(snapshot({ access: 'Public' }, []));
  const lines = newLines().join('');
  assert.match(lines, /"level":"info".*the key ring Secret is not there yet/);
  assert.doesNotMatch(lines, /key ring can’t be read/);
  assert.equal(inForce.missing(), 'the key ring is not open');
  inForce.accept(snapshot({ access: 'Public' }, [['k1', new Secret('')]]));
  assert.match(newLines().join(''), /"level":"error".*key ring can’t be read/);
  inForce.accept(snapshot({ access: 'Public' }, [k1]));
  assert.equal(inForce.missing(), undefined);
});
