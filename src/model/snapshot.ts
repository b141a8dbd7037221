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
}

/** Everything that was read, at one moment. */
export interface Snapshot {
  readonly installation: Installation;
  readonly objects: readonly SourceObject[];
  /** Keys are `namespace/name`, then the key within the Secret. */
  readonly secrets: ReadonlyMap<string, ReadonlyMap<string, Secret>>;
}
