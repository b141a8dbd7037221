import type { ClusterPolicies } from './cluster-policies.ts';
import type { Entry } from './objects.ts';

/**
 * The Ingresses that name another installation and are ours all the same: what the platform wants is not left by naming
 * an installation that may not be there.
 */
export function claimedBack(elsewhere: readonly Entry[], policies: ClusterPolicies): readonly Entry[] {
  return elsewhere.filter((ingress) =>
    policies.selecting(ingress).some(({ protects, assumed }) => protects && !assumed),
  );
}
