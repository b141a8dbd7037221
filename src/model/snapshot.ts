import type { Secret } from './secret.ts';

/** One object as it was read, with where it came from ("file:line" in a folder). */
export interface SourceObject {
  readonly value: unknown;
  readonly origin: string;
}

/** What holds for the whole installation and decides translation. */
export interface Installation {
  readonly signInHost: string;
  /** `namespace/name` of the pool where a policy names none. */
  readonly defaultPool: string | undefined;
  /** Namespaces where CognitoPool objects are read. */
  readonly poolNamespaces: readonly string[];
  /** Whether the plane tells the client's address (then source ranges may be used). */
  readonly clientAddressKnown: boolean;
  /** For instance `/_cognito-gate`. */
  readonly prefix: string;
  /** Objects that name another controller (`cognito-gate.dev/controller`), or none while this isn't the default, are not ours. */
  readonly controllerName: string;
  /** What the route id is appended to: `http://…:8080/nginx/`. An `auth-url` that is this and the route's id is ours. */
  readonly decisionsUrl: string;
  /** Namespace of our own objects, companions above all; undefined where objects come from a folder. */
  readonly releaseNamespace: string | undefined;
  /** Controllers of IngressClasses whose proxies read our wiring. */
  readonly ingressControllers: readonly string[];
  /** What becomes of a wired Ingress whose policy went. */
  readonly onPolicyGone: 'Refuse' | 'Open';
  /** `Refuse`: no new Ingress takes a host where another namespace has a protected one; absent: it is only told. */
  readonly sharedHosts?: 'Refuse' | 'Allow';
}

export const defaultController = 'cognito-gate';

/** Everything that was read, at one moment. */
export interface Snapshot {
  readonly installation: Installation;
  readonly objects: readonly SourceObject[];
  /** Keys are `namespace/name`, then the key within the Secret. */
  readonly secrets: ReadonlyMap<string, ReadonlyMap<string, Secret>>;
}
