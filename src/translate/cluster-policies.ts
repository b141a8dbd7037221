import type { Finding, FindingReason } from '../model/finding.ts';
import type { PersonCondition, Policy } from '../model/policy.ts';
import type { Installation } from '../model/snapshot.ts';
import type { Namespaces } from './namespaces.ts';
import type { Entry } from './objects.ts';
import type { Pools } from './pools.ts';

/** What a ClusterAccessPolicy came to. */
export interface ClusterPolicyEntry {
  readonly name: string;
  /** Whether it makes a protected route of an Ingress about which nothing else speaks. */
  readonly protects: boolean;
  /** Decides where neither a policy nor an annotation speaks. */
  readonly fallback: Policy | undefined;
  readonly required: {
    readonly deny: readonly PersonCondition[];
    readonly publicRules: 'Allow' | 'ExactPathsOnly' | 'Forbid';
  };
  /** Why it can't be read: every route that it selects refuses. */
  readonly reason: FindingReason | undefined;
  readonly entry: Entry;
}

export interface ClusterPolicies {
  readonly entries: readonly ClusterPolicyEntry[];
  /** The ones that select an Ingress, by name. */
  selecting(ingress: Entry): readonly ClusterPolicyEntry[];
  /**
   * False: the namespace of the Ingress isn't in the snapshot (yet), so that it counts as selected. Then protection by
   * a ClusterAccessPolicy alone must not become sticky: it has begun with `mark`, and goes once the labels are known.
   */
  certain(ingress: Entry): boolean;
}

export const noClusterPolicies: ClusterPolicies = { entries: [], selecting: () => [], certain: () => true };

export function readClusterPolicies(
  _entries: readonly Entry[],
  _pools: Pools,
  _installation: Installation,
  _namespaces: Namespaces,
): ClusterPolicies {
  return noClusterPolicies;
}

/** Read them last: routes say more about them. */
export function clusterFindings(policies: ClusterPolicies): readonly Finding[] {
  return policies.entries.flatMap((policy) => policy.entry.report.findings);
}
