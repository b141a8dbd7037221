/** Which object a finding is about. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Stable reasons: an API. Each has a golden pair in test/translate and a line in docs/reference/findings.md. */
export const findingReasons = {
  AudienceMissing: {
    means: 'the policy names nobody: an empty list or entry is a mistake, not "everyone"',
    fix: 'name people or groups, or write `access: SignedIn` where everybody who is signed in is meant',
  },
  Invalid: {
    means: 'a field is missing, unknown or has a value that is not allowed',
    fix: 'correct the field that the message names; `kubectl explain` and the reference pages say what is allowed',
  },
  UnknownAnnotation: {
    means: 'an annotation of ours that does not exist',
    fix: 'correct its name, or remove it; until then the Ingress counts as marked and refuses',
  },
  AnnotationsExclusive: {
    means: 'annotations that exclude each other stand on one Ingress',
    fix: 'keep one of them; what needs both belongs in an AccessPolicy',
  },
  Conflicted: {
    means: 'two enforcing policies claim one Ingress and its annotation names neither',
    fix: 'remove one policy, set `mode: Audit` on it, or name one in the annotation `cognito-gate.dev/policy`',
  },
  TargetNotFound: {
    means: 'a target of the policy is not there',
    fix: 'correct the name or the labels, or make the Ingress; targets are of the namespace of the policy',
  },
  PolicyNotFound: {
    means: 'the policy that the Ingress names is not there',
    fix: 'correct the name in the annotation, or make the policy in the namespace of the Ingress',
  },
  NothingInForce: {
    means: 'the Ingress is marked, or only audited, and no enforcing policy is in force',
    fix: 'give it a policy in mode Enforce, or the annotations `allowed-groups` or `access`',
  },
  PoolNotFound: {
    means: 'a pool that is named is not there, and there is no default',
    fix: 'correct the reference, make the CognitoPool, or give the installation a default pool',
  },
  RefNotPermitted: {
    means: 'the pool does not allow this namespace, or a SessionRevocation wants to act outside of its own',
    fix: 'let the owner of the pool set `allowedNamespaces`, or use another pool; make a SessionRevocation in the namespace of the pool',
  },
  PoolInvalid: {
    means: 'the pool cannot be read',
    fix: 'see what is said about the pool itself, and correct that',
  },
  SecretNotFound: {
    means: 'the Secret or its key is not there',
    fix: 'make the Secret with that key in the namespace of the pool',
  },
  NoHost: {
    means: 'the Ingress has a rule without a host, or none at all',
    fix: 'give every rule of the Ingress a host: cookies and return addresses are bound to hosts',
  },
  SignInHostIsApp: {
    means: 'the sign-in host is a host of an Ingress',
    fix: 'give the app another host: the sign-in host serves sign-ins only',
  },
  PathReserved: {
    means: 'a path of the Ingress is under the prefix of the sign-in paths',
    fix: 'move the path, or install with another prefix',
  },
  MachineClientUnknown: {
    means: 'an entry is about a machine whose app client no pool of the policy accepts: its tokens are refused',
    fix: 'correct the id in the entry, or add it to `machineClients` of the pool',
  },
  DuplicateObject: {
    means: 'two documents describe the same object',
    fix: 'remove one of the two',
  },
  SourceUnknown: {
    means: 'source ranges need the installation to say how the client address is known',
    fix: 'tell the installation how the client address is known, or remove `sourceRanges`',
  },
  MarkAdvised: {
    means: 'only a targetRef protects the Ingress: a mark would close it before its policy exists',
    fix: 'put `cognito-gate.dev/policy` on the Ingress as well',
  },
  PolicyGone: {
    means: 'the policy of a wired Ingress is gone: it stays wired and refuses',
    fix: 'put the policy back; to open the Ingress write `cognito-gate.dev/unprotect: "true"` on it',
  },
  UnprotectRefused: {
    means:
      'unprotect stands beside a mark; or a ClusterAccessPolicy selects the Ingress, and something on it would leave it open: unprotect, the name of another installation, or what keeps it from being protected',
    fix: 'remove the marks first; where a ClusterAccessPolicy selects the Ingress, ask whoever runs the platform',
  },
  PlaneUnsupported: {
    means: 'no proxy that reads our wiring serves the Ingress as it is: its class, passthrough or aliases',
    fix: 'use a class whose controller reads our wiring, without passthrough and aliases; until then the app is not protected by us',
  },
  ForeignAuthUrl: {
    means: 'the Ingress has an auth-url of somebody else',
    fix: 'remove that auth-url, or write `cognito-gate.dev/take-over: "true"` where nothing else keeps writing it',
  },
  AuthDropped: {
    means: 'an annotation makes ingress-nginx drop the auth block, or let requests pass beside it',
    fix: 'remove the annotation that the message names: the app is open beside the wiring while it stands',
  },
  AnnotationRisky: {
    means: 'an annotation may change what ingress-nginx does with our wiring',
    fix: 'try what the message says, and remove the annotation if it is not needed',
  },
  HostPartlyOpen: {
    means: 'another Ingress lets paths of the same host through unprotected',
    fix: 'protect the other Ingress too, or make sure that its paths are meant for everybody',
  },
  HostShared: {
    means: 'two namespaces claim the same host',
    fix: 'let one namespace have the host, or agree on who serves which path',
  },
  SignInShadowed: {
    means: 'the sign-in paths of a host do not reach us',
    fix: 'free the paths under the prefix on that host: a regular expression of another Ingress may cover them',
  },
  Contested: {
    means: 'somebody keeps changing what we write',
    fix: 'stop the other writer that the message names, or tell it to leave our annotations alone',
  },
  WriteRefused: {
    means: 'the API server, or a webhook of somebody else, refuses what we write on the object',
    fix: 'do what the API server’s words in the message ask for: often an older fault of the object itself, or a right that is missing',
  },
  Bypassed: {
    means: 'the namespace has the bypass label: nothing in it is wired or mended',
    fix: 'take the label `cognito-gate.dev/bypass` off once the emergency is over',
  },
  FloorViolated: {
    means: 'the policy lets more through than a ClusterAccessPolicy allows',
    fix: 'narrow the rule that the message names until the ClusterAccessPolicy allows it',
  },
  KeptTooShort: {
    means: 'the SessionRevocation is deleted before the sign-ins that it ends are over by themselves',
    fix: 'raise its keepFor to the longest `signInLifetime` of the pools that it is about',
  },
  KindIgnored: {
    means: 'an object of a kind that is not read',
    fix: 'remove it from the folder, or correct its kind and apiVersion',
  },
} as const satisfies Readonly<Record<string, { readonly means: string; readonly fix: string }>>;

export type FindingReason = keyof typeof findingReasons;

/** What is wrong with which object. `error`: a route refuses because of it (or a policy has no effect). */
export interface Finding {
  readonly object: ObjectRef;
  readonly severity: 'error' | 'warning';
  readonly reason: FindingReason;
  /** Path of the field within the object, dotted; empty for the whole. */
  readonly field: string;
  /** Says what is wrong and how to mend it. */
  readonly message: string;
}
