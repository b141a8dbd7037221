import { z } from 'zod';
import { limits } from './limits.ts';
import { listType } from './ruled.ts';

/** Written by the controller only; limits keep what one object can come to below what etcd takes. */
const line = (maximum: number) => z.string().max(maximum);
const whole = () => z.int().min(0);

/** As `metav1.Condition`. */
const condition = z.strictObject({
  type: line(316).describe('What it is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: whole().optional().describe('Generation of the object that it speaks of.'),
  lastTransitionTime: z.iso.datetime().max(32).describe('When the status last changed.'),
  reason: line(1024).describe('One word for programs: see the list of findings.'),
  message: line(32_768).describe('What is wrong with which field, and how to mend it.'),
});

const conditions = (text: string) => listType(z.array(condition).max(8), ['type']).optional().describe(text);

const observedGeneration = whole().optional().describe('Generation of the object that the status speaks of.');

const targetRef = z.strictObject({
  group: line(limits.name).describe('Its API group.'),
  kind: line(limits.label).describe('Its kind.'),
  namespace: line(limits.label).optional().describe('Its namespace.'),
  name: line(limits.name).describe('Its name.'),
});

const target = z.strictObject({
  ref: targetRef.describe('The target.'),
  controllerName: line(limits.name).describe('The installation that says so.'),
  conditions: conditions('Conditions of this target.'),
});

/** Of AccessPolicy and ClusterAccessPolicy. */
export const policyStatus = z
  .strictObject({
    observedGeneration,
    summary: z
      .strictObject({
        targets: whole().optional().describe('How many targets it has.'),
        pool: line(limits.value * 2)
          .optional()
          .describe('The pool that is offered first.'),
      })
      .optional()
      .describe('For the columns of `kubectl get`.'),
    conditions: conditions(
      'Of the whole object: `Accepted`, `ResolvedRefs`, `Programmed`, and `Protected` for people: whether everything it points at is wired and decided on every replica.',
    ),
    targets: listType(z.array(target).max(limits.targets), 'atomic').optional().describe('One entry for each target.'),
  })
  .describe('What the controller says about it.');

const urls = (text: string) =>
  listType(z.array(line(limits.url)).max(limits.entries), 'set')
    .optional()
    .describe(text);

/** Of CognitoPool. */
export const poolStatus = z
  .strictObject({
    observedGeneration,
    issuer: line(limits.url).optional().describe('The issuer that answered, of the two that Cognito may use.'),
    loginPages: z.enum(['Classic', 'Managed', 'Unknown']).optional().describe('Which sign-in pages the domain shows.'),
    register: z
      .strictObject({
        callbackUrls: urls('Allowed callback URLs.'),
        signOutUrls: urls('Allowed sign-out URLs.'),
        grant: line(limits.label).optional().describe('OAuth grant type.'),
        scopes: urls('OpenID Connect scopes.'),
      })
      .optional()
      .describe('What to register at the app client in Cognito.'),
    conditions: conditions(
      '`Accepted`: the object is in order. `ResolvedRefs`: its Secret is there. `Reachable`: discovery and keys answered. `Registered`: Cognito accepts our sign-in and sign-out URLs. `RotationNeedsRedis`, where it is so: refresh tokens are rotated, which cookies can not keep.',
    ),
  })
  .describe('What Cognito and the controller say about it.');

/** Of SessionRevocation. */
export const revocationStatus = z
  .strictObject({
    observedGeneration,
    ends: line(limits.value * 2)
      .optional()
      .describe('Whose sign-ins end, in words.'),
    before: z.iso.datetime().max(32).optional().describe('Sign-ins of this time or earlier are over.'),
    keptUntil: z.iso.datetime().max(32).optional().describe('When the controller deletes the object.'),
    conditions: conditions('`InForce`: every replica refuses the sign-ins that it ends.'),
  })
  .describe('What the controller says about it.');
