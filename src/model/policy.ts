import type { PoolId } from './pool.ts';

export type PathType = 'Exact' | 'PathPrefix' | 'RegularExpression';

export interface PathMatch {
  readonly type: PathType;
  readonly value: string;
}

/** What a rule matches; an absent part matches everything. */
export interface Match {
  readonly paths?: readonly PathMatch[];
  readonly methods?: readonly string[];
  readonly sourceRanges?: readonly string[];
}

/** About a person: every field that is there must hold, any value of a field will do. */
export interface PersonCondition {
  readonly pool?: PoolId;
  readonly groups?: readonly string[];
  readonly allGroups?: readonly string[];
  readonly usernames?: readonly string[];
  readonly subjects?: readonly string[];
  readonly emails?: readonly string[];
  readonly emailDomains?: readonly string[];
  readonly claims?: readonly { readonly name: string; readonly values: readonly string[] }[];
}

/** About a machine: one of the clients, with every scope. */
export interface MachineCondition {
  readonly pool?: PoolId;
  readonly clients?: readonly string[];
  readonly scopes?: readonly string[];
}

export type Access =
  | { readonly kind: 'Public' }
  | { readonly kind: 'SignedIn' }
  | {
      readonly kind: 'Allow';
      readonly conditions: readonly PersonCondition[];
      /** Alternatives beside the conditions; absent: no machine passes. */
      readonly machines?: readonly MachineCondition[];
    };

export interface Rule {
  readonly name: string;
  readonly match: Match;
  readonly access: Access;
  /** Seconds; how old the sign-in of a person may be. */
  readonly maxAuthAge?: number;
}

/** What an AccessPolicy (or inline annotations, or a ClusterAccessPolicy's default) says, with every reference resolved. */
export interface Policy {
  /** Empty for the default of a ClusterAccessPolicy. */
  readonly namespace: string;
  /** The object's name; for inline annotations `ingress/<name>`. */
  readonly name: string;
  readonly pools: readonly PoolId[];
  readonly corsPreflight: 'Check' | 'Pass';
  readonly allowedOrigins: readonly string[];
  readonly deny: readonly PersonCondition[];
  readonly denyMachines?: readonly MachineCondition[];
  /** Whether people's access tokens count; machine entries are read in any case. */
  readonly bearer?: 'Accept';
  readonly rules: readonly Rule[];
}
