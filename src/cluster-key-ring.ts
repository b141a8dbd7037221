import { randomBytes } from 'node:crypto';
import type { Cluster } from './cluster-source.ts';
import { milliseconds } from './config-fields.ts';
import { createKeyRingRotation } from './controller/key-ring-rotation.ts';
import type { KeyRingRotation } from './controller/key-ring-rotation.ts';
import type { InForce } from './in-force.ts';
import { ringChange } from './session/ring-change.ts';
import { decodeSecrets } from './sources/cluster-secrets.ts';

const never: KeyRingRotation = { look: () => undefined, close: () => undefined };

/** Rotation of the key ring as it is configured. */
export function startKeyRingRotation(cluster: Cluster, leading: () => boolean): KeyRingRotation {
  const { config, client, in: settings, objects, log, metrics, inForce } = cluster;
  const { keyRingRotation: times } = config;
  if (times === undefined) return never;
  const [every, keep] = [milliseconds(times.every) / 1000, milliseconds(times.keep) / 1000];
  return createKeyRingRotation({
    client,
    ...settings.keyRing,
    fieldManager: `cognito-gate/${config.controllerName}`,
    secret: () => objects.secret(settings.keyRing.namespace, settings.keyRing.name),
    change: (secret) => {
      const entries = decodeSecrets([secret]).get(config.keyRingSecret) ?? new Map();
      const now = Math.floor(Date.now() / 1000);
      return ringChange(entries, { every, keep: Math.max(keep, longestSignIn(inForce)) }, { now, random: randomBytes });
    },
    leading,
    log,
    onWrite: (outcome) => metrics.count('cognito_gate_writes_total', 'Secret', outcome),
    onError: (error) => cluster.onError('secrets', error),
  });
}

/** Nobody is to be signed out by it: what a key sealed may be in use for as long as a sign-in lasts. */
function longestSignIn(inForce: Pick<InForce, 'table'>): number {
  const pools = [...(inForce.table()?.pools.values() ?? [])];
  return Math.max(0, ...pools.map((pool) => pool.session.signInLifetime));
}
