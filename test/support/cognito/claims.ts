import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { CognitoUser } from './types.ts';

type Claims = Record<string, unknown>;

/** A stable UUID for a grant: Cognito's `origin_jti` names a family of refresh tokens. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** The claim is absent, never empty, for a person without groups (cognito.md 0.6). */
function groupClaims(user: CognitoUser | undefined): Claims {
  return user?.groups !== undefined && user.groups.length > 0 ? { 'cognito:groups': [...user.groups] } : {};
}

function emailClaims(user: CognitoUser): Claims {
  return user.email === undefined ? {} : { email: user.email, email_verified: user.emailVerified ?? true };
}

function profileClaims(user: CognitoUser): Claims {
  return {
    ...(user.name === undefined ? {} : { name: user.name }),
    ...(user.preferredUsername === undefined ? {} : { preferred_username: user.preferredUsername }),
    ...user.attributes,
  };
}

export interface IdTokenFacts {
  readonly scope: string;
  readonly grantId: string | undefined;
  /** oidc-provider hashes it when it issues; it leaves at_hash out of the code flow itself. */
  readonly accessToken: unknown;
  readonly nonceMissing: boolean;
}

/** Claims of an ID token (cognito.md 2.1). `openid` alone returns every attribute that may be read. */
export function idTokenClaims(user: CognitoUser, facts: IdTokenFacts): Claims & { sub: string } {
  const scopes = new Set(facts.scope.split(' '));
  const everything = scopes.size === 1;
  return {
    sub: user.sub,
    'cognito:username': user.username,
    token_use: 'id',
    event_id: randomUUID(),
    jti: randomUUID(),
    at_hash: facts.accessToken,
    ...(facts.grantId === undefined ? {} : { origin_jti: uuidOf(facts.grantId) }),
    ...groupClaims(user),
    ...(user.identities === undefined ? {} : { identities: user.identities }),
    // For a federated person Cognito makes up a nonce when none was sent (cognito.md 0.2).
    ...(user.identities !== undefined && facts.nonceMissing ? { nonce: randomBytes(32).toString('base64url') } : {}),
    ...(everything || scopes.has('email') ? emailClaims(user) : {}),
    ...(everything || scopes.has('profile') ? profileClaims(user) : {}),
  };
}

export interface AccessTokenFacts {
  readonly issuer: string;
  readonly payload: Claims;
  readonly authTime: number | undefined;
  readonly grantId: string | undefined;
}

/** Claims of an access token (cognito.md 2.2): no `aud`; the client is in `client_id`. */
export function accessTokenClaims(user: CognitoUser | undefined, facts: AccessTokenFacts): Claims {
  const { payload } = facts;
  return {
    sub: payload['sub'],
    ...groupClaims(user),
    iss: facts.issuer,
    version: 2,
    client_id: payload['client_id'],
    ...(facts.grantId === undefined ? {} : { origin_jti: uuidOf(facts.grantId) }),
    event_id: randomUUID(),
    token_use: 'access',
    scope: payload['scope'],
    // A machine signs in by asking.
    auth_time: facts.authTime ?? payload['iat'],
    exp: payload['exp'],
    iat: payload['iat'],
    jti: randomUUID(),
    username: user?.username,
  };
}

/** Names that oidc-provider lets through into an ID token. */
export function claimNames(users: readonly CognitoUser[]): string[] {
  const fixed = [
    'sub',
    'cognito:username',
    'cognito:groups',
    'identities',
    'email',
    'email_verified',
    'name',
    'preferred_username',
  ];
  const technical = ['token_use', 'origin_jti', 'event_id', 'jti', 'nonce', 'at_hash'];
  const own = users.flatMap((user) => Object.keys(user.attributes ?? {}));
  return [...new Set([...fixed, ...technical, ...own, 'custom:department', 'custom:groups'])];
}
