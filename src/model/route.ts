import type { FindingReason } from './finding.ts';
import type { PathType, Policy } from './policy.ts';

/** One path of an Ingress, with the host it is on (lower case; `*.x` for a wildcard). */
export interface RoutePath {
  readonly host: string;
  readonly path: string;
  readonly type: Exclude<PathType, 'RegularExpression'> | 'ImplementationSpecific';
}

export type RouteState =
  | { readonly kind: 'enforced'; readonly policy: Policy; readonly audits: readonly Policy[] }
  /** The policy can't be read: the route keeps its place and refuses. */
  | { readonly kind: 'broken'; readonly reason: FindingReason };

/** One protected Ingress. */
export interface Route {
  /** 32 lowercase hex characters (flows.md "Route id"). */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly paths: readonly RoutePath[];
  readonly state: RouteState;
}
