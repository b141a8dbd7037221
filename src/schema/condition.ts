import { z } from 'zod';
import { groupName, list, poolRef, text, token } from './fields.ts';
import { limits } from './limits.ts';
import { ruled } from './ruled.ts';

/** Which part of an issue is about nobody being named: such findings are `AudienceMissing`. */
export const audience = { audience: true } as const;

export const email = text(limits.value).regex(/^[^\s\p{Z}\p{Cc}@]+@[^\s\p{Z}\p{Cc}@]+$/u, 'must be an e-mail address');
const emailDomain = text(limits.name).regex(
  /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/,
  'must be a domain such as example.com: no "@", no wildcard',
);

const claimCondition = z.strictObject({
  name: token(limits.group).describe('Name of the claim.'),
  values: list(text(limits.value), limits.values).describe('Values; any of them will do.'),
});

const machine = ruled(
  z.strictObject({
    pool: poolRef.optional().describe('Pool of the client.'),
    clients: list(token(limits.group), limits.values).optional().describe('App client ids; any of them will do.'),
    scopes: list(token(limits.value), limits.values).optional().describe('Scopes; every one is needed.'),
  }),
  {
    holds: (value) => value.clients !== undefined || value.scopes !== undefined,
    cel: 'has(self.clients) || has(self.scopes)',
    message: 'must not be empty: name clients or scopes',
    params: audience,
  },
);

const people = {
  pool: poolRef.optional().describe('Pool the person signed in at; one of the pools of the policy.'),
  groups: list(groupName, limits.values).optional().describe('Member of any of these groups.'),
  allGroups: list(groupName, limits.values).optional().describe('Member of every one of these groups.'),
  usernames: list(text(limits.group), limits.values).optional().describe('Any of these Cognito usernames.'),
  subjects: list(token(limits.group), limits.values).optional().describe('Any of these values of `sub`.'),
  emails: list(email, limits.values)
    .optional()
    .describe('Any of these addresses; holds only for verified ones, or people of a trusted provider of the pool.'),
  emailDomains: list(emailDomain, limits.values)
    .optional()
    .describe('Any of these domains, without `@`; a subdomain is another domain. Verified addresses only, as above.'),
  claims: list(claimCondition, limits.entries)
    .optional()
    .describe('Claims of the person’s tokens; every one of the list must hold.'),
};

const anybody = z.strictObject({
  ...people,
  machine: machine
    .optional()
    .describe('About a machine (its access token is of the client credentials grant) instead of a person.'),
});

const aboutPeople = Object.keys(people).map((name) => `has(self.${name})`);

const somebody = ruled(anybody, {
  holds: (value) => Object.values(value).some((field) => field !== undefined),
  cel: [...aboutPeople, 'has(self.machine)'].join(' || '),
  message: 'must not be empty: say who it is about, or use access: SignedIn for everybody who is signed in',
  params: audience,
});

/** One entry of `allow` or `deny`: all its fields must hold. */
export const entry = ruled(somebody, {
  holds: (value) =>
    value.machine === undefined || Object.values(value).filter((field) => field !== undefined).length === 1,
  cel: `!has(self.machine) || !(${aboutPeople.join(' || ')})`,
  message: 'is about a machine or about a person, not both: write two entries',
});

export type Entry = z.output<typeof entry>;
