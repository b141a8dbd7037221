import { createHash } from 'node:crypto';
import type { Finding, FindingReason } from '../model/finding.ts';
import type { Pool, PoolEndpoints, SessionTimes } from '../model/pool.ts';
import type { Secret } from '../model/secret.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { cognitoPool } from '../schema/cognito-pool.ts';
import type { CognitoPoolSpec } from '../schema/cognito-pool.ts';
import { durationSeconds } from '../schema/fields.ts';
import { labelTest } from './label-selector.ts';
import type { Namespaces } from './namespaces.ts';
import type { Entry } from './objects.ts';
import { parse } from './report.ts';
import type { Report } from './report.ts';

export interface PoolEntry {
  readonly namespace: string;
  /** Whether policies of that namespace may refer to it. */
  readonly permits: (namespace: string) => boolean;
  readonly pool: Pool | undefined;
  readonly reason: FindingReason | undefined;
  /** Field and fix of the first error. */
  readonly cause: string | undefined;
}

export interface Pools {
  /** By `namespace/name`. */
  readonly byName: ReadonlyMap<string, PoolEntry>;
  readonly findings: readonly Finding[];
}

/** Only absent and present are told apart: an optional field must not be there as undefined. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** A pool that is pointed elsewhere is another pool: its sessions must not be taken for those of the old one. */
export function poolId(namespace: string, name: string, spec: CognitoPoolSpec): string {
  const parts = [namespace, name, spec.endpoints?.issuer ?? spec.userPoolId, spec.clientId];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function regionOf(userPoolId: string): string {
  return userPoolId.slice(0, userPoolId.indexOf('_'));
}

/** Cognito has two forms of issuer and doesn't say which a pool uses (cognito.md 0.1). */
function issuersOf(spec: CognitoPoolSpec): readonly string[] {
  if (spec.endpoints?.issuer !== undefined) return [spec.endpoints.issuer];
  const region = regionOf(spec.userPoolId);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return ['cognito-idp', 'issuer-cognito-idp'].map((host) => `https://${host}.${region}.${suffix}/${spec.userPoolId}`);
}

function domainOf(spec: CognitoPoolSpec): string | undefined {
  if (spec.domain === undefined || spec.domain.includes('.')) return spec.domain;
  return `${spec.domain}.auth.${regionOf(spec.userPoolId)}.amazoncognito.com`;
}

function timesOf(session: CognitoPoolSpec['session']): SessionTimes {
  const seconds = (text: string): number => durationSeconds(text) ?? 0;
  return {
    signInLifetime: seconds(session.signInLifetime),
    lifetime: seconds(session.lifetime),
    idle: seconds(session.idle),
    refreshAfter: seconds(session.refreshAfter),
    grace: seconds(session.grace),
  };
}

function secretOf(entry: Entry, spec: CognitoPoolSpec, snapshot: Snapshot): Secret | undefined {
  const ref = spec.clientSecretRef;
  if (ref === undefined) return undefined;
  const secret = snapshot.secrets.get(`${entry.ref.namespace}/${ref.name}`);
  const value = secret?.get(ref.key);
  if (value !== undefined && value.reveal() !== '') return value;
  const field = secret === undefined ? 'spec.clientSecretRef.name' : 'spec.clientSecretRef.key';
  const what = secret === undefined ? 'Secret is not there' : 'Secret has no such key, or it is empty';
  entry.report.error('SecretNotFound', field, `the ${what}: make it in the namespace of the pool`);
  return undefined;
}

function poolOf(entry: Entry, spec: CognitoPoolSpec, snapshot: Snapshot): Pool {
  const { namespace, name } = entry.ref;
  const endpoints: PoolEndpoints = present(spec.endpoints ?? {});
  return {
    id: poolId(namespace, name, spec),
    namespace,
    name,
    userPoolId: spec.userPoolId,
    issuers: issuersOf(spec),
    endpoints,
    domain: domainOf(spec),
    clientId: spec.clientId,
    clientSecret: secretOf(entry, spec, snapshot),
    scopes: spec.scopes,
    groups: spec.groups,
    authorize: present(spec.authorize ?? {}),
    trustedEmailProviders: spec.trustedEmailProviders ?? [],
    session: timesOf(spec.session),
    ...(spec.machineClients === undefined ? {} : { machineClients: spec.machineClients }),
    ...(spec.freshSignIn === undefined ? {} : { freshSignIn: spec.freshSignIn }),
  };
}

/** Withdrawn at once: asked anew for every snapshot. A namespace that isn't in it is not selected, by `NotIn` neither. */
function permissionOf(own: string, spec: CognitoPoolSpec, namespaces: Namespaces): PoolEntry['permits'] {
  const { from, selector } = spec.allowedNamespaces;
  if (from === 'All') return () => true;
  if (from === 'Same' || selector === undefined) return (namespace) => namespace === own;
  const test = labelTest(selector);
  return (namespace) => {
    const labels = namespaces.labelsOf(namespace);
    return namespace === own || (labels !== undefined && test(labels));
  };
}

function readPool(entry: Entry, snapshot: Snapshot, namespaces: Namespaces): PoolEntry {
  const { report, ref } = entry;
  let permits: PoolEntry['permits'] = (namespace) => namespace === ref.namespace;
  let pool: Pool | undefined;
  if (!snapshot.installation.poolNamespaces.includes(ref.namespace)) {
    report.error(
      'PoolInvalid',
      'metadata.namespace',
      'pools are not read in this namespace: move it, or add the namespace to poolNamespaces',
    );
  } else if (entry.values.length === 1) {
    const spec = parse(cognitoPool, entry.values[0], report, 'PoolInvalid')?.spec;
    if (spec !== undefined) {
      permits = permissionOf(ref.namespace, spec, namespaces);
      pool = poolOf(entry, spec, snapshot);
    }
  }
  const reason = report.broken();
  return {
    namespace: ref.namespace,
    permits,
    pool: reason === undefined ? pool : undefined,
    reason,
    cause: causeOf(report),
  };
}

function causeOf({ findings }: Report): string | undefined {
  const first = findings.find(({ severity }) => severity === 'error');
  return first && (first.field === '' ? first.message : `${first.field}: ${first.message}`);
}

export function readPools(entries: readonly Entry[], snapshot: Snapshot, namespaces: Namespaces): Pools {
  const byName = new Map(
    entries.map((entry) => [`${entry.ref.namespace}/${entry.ref.name}`, readPool(entry, snapshot, namespaces)]),
  );
  return { byName, findings: entries.flatMap((entry) => entry.report.findings) };
}

export type PoolLookup = { readonly pool: Pool } | { readonly reason: FindingReason; readonly message: string };

/** Instead of a namespace: the platform itself asks, to which every pool is open. No object is in a namespace of this name. */
export const clusterScope = '';

/** The pool, if it is there, may be used from that namespace (P8, P9, P25), and is in order. */
export function lookUpPool(pools: Pools, name: string, namespace: string): PoolLookup {
  const entry = pools.byName.get(name);
  if (entry === undefined)
    return { reason: 'PoolNotFound', message: 'no CognitoPool has this name: correct it, or make the pool' };
  if (namespace !== clusterScope && !entry.permits(namespace) && entry.reason === undefined) {
    return {
      reason: 'RefNotPermitted',
      message: 'the pool is not for this namespace: its owner can set allowedNamespaces',
    };
  }
  if (entry.pool === undefined) {
    return { reason: 'PoolInvalid', message: unusable(entry, name, namespace) };
  }
  return { pool: entry.pool };
}

/** A pool of the configuration has no object where its fault could be read. Namespaces that it isn't for learn nothing. */
function unusable({ cause, permits }: PoolEntry, name: string, namespace: string): string {
  const known = namespace === clusterScope || permits(namespace) ? cause : undefined;
  return `the pool ${name} can not be used: ${known ?? 'see what is said about it'}`;
}
