import { readReview } from './admission-review.ts';
import type { AdmissionResponse } from './admission-review.ts';
import type { Admission } from './admission.ts';

/** What the admission port serves: an answer may have to wait. */
export interface ServedAdmission {
  mutate(review: unknown): AdmissionResponse | Promise<AdmissionResponse>;
  validate(review: unknown): AdmissionResponse;
}

/**
 * A new Ingress that nothing in memory protects waits until every policy that is stored is in memory: one that was applied
 * just before may be the one that protects it. Where that can't be known the review fails, and the webhook's failure policy
 * decides.
 */
export function patientAdmission(
  admission: Admission,
  policiesCaughtUp: (namespace: string) => Promise<void>,
): ServedAdmission {
  return {
    validate: (review) => admission.validate(review),
    mutate: (review) => {
      const response = admission.mutate(review);
      const namespace = namespaceLeftOpen(review, response);
      if (namespace === undefined) return response;
      return policiesCaughtUp(namespace).then(() => admission.mutate(review));
    },
  };
}

function namespaceLeftOpen(review: unknown, { allowed, patch }: AdmissionResponse): string | undefined {
  if (!allowed || patch !== undefined) return undefined;
  const request = readReview(review);
  return request?.kind === 'Ingress' && request.operation === 'CREATE' ? request.namespace : undefined;
}
