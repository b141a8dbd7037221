import { z } from 'zod';
import { duration, file, milliseconds } from './config-fields.ts';

const nodeAddress = z
  .string('must be redis://host:port or rediss://host:port')
  .max(300, 'must be redis://host:port or rediss://host:port')
  .regex(
    /^rediss?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/,
    'must be redis://host:port or rediss://host:port, without user, password and path',
  );

const redis = z
  .strictObject(
    {
      /** One server, or some nodes of a cluster. */
      urls: z.array(nodeAddress, 'must be a list, for instance [rediss://redis:6379]').min(1).max(32),
      cluster: z.boolean('must be true or false').default(false),
      username: z.string('must be text').min(1).max(200).optional(),
      /** Read anew for every connection, so that a password can be changed in place. */
      passwordFile: file.optional(),
      /** PEM; trusted besides the system's. */
      caFile: file.optional(),
      database: z.int('must be a number from 0 to 15').min(0).max(15).default(0),
      keyPrefix: z
        .string('must be letters, digits and -._: ending in :')
        .regex(/^[A-Za-z0-9._:-]{0,59}:$/, 'must be letters, digits and -._: ending in :')
        .default('cognito-gate:'),
      /** How long sessions that a replica knows go on while the store doesn't answer. */
      unreachableFor: duration.default('5m'),
    },
    'must be like { urls: [rediss://redis:6379] }',
  )
  .refine(({ urls }) => new Set(urls.map((url) => url.split(':', 1)[0])).size === 1, {
    path: ['urls'],
    error: 'must all begin with rediss:// or all with redis://',
  })
  .refine(({ cluster, database }) => !cluster || database === 0, {
    path: ['database'],
    error: 'must be 0 (or absent) with a cluster, which has no other',
  })
  .refine(({ username, passwordFile }) => username === undefined || passwordFile !== undefined, {
    path: ['username'],
    error: 'needs a passwordFile (in the chart: existingSecret); without one nobody signs in under it',
  });

export const store = z
  .strictObject({ redis: redis.optional() }, 'must be like { redis: { urls: [rediss://redis:6379] } }')
  .prefault({})
  .describe(
    '{ redis: { urls: [URL], … } }: keep what is known about sign-ins in Redis or Valkey; absent: in the cookies.',
  );

export const keyRingRotation = z
  .strictObject(
    {
      /** Age of the newest key at which the next one is made. */
      every: duration,
      /** How long a key opens after it stopped sealing. */
      keep: duration.default('720h'),
    },
    'must be like { every: 720h, keep: 720h }',
  )
  .refine(({ every }) => milliseconds(every) >= 3_600_000, {
    path: ['every'],
    message: 'must be at least 1h: a key seals only from two minutes after it was made',
  })
  .refine(({ every, keep }) => milliseconds(keep) <= 1000 * milliseconds(every), {
    path: ['keep'],
    message: 'must be at most 1000 times every: a Secret has no room for more keys',
  })
  .optional()
  .describe(
    '{ every: DURATION, keep: DURATION }: in a cluster the leading replica adds a key to the ring, and removes old ones.',
  );

export const refreshesPerSecond = z
  .number('must be a number from 0.1 to 100')
  .min(0.1, 'must be a number from 0.1 to 100')
  .max(100, 'must be a number from 0.1 to 100')
  .default(30)
  .describe('How many refreshes this replica asks of Cognito in a second; Cognito allows 120 for a whole account.');
