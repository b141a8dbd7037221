import { accessPolicy } from '../../src/schema/access-policy.ts';
import type { Schema } from '../../src/schema/check.ts';
import { clusterAccessPolicy } from '../../src/schema/cluster-access-policy.ts';
import { sessionRevocation } from '../../src/schema/session-revocation.ts';
import { cognitoPool } from '../../src/schema/cognito-pool.ts';

export type Kind = 'AccessPolicy' | 'ClusterAccessPolicy' | 'CognitoPool' | 'SessionRevocation';
export type Json = Readonly<Record<string, unknown>>;

/** How this program reads each kind. */
export const schemas: Readonly<Record<Kind, Schema<unknown>>> = {
  AccessPolicy: accessPolicy,
  ClusterAccessPolicy: clusterAccessPolicy,
  CognitoPool: cognitoPool,
  SessionRevocation: sessionRevocation,
};

const base: Readonly<Record<Kind, Json>> = {
  AccessPolicy: { rules: [{ name: 'all', access: 'SignedIn' }] },
  ClusterAccessPolicy: { required: { publicRules: 'Forbid' }, default: { rules: [{ access: 'SignedIn' }] } },
  CognitoPool: { userPoolId: 'eu-west-1_AbCdEfGhI', clientId: '3n4b5example' },
  SessionRevocation: { user: { username: 'ada' } },
};

/** The value with another one at the path; what is missing on the way is made. `undefined` removes. */
function put(value: unknown, path: readonly string[], inner: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return inner;
  if (/^\d+$/.test(first)) {
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    const made = [...list];
    made[Number(first)] = put(list[Number(first)], rest, inner);
    return made;
  }
  const object: Json = typeof value === 'object' && value !== null ? (value as Json) : {};
  return { ...object, [first]: put(object[first], rest, inner) };
}

/** A good object of the kind, with these values at these paths below `spec` (`rules[0].match`). */
export function objectWith(kind: Kind, changes: Json): Json {
  let spec: unknown = base[kind];
  for (const [path, value] of Object.entries(changes)) spec = put(spec, path.match(/\w+/g) ?? [], value);
  const metadata = kind === 'ClusterAccessPolicy' ? { name: 'row' } : { name: 'row', namespace: 'default' };
  return { apiVersion: 'cognito-gate.dev/v1alpha1', kind, metadata, spec };
}
