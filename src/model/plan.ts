import type { FindingReason, ObjectRef } from './finding.ts';
import type { PoolId } from './pool.ts';
import type { Revocation } from './revocation.ts';

/** How the protection of an Ingress began; kept in its status annotation (flows.md "Protected, and no longer protected"). */
export type Began = 'mark' | 'target';

/**
 * What is to stand on one Ingress, and what its companions are made from. Nothing in it is text of a user's choice,
 * but host names, which the API server has checked.
 */
export interface IngressPlan {
  readonly namespace: string;
  readonly name: string;
  readonly routeId: string;
  readonly hosts: readonly string[];
  /** As the Ingress names it; companions take the same. */
  readonly className: string | undefined;
  /** `Wire`: our annotations and the status stand on it. `Withdraw`: they are taken off. `Leave`: nothing of it is touched. */
  readonly act: 'Wire' | 'Withdraw' | 'Leave';
  readonly began: Began;
  readonly state: 'Enforced' | 'Refusing' | 'Unprotected';
  /** Why it refuses, or why it can't be protected. */
  readonly reason: FindingReason | undefined;
  /** The policy in force as `namespace/name`; of inline annotations `namespace/ingress/name`; of a ClusterAccessPolicy its `name`. */
  readonly policy: string | undefined;
  /** Only where nobody can sign in, as its rules are about machines: it is wired without a way to do so, and needs no companion. */
  readonly signIn?: false;
}

/** What one target came to. */
export interface TargetReport {
  readonly ref: ObjectRef;
  /** `Audited`: an Audit policy is judged beside what is in force. */
  readonly state: 'Enforced' | 'Audited' | 'Overridden' | 'Conflicted' | 'NotFound' | 'Broken';
  readonly reason: FindingReason | undefined;
  readonly message: string;
}

/** What a policy object came to; its conditions are made from this and from the findings about it. */
export interface PolicyReport {
  readonly ref: ObjectRef;
  readonly mode: 'Enforce' | 'Audit';
  /** `namespace/name` of its pools, in order. */
  readonly pools: readonly string[];
  readonly targets: readonly TargetReport[];
}

/** What a pool object came to. */
export interface PoolReport {
  readonly ref: ObjectRef;
  /** undefined: it can't be used; findings say why. */
  readonly id: PoolId | undefined;
}

/** What a SessionRevocation came to. */
export interface RevocationReport {
  readonly ref: ObjectRef;
  /** undefined: it ends nothing; findings say why. */
  readonly revocation: Revocation | undefined;
  /** Whose sign-ins, in words. */
  readonly ends: string | undefined;
  /** Seconds since the epoch. */
  readonly before: number | undefined;
  /** When the object is to be deleted, in seconds since the epoch; undefined: nobody knows how old it is. */
  readonly keptUntil: number | undefined;
}
