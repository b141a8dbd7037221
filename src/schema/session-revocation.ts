import { z } from 'zod';
import { ownObject } from './api.ts';
import { email } from './condition.ts';
import { duration, groupName, poolRef, text, token } from './fields.ts';
import { limits } from './limits.ts';
import { ruled, shaped } from './ruled.ts';

/** Written out, a `false` would say less than nothing: what then is meant? */
function onlyTrue(what: string) {
  return ruled(z.boolean(), {
    holds: (value) => value,
    cel: 'self',
    message: 'must be true, or not be there',
  })
    .optional()
    .describe(what);
}

function howMany(...fields: readonly unknown[]): number {
  return fields.filter((field) => field !== undefined).length;
}

const user = ruled(
  z.strictObject({
    subject: token(limits.group).optional().describe('Value of `sub`; of a machine the id of its app client.'),
    username: text(limits.group).optional().describe('Cognito username; case counts.'),
    email: email.optional().describe('E-mail address, verified or not; case does not count.'),
  }),
  {
    holds: ({ subject, username, email: address }) => howMany(subject, username, address) === 1,
    cel: '[has(self.subject), has(self.username), has(self.email)].filter(x, x).size() == 1',
    message: 'must name exactly one of subject, username and email',
  },
);

const time = /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$/;

const fields = z.strictObject({
  pool: poolRef
    .optional()
    .describe('Pool of the sign-ins; must be of the namespace of this object. Absent: every pool of that namespace.'),
  everyPool: onlyTrue('Every pool of every namespace: only in the namespace of the installation.'),
  user: user.optional().describe('One person, or one machine. Exactly one of user, group and everyone is there.'),
  group: groupName.optional().describe('Everybody whose tokens name this group.'),
  everyone: onlyTrue('Everybody.'),
  before: shaped(text(40), time, 'must be a time in UTC such as 2026-11-25T17:00:00Z')
    .optional()
    .describe(
      'Sign-ins of this time (UTC, such as 2026-11-25T17:00:00Z) or earlier end. Default: when this object was created; in a folder it must be there. A time to come refuses new sign-ins until then.',
    ),
  reason: text(limits.value)
    .optional()
    .describe('Why, for people who read this. No secret: whoever may list the objects sees it.'),
  keepFor: duration(60)
    .default('720h')
    .describe('How long after its creation the controller deletes this object. No shorter than a sign-in may last.'),
});

const ofOnePool = ruled(fields, {
  holds: (value) => howMany(value.everyPool, value.pool) < 2,
  cel: '!has(self.everyPool) || !has(self.pool)',
  message: 'everyPool and pool exclude each other: remove one of them',
  field: 'everyPool',
});

export const sessionRevocationSpec = ruled(ofOnePool, {
  holds: (value) => howMany(value.user, value.group, value.everyone) === 1,
  cel: '[has(self.user), has(self.group), has(self.everyone)].filter(x, x).size() == 1',
  message: 'must name exactly one of user, group and everyone',
});

export const sessionRevocation = ownObject('SessionRevocation', sessionRevocationSpec);

export type SessionRevocationSpec = z.output<typeof sessionRevocationSpec>;
