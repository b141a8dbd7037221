/** An app client of the pool, as the Cognito console describes it. */
export interface CognitoClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly logoutUris: readonly string[];
  /** Refresh token rotation; the token that was rotated out is good for the grace period still. */
  readonly rotation?: { readonly graceSeconds: number };
  /** Scopes of resource servers (`shop/write`): a client of the client credentials grant, and of no other one. */
  readonly machineScopes?: readonly string[];
}

/** One person of the pool. */
export interface CognitoUser {
  readonly username: string;
  readonly password: string;
  readonly sub: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly preferredUsername?: string;
  readonly groups?: readonly string[];
  /** Of a federated person, as Cognito's `identities` claim. */
  readonly identities?: readonly Readonly<Record<string, unknown>>[];
  readonly disabled?: boolean;
  /** Further claims, for instance `custom:department`; `*_verified` and the like may be given as strings. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface CognitoOptions {
  readonly poolId?: string;
  readonly clients: readonly CognitoClient[];
  readonly users: readonly CognitoUser[];
  /** Seconds. */
  readonly ttl?: { readonly access?: number; readonly id?: number; readonly refresh?: number };
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Host of the sign-in pages and of the endpoints (Cognito's domain). */
  readonly host?: string;
  /** Host in the issuer and in the address of the key set; Cognito's differs from the domain too. */
  readonly issuerHost?: string;
  /** A page `/people` where anybody changes who is in which group; for a demo. */
  readonly peoplePage?: boolean;
  /** PEM texts; with them everything is https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** How often each endpoint was asked. */
export interface CognitoStats {
  authorize: number;
  token: number;
  jwks: number;
  discovery: number;
  revoke: number;
  logout: number;
  userInfo: number;
  /** Password forms that were sent. */
  signIn: number;
}

/** What an endpoint does instead of answering. */
export interface EndpointFault {
  readonly status?: number;
  readonly body?: unknown;
  readonly delayMs?: number;
  /** Closes the connection without a word. */
  readonly reset?: boolean;
}

/** What is wrong with a token. `signature` keeps claims and kid, but another key signed. */
export type Tampering =
  | 'nonce'
  | 'audience'
  | 'expired'
  | 'issuer'
  | 'subject'
  | 'token_use'
  | 'signature'
  | 'alg_none'
  | 'unknown_kid';

/** Set and cleared by tests while the stand-in runs. */
export interface CognitoFaults {
  token: EndpointFault | undefined;
  jwks: EndpointFault | undefined;
  discovery: EndpointFault | undefined;
  revoke: EndpointFault | undefined;
  /** Sends the browser straight back, as a failed federation or Lambda trigger does (cognito.md 1.3). */
  authorize: { readonly error: string; readonly description?: string } | undefined;
  /**
   * What becomes of `prompt=login`: not known, as on the classic pages, or asked for with a password but with the
   * `auth_time` of the first sign-in (cognito.md leaves open what every feature plan does).
   */
  prompt: 'ignored' | 'keepsAuthTime' | undefined;
  idToken: Tampering | undefined;
  accessToken: Tampering | undefined;
}

export interface Cognito {
  readonly poolId: string;
  readonly port: number;
  readonly issuer: string;
  /** Origin of the sign-in pages and endpoints. */
  readonly domain: string;
  readonly stats: CognitoStats;
  readonly faults: CognitoFaults;
  setGroups(username: string, groups: readonly string[]): void;
  setAttributes(username: string, attributes: Readonly<Record<string, unknown>>): void;
  /** Both signing keys are replaced at once; tokens of the old ones are known to nobody any more. */
  rotateKeys(): void;
  /** Any claims, signed by a key of the pool (or by one that isn't): what no pool would issue. */
  sign(
    claims: Readonly<Record<string, unknown>>,
    by?: 'access' | 'id' | 'foreign',
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  /** The newest public key of access tokens: for who signs with what is public. */
  publicKey(): Readonly<Record<'kty' | 'n' | 'e', string>>;
  disable(username: string): void;
  enable(username: string): void;
  close(): Promise<void>;
}

export function emptyStats(): CognitoStats {
  return { authorize: 0, token: 0, jwks: 0, discovery: 0, revoke: 0, logout: 0, userInfo: 0, signIn: 0 };
}

export function noFaults(): CognitoFaults {
  return {
    token: undefined,
    jwks: undefined,
    discovery: undefined,
    revoke: undefined,
    authorize: undefined,
    prompt: undefined,
    idToken: undefined,
    accessToken: undefined,
  };
}
