import type { PoolId } from './pool.ts';

/**
 * Groups as far as they are known. `judged` is undefined when all groups are there; otherwise the names
 * that the policies in force had when the list was trimmed: any other name is *unknown*, not absent.
 */
export interface Groups {
  readonly names: ReadonlySet<string>;
  readonly judged: ReadonlySet<string> | undefined;
}

/** A person, as Cognito's tokens describe them. */
export interface Identity {
  readonly kind: 'person';
  readonly pool: PoolId;
  readonly subject: string;
  readonly username: string;
  readonly preferredUsername: string | undefined;
  readonly name: string | undefined;
  readonly email: string | undefined;
  /** True only for a verified address or a person of one of the pool's trusted providers. */
  readonly emailTrusted: boolean;
  readonly groups: Groups;
  /** Values of the claims that policies in force named when the tokens were read; a name that isn't a key is unknown. */
  readonly claims: ReadonlyMap<string, readonly string[]>;
  /** Seconds; Cognito's auth_time. */
  readonly authTime: number;
  /**
   * Read from an access token that came as a bearer: such a token says nothing about the e-mail address (it is unknown,
   * not absent), and no browser sends it by itself.
   */
  readonly bearer?: true;
}

/** A machine, as its access token of the client credentials grant describes it (cognito.md 2.3). */
export interface Machine {
  readonly kind: 'machine';
  readonly pool: PoolId;
  /** Id of its app client. */
  readonly client: string;
  /** As in the token, resource server included: `shop/write`. */
  readonly scopes: ReadonlySet<string>;
  /** Seconds; when its token was issued. */
  readonly authTime: number;
}

/** Who asks. */
export type Caller = Identity | Machine;
