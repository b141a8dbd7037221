import { z } from 'zod';
import { groupName, list, poolRef, text } from './fields.ts';
import { limits } from './limits.ts';

/** Text without spaces. */
function token(maximum: number) {
  return text(maximum).regex(/^\S+$/, 'must not contain spaces');
}

const email = text(limits.value).regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address');
const emailDomain = text(limits.name).regex(
  /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/,
  'must be a domain such as example.com: no "@", no wildcard',
);

const claimCondition = z.strictObject({
  name: token(limits.group).describe('Name of the claim.'),
  values: list(text(limits.value), limits.values).describe('Values; any of them will do.'),
});

const machine = z.strictObject({
  pool: poolRef.optional().describe('Pool of the client.'),
  clients: list(token(limits.group), limits.values).optional().describe('App client ids; any of them will do.'),
  scopes: list(token(limits.value), limits.values).optional().describe('Scopes; every one is needed.'),
});

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

/** Which part of an issue is about nobody being named: such findings are `AudienceMissing`. */
export const audience = { audience: true } as const;

/** One entry of `allow` or `deny`: all its fields must hold. */
export const entry = z
  .strictObject({
    ...people,
    machine: machine
      .optional()
      .describe('About a machine (client credentials) instead of a person. Not built yet: the route refuses.'),
  })
  .refine((value) => Object.values(value).some((field) => field !== undefined), {
    message: 'must not be empty: say who it is about, or use access: SignedIn for everybody who is signed in',
    params: audience,
  })
  .refine((value) => value.machine === undefined || Object.values(value).filter((f) => f !== undefined).length === 1, {
    message: 'is about a machine or about a person, not both: write two entries',
  });

export type Entry = z.output<typeof entry>;
