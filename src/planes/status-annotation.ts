import type { IngressPlan } from '../model/plan.ts';

export const statusAnnotationName = 'cognito-gate.dev/status';

/**
 * What the Ingress says about its own protection, and what translation reads back to know how it began. The order of
 * the keys is part of it: the value is compared as text, and written only when it changes.
 */
export function statusAnnotation({ began, state, policy, reason }: IngressPlan): string {
  return JSON.stringify({ began, state, policy, reason });
}
