/** Which object a finding is about. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Stable reasons: an API. Each has a golden pair in test/translate and a line in docs/reference/findings.md. */
export const findingReasons = {
  AudienceMissing: 'the policy names nobody: an empty list or entry is a mistake, not "everyone"',
  Invalid: 'a field is missing, unknown or has a value that is not allowed',
  UnknownAnnotation: 'an annotation of ours that does not exist',
  AnnotationsExclusive: 'annotations that exclude each other stand on one Ingress',
  Conflicted: 'two enforcing policies claim one Ingress and its annotation names neither',
  TargetNotFound: 'a target of the policy is not there',
  PolicyNotFound: 'the policy that the Ingress names is not there',
  NothingInForce: 'the Ingress is marked, or only audited, and no enforcing policy is in force',
  PoolNotFound: 'a pool that is named is not there, and there is no default',
  RefNotPermitted: 'the pool does not allow this namespace',
  PoolInvalid: 'the pool cannot be read',
  SecretNotFound: 'the Secret or its key is not there',
  NoHost: 'the Ingress has a rule without a host, or none at all',
  SignInHostIsApp: 'the sign-in host is a host of an Ingress',
  PathReserved: 'a path of the Ingress is under the prefix of the sign-in paths',
  NotYetSupported: 'the field is known, its effect is not built yet',
  DuplicateObject: 'two documents describe the same object',
  SourceUnknown: 'source ranges need the installation to say how the client address is known',
  MarkAdvised: 'only a targetRef protects the Ingress: a mark would close it before its policy exists',
  PolicyGone: 'the policy of a wired Ingress is gone: it stays wired and refuses',
  UnprotectRefused: 'unprotect stands beside a mark, or under a ClusterAccessPolicy that selects the Ingress: it has no effect',
  PlaneUnsupported: 'no proxy that reads our wiring serves the Ingress as it is: its class, passthrough or aliases',
  ForeignAuthUrl: 'the Ingress has an auth-url of somebody else',
  AuthDropped: 'an annotation makes ingress-nginx drop the auth block, or let requests pass beside it',
  AnnotationRisky: 'an annotation may change what ingress-nginx does with our wiring',
  HostPartlyOpen: 'another Ingress lets paths of the same host through unprotected',
  HostShared: 'two namespaces claim the same host',
  SignInShadowed: 'the sign-in paths of a host do not reach us',
  Contested: 'somebody keeps changing what we write',
  Bypassed: 'the namespace has the bypass label: nothing in it is wired or mended',
  FloorViolated: 'the policy lets more through than a ClusterAccessPolicy allows',
  KindIgnored: 'an object of a kind that is not read',
} as const;

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
