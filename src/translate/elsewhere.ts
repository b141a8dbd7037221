import type { Finding } from '../model/finding.ts';
import { annotationPrefix } from '../schema/annotations.ts';
import { fieldPath } from '../schema/problems.ts';
import type { ClusterPolicies } from './cluster-policies.ts';
import type { Entry } from './objects.ts';

const field = fieldPath(['metadata', 'annotations', `${annotationPrefix}controller`]);

/**
 * An Ingress that names another installation is not touched; but what the platform wants isn't left by naming one that
 * may not be there.
 */
export function reportElsewhere(ingress: Entry, policies: ClusterPolicies): readonly Finding[] {
  const [first] = policies.selecting(ingress).filter(({ protects }) => protects);
  if (first === undefined) return [];
  const text = `another installation is named while ClusterAccessPolicy ${first.name} selects the Ingress, which is not protected by us: remove it, or let the policy not select it`;
  ingress.report.error('UnprotectRefused', field, text);
  return ingress.report.findings;
}
