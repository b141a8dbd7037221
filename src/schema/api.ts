import { z } from 'zod';

export const apiGroup = 'cognito-gate.dev';
export const apiVersion = `${apiGroup}/v1alpha1`;

/** The envelope of our own kinds: everything else at the top is a mistake, so that nothing is silently ignored. */
export function ownObject<K extends string, S extends z.ZodType>(kind: K, spec: S) {
  return z.strictObject({
    apiVersion: z.literal(apiVersion, `must be ${apiVersion}`),
    kind: z.literal(kind),
    metadata: z.looseObject({}),
    spec,
    status: z.unknown().optional(),
  });
}
