import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { AuditEvent } from './cluster/audit.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { GateCluster } from './gate-cluster.ts';
import { startReplica } from './replica.ts';
import type { Replica } from './replica.ts';
import { until } from './until.ts';

const release = 'cognito-gate';
const account = `system:serviceaccount:${release}:${release}`;

interface Listed {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
  readonly status?: { readonly conditions?: readonly object[]; readonly [field: string]: unknown };
}

export async function listed(cluster: Cluster, ...what: readonly string[]): Promise<readonly Listed[]> {
  const text = await cluster.kubectl('get', ...what, '-o', 'json');
  return (JSON.parse(text) as { items: readonly Listed[] }).items;
}

/** Hash of the table that a replica says it decides by. */
export async function tableOf(cluster: Cluster, replica: Replica): Promise<string> {
  const maps = await listed(cluster, 'configmaps', '-n', release);
  const map = maps.find(({ metadata }) => metadata.name === `${release}-replica-${replica.name}`);
  const state = JSON.parse(map?.data?.['state'] ?? '{}') as { table?: string };
  return state.table ?? '';
}

/** One more replica, as a rollout would start it. */
export async function freshReplica(gate: GateCluster, name: string, kubeconfig?: string): Promise<Replica> {
  const config = parse(await readFile(join(gate.folder, 'replica-0.yaml'), 'utf8')) as {
    source: { cluster: { kubeconfig: string } };
  };
  const input = { folder: gate.folder, name, config, kubeconfig: kubeconfig ?? config.source.cluster.kubeconfig };
  const replica = await startReplica(input);
  await until(replica.ready, `${name} to be ready`, 30_000);
  return replica;
}

/** What our ServiceAccount was answered; its own log of refusals and of writes. */
export async function ourRequests(cluster: Cluster): Promise<readonly AuditEvent[]> {
  return (await cluster.auditLog()).filter(({ user }) => user === account);
}

const reading = new Set(['get', 'list', 'watch']);

export function isWrite({ verb, resource }: AuditEvent): boolean {
  return !reading.has(verb) && resource !== 'leases';
}

/** Until nothing but Leases has been written for `forMs`. */
export async function untilQuiet(cluster: Cluster, forMs = 1500, timeoutMs = 30_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  let [count, since] = [-1, Date.now()];
  while (Date.now() - since < forMs) {
    const writes = (await ourRequests(cluster)).filter(isWrite);
    if (writes.length !== count) [count, since] = [writes.length, Date.now()];
    if (Date.now() > end)
      assert.fail(
        `writes go on: ${writes
          .slice(-5)
          .map(({ verb, uri }) => `${verb} ${uri}`)
          .join(', ')}`,
      );
    await sleep(100);
  }
}

/** Everything that we wrote, but times: annotations, companions, conditions. */
export async function written(cluster: Cluster): Promise<unknown> {
  const objects = await listed(
    cluster,
    'ingresses,accesspolicies,clusteraccesspolicies,cognitopools,sessionrevocations',
    '--all-namespaces',
  );
  return objects.map(({ kind, metadata, spec, status }) => ({
    object: `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
    annotations: metadata.annotations,
    ...(metadata.namespace === release ? { spec } : {}),
    status: withoutTimes(status),
  }));
}

function withoutTimes(value: unknown): unknown {
  const text = JSON.stringify(value ?? null, (key, field: unknown) => (key === 'lastTransitionTime' ? '' : field));
  return JSON.parse(text);
}

/**
 * Where it has ended is where a fresh start ends: every replica decides by the table of one that was started just now,
 * and once all were restarted, nothing that was written has changed.
 */
export async function assertAsFresh(gate: GateCluster, name: string): Promise<void> {
  const { cluster, replicas } = gate;
  await untilQuiet(cluster);
  const fresh = await freshReplica(gate, name);
  try {
    const wanted = async (): Promise<string> => await tableOf(cluster, fresh);
    await until(async () => (await wanted()) !== '', `the table of ${name}`);
    for (const replica of replicas) {
      await until(
        async () => (await tableOf(cluster, replica)) === (await wanted()),
        `${replica.name} to decide as ${name}`,
      );
    }
  } finally {
    await fresh.stop();
  }
}

/** The same for what was written, which costs a restart of everything. */
export async function assertRestartWritesNothingNew(gate: GateCluster): Promise<void> {
  const { cluster, replicas } = gate;
  await untilQuiet(cluster);
  const before = await written(cluster);
  for (const replica of replicas) await replica.stop();
  for (const replica of replicas) await replica.start();
  for (const replica of replicas) await until(replica.ready, `${replica.name} to be ready again`, 30_000);
  await until(async () => (await Promise.all(replicas.map((one) => one.leads()))).some(Boolean), 'a leader', 30_000);
  await untilQuiet(cluster);
  assert.deepEqual(await written(cluster), before);
}

/** After its start an API server knows of no Role yet, and refuses everything for a moment: those refusals are not about us. */
const startMs = 15_000;

/** Requests of ours that the API server's authorization refused. `starts`: when it was started again. */
export async function refusals(cluster: Cluster, starts: readonly number[] = []): Promise<readonly string[]> {
  const isStarting = (time: number): boolean => starts.some((start) => time >= start && time < start + startMs);
  const refused = (await ourRequests(cluster)).filter(
    ({ status, time, message }) => status === 403 && !/rbac: RBAC: \[/.test(message) && !isStarting(Date.parse(time)),
  );
  return [
    ...new Set(refused.map(({ verb, uri, message }) => `${verb} ${uri.split('?')[0] ?? ''}: ${message.slice(0, 200)}`)),
  ];
}
