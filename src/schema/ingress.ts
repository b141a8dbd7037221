import { z } from 'zod';
import { hostPattern } from './fields.ts';
import { limits } from './limits.ts';

const path = z.looseObject({
  path: z
    .string()
    .max(4096)
    .regex(/^\/[^\p{Cc}]*$/u, 'must start with "/"')
    .optional(),
  pathType: z.enum(['Exact', 'Prefix', 'ImplementationSpecific']),
});

/** Only the fields we read; all others pass, they are the business of others. */
const rule = z.looseObject({
  host: z
    .string()
    .max(limits.name)
    .refine(
      (host) => host === '' || hostPattern.test(host.toLowerCase()),
      'must be a host name, or a wildcard such as *.example.com',
    )
    .optional(),
  http: z.looseObject({ paths: z.array(path) }).optional(),
});

export const ingress = z.looseObject({
  apiVersion: z.literal('networking.k8s.io/v1', 'must be networking.k8s.io/v1'),
  kind: z.literal('Ingress'),
  metadata: z.looseObject({}),
  spec: z.looseObject({ rules: z.array(rule).optional() }).optional(),
});
