import { z } from 'zod';
import { ownObject } from './api.ts';
import { duration, endpointUrl, objectName, setOf, text, token } from './fields.ts';
import { labelSelector } from './label-selector.ts';
import { limits } from './limits.ts';
import { ruled, shaped } from './ruled.ts';

const endpoints = z.strictObject({
  issuer: endpointUrl.optional().describe('Issuer, compared exactly with `iss`.'),
  authorization: endpointUrl.optional().describe('Authorization endpoint.'),
  token: endpointUrl.optional().describe('Token endpoint.'),
  revocation: endpointUrl.optional().describe('Revocation endpoint.'),
  jwks: endpointUrl.optional().describe('Key set.'),
  logout: endpointUrl.optional().describe('Logout page, as Cognito’s `/logout`.'),
});

const groups = z.strictObject({
  claim: token(limits.group).default('cognito:groups').describe('Claim that holds the groups.'),
  token: z.enum(['Access', 'ID']).default('Access').describe('Token that holds the claim.'),
  format: z
    .enum(['Array', 'JSON', 'Comma', 'Space'])
    .default('Array')
    .describe('Form of its value; attributes of federated people are text: `JSON`, `Comma` or `Space`.'),
});

const session = z.strictObject({
  signInLifetime: duration(60).default('12h').describe('How long one sign-in lasts.'),
  lifetime: duration(60).default('12h').describe('How long a session on one app host lasts, at most.'),
  idle: duration(60)
    .default('2h')
    .describe('How long a session may be unused. Whoever was away for longer signs in once more.'),
  refreshAfter: duration(10).default('10m').describe('Age at which groups are read again.'),
  grace: duration(0).default('1h').describe('How long sessions outlive their tokens while Cognito does not answer.'),
});

const chosenNamespaces = z.strictObject({
  from: z
    .enum(['Same', 'All', 'Selector'])
    .default('Same')
    .describe('Whose policies may refer to the pool: of its own namespace (`Same`), of `All`, or by `Selector`.'),
  selector: labelSelector.optional().describe('Labels of namespaces, for `from: Selector` and only there.'),
});

const onlyForSelector = ruled(chosenNamespaces, {
  holds: (value) => value.from === 'Selector' || value.selector === undefined,
  cel: "self.from == 'Selector' || !has(self.selector)",
  message: 'is only for from: Selector: remove it',
  field: 'selector',
});

const allowedNamespaces = ruled(onlyForSelector, {
  holds: (value) => value.from !== 'Selector' || value.selector !== undefined,
  cel: "self.from != 'Selector' || has(self.selector)",
  message: 'is missing: from: Selector needs it',
  field: 'selector',
});

const scopes = ruled(setOf(token(limits.value), limits.entries), {
  holds: (value) => value.includes('openid'),
  cel: "'openid' in self",
  message: 'must include openid',
});

const defaultScopes = ['openid', 'profile', 'email'];

export const cognitoPoolSpec = z.strictObject({
  userPoolId: shaped(
    text(limits.label),
    /^[a-z]+(-[a-z]+)+-[0-9]+_[0-9A-Za-z]+$/,
    'must be a user pool id such as eu-west-1_AbCdEfGhI',
  ).describe('Id of the user pool; the region is in it.'),
  domain: shaped(
    text(limits.name),
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/,
    'must be a prefix or a host name, without https://',
  )
    .optional()
    .describe('Domain of the sign-in pages: a prefix, or a custom domain (with a dot); absent: as discovery says.'),
  clientId: token(limits.group).describe('Id of the app client.'),
  clientSecretRef: z
    .strictObject({
      name: objectName.describe('Name of the Secret, in the namespace of the pool.'),
      key: shaped(text(limits.name), /^[-._a-zA-Z0-9]+$/, 'must be a key of a Secret').describe('Key in the Secret.'),
    })
    .optional()
    .describe('Where the secret of the app client is; absent: a public client.'),
  endpoints: endpoints.optional().describe('Overrides what discovery says, for other partitions and tests.'),
  scopes: scopes.default(defaultScopes).describe('Scopes to ask for; `openid` must be one of them.'),
  groups: groups.prefault({}).describe('Where groups are read from.'),
  authorize: z
    .strictObject({
      identityProvider: text(limits.group).optional().describe('Goes straight to this provider.'),
      lang: shaped(text(16), /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language such as de or zh-CN')
        .optional()
        .describe('Language of the sign-in pages.'),
    })
    .optional()
    .describe('What is added to the authorization request.'),
  trustedEmailProviders: setOf(text(limits.group), limits.entries)
    .optional()
    .describe('Identity providers whose people’s addresses count as verified.'),
  machineClients: setOf(token(limits.group), limits.values)
    .optional()
    .describe('App clients, besides `clientId`, whose access tokens count as bearers: those of machines above all.'),
  freshSignIn: z
    .enum(['Prompt', 'Logout', 'None'])
    .optional()
    .describe(
      'How a fresher sign-in is asked for where a rule has `maxAuthAge`. `Prompt` (the default): `prompt=login`, which Cognito’s managed login knows. `Logout`: through Cognito’s sign-out first, for the classic pages. `None`: a page says that the person has to sign out and in again. Whatever is set, only a newer `auth_time` counts.',
    ),
  session: session.prefault({}).describe('Lifetimes.'),
  allowedNamespaces: allowedNamespaces
    .prefault({ from: 'Same' })
    .describe('Namespaces whose policies may refer to the pool.'),
});

export const cognitoPool = ownObject('CognitoPool', cognitoPoolSpec);

export type CognitoPoolSpec = z.output<typeof cognitoPoolSpec>;
