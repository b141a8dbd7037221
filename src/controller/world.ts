import type { Finding } from '../model/finding.ts';
import type { IngressPlan, PolicyReport, PoolReport, RevocationReport } from '../model/plan.ts';
import type { PoolId } from '../model/pool.ts';
import type { PoolState } from '../model/pool-state.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import type { Install } from '../planes/nginx-wiring.ts';

export type WrittenKind = 'Ingress' | 'AccessPolicy' | 'ClusterAccessPolicy' | 'CognitoPool' | 'SessionRevocation';

/** Everything that what is written back depends on, at one moment: one translation and what is known beside it. */
export interface World {
  readonly plans: readonly IngressPlan[];
  readonly policies: readonly PolicyReport[];
  readonly pools: readonly PoolReport[];
  /** By `namespace/name`; a pool that wasn't asked yet is missing. */
  readonly poolStates: ReadonlyMap<string, PoolState>;
  readonly revocations: readonly RevocationReport[];
  readonly findings: readonly Finding[];
  /** Namespaces with the bypass label. */
  readonly bypassed: ReadonlySet<string>;
  objects(kind: WrittenKind): readonly KubeObject[];
  /** Every live replica decides by this table. */
  readonly everywhere: boolean;
  /** While a newer table is on its way: whether a route is in it as it was when every replica decided by it. */
  unchanged?(routeId: string): boolean;
  readonly replicas: number;
  /** Whether every live replica decides by an object as it is here. */
  isReadEverywhere(object: KubeObject): boolean;
  /** Pools that a replica has seen to answer a refresh with another refresh token, while it has nowhere to keep it. */
  readonly rotating: ReadonlySet<PoolId>;
}

export interface ControllerSettings {
  readonly controllerName: string;
  readonly releaseNamespace: string;
  readonly releaseName: string;
  /** Object of the release that owns the companions. */
  readonly owner:
    | { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string }
    | undefined;
  readonly signInService: { readonly name: string; readonly port: number };
  readonly companions: 'Auto' | 'Manual';
  readonly install: Install;
  readonly signInHost: string;
  readonly publicPort: number;
  /** The replica, for events; the controller's name where it isn't known. */
  readonly instance?: string;
}

export function fieldManager({ controllerName }: Pick<ControllerSettings, 'controllerName'>): string {
  return `cognito-gate/${controllerName}`;
}

/** Names an object in maps and messages; cluster-wide objects have no namespace. */
export function objectKey(kind: string, namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
