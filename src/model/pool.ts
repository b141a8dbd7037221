import type { Secret } from './secret.ts';

/** 64 lowercase hex characters; the first 8 are part of the cookie names. */
export type PoolId = string;

/** Where the groups of a person are read from, and in which form (cognito.md 0.6, 2.5). */
export interface GroupsSource {
  readonly claim: string;
  readonly token: 'Access' | 'ID';
  readonly format: 'Array' | 'JSON' | 'Comma' | 'Space';
}

/** Lifetimes in seconds. */
export interface SessionTimes {
  readonly signInLifetime: number;
  readonly lifetime: number;
  readonly idle: number;
  readonly refreshAfter: number;
  readonly grace: number;
}

/** Overrides of what discovery says; for other partitions and tests. */
export interface PoolEndpoints {
  readonly issuer?: string;
  readonly authorization?: string;
  readonly token?: string;
  readonly revocation?: string;
  readonly jwks?: string;
  readonly logout?: string;
}

/** A Cognito user pool with one app client, as a `CognitoPool` object describes it. */
export interface Pool {
  readonly id: PoolId;
  readonly namespace: string;
  readonly name: string;
  readonly userPoolId: string;
  /** Issuers to try in order; the first whose discovery document answers with itself is pinned. */
  readonly issuers: readonly string[];
  readonly endpoints: PoolEndpoints;
  /** Host name of the pool's sign-in pages; absent: as discovery says. */
  readonly domain: string | undefined;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly scopes: readonly string[];
  readonly groups: GroupsSource;
  readonly authorize: { readonly identityProvider?: string; readonly lang?: string };
  readonly trustedEmailProviders: readonly string[];
  readonly session: SessionTimes;
  /** App clients, besides the pool's own, whose access tokens count. */
  readonly machineClients?: readonly string[];
  /** How a fresher sign-in is asked for; absent: `Prompt`. */
  readonly freshSignIn?: 'Prompt' | 'Logout' | 'None';
}
