import type { Caller } from './identity.ts';

/**
 * Stable reasons of refusals: an API, and a metric label. `person`: a navigation is sent to start (401);
 * everything else is 403 at once (flows.md "What it answers").
 */
export const refusalReasons = {
  no_session: { about: 'person', text: 'nobody is signed in here' },
  session_ended: { about: 'person', text: 'the session has ended' },
  session_revoked: { about: 'person', text: 'a SessionRevocation has ended the sign-in' },
  session_stale: { about: 'person', text: 'what is known about the person is too old and must be read again' },
  renew: { about: 'person', text: 'the session is past half of its tokens’ life and is renewed' },
  not_allowed: { about: 'person', text: 'no entry of the rule holds for this person' },
  denied: { about: 'person', text: 'an entry of the deny list holds for this person' },
  groups_unknown: {
    about: 'person',
    text: 'a condition asks for a group or claim that was never judged for this person',
  },
  sign_in_too_old: { about: 'person', text: 'the rule wants a fresher sign-in' },
  no_rule: { about: 'request', text: 'no rule of the policy matches' },
  path_ambiguous: { about: 'request', text: 'the path can be read in several ways that end in different rules' },
  path_malformed: { about: 'request', text: 'the path is malformed' },
  witness_missing: { about: 'request', text: 'the proxy did not say which URL and method were asked for' },
  witness_malformed: { about: 'request', text: 'what the proxy says about URL or method is malformed' },
  witnesses_disagree: { about: 'request', text: 'two header families name different requests' },
  header_alias: { about: 'request', text: 'an identity header of ours came in another spelling' },
  headers_too_large: { about: 'request', text: 'the headers are larger than 64 KiB' },
  foreign_origin: { about: 'request', text: 'a WebSocket handshake of a foreign origin' },
  sign_in_not_routed: {
    about: 'request',
    text: 'a sign-in path reached the decision: the companion is missing or shadowed',
  },
  source_unknown: { about: 'request', text: 'the rule asks for the client address, which is not known' },
  store_unavailable: { about: 'request', text: 'the session store does not answer, and the session is not known here' },
  bearer_malformed: {
    about: 'request',
    text: 'the Authorization header holds no readable access token, or came twice',
  },
  bearer_invalid: { about: 'request', text: 'the access token is not one that its pool signed for use here' },
  bearer_expired: { about: 'request', text: 'the access token has expired, or has no end' },
  bearer_id_token: { about: 'request', text: 'an ID token was sent; access tokens count' },
  bearer_client: { about: 'request', text: 'the access token’s client is not one of the pool’s' },
  bearer_revoked: { about: 'request', text: 'a SessionRevocation has ended what the access token comes from' },
  bearer_unverifiable: { about: 'request', text: 'the pool’s signing keys are not known yet' },
  unknown_route: { about: 'request', text: 'no route has this id' },
  policy_broken: { about: 'request', text: 'the route’s policy cannot be read' },
  not_ready: { about: 'request', text: 'no table is loaded' },
  internal_error: { about: 'request', text: 'an error of ours' },
} as const satisfies Record<string, { readonly about: 'person' | 'request'; readonly text: string }>;

export type RefusalReason = keyof typeof refusalReasons;

export type AllowReason = 'public' | 'signed_in' | 'allowed' | 'preflight' | 'acme';

/** The outcome for one request. `rule` is the policy's own name of the rule, for logs and pages. */
export type Verdict =
  | {
      readonly kind: 'allow';
      readonly reason: AllowReason;
      readonly rule: string | undefined;
      readonly identity: Caller | undefined;
    }
  | {
      readonly kind: 'refuse';
      readonly reason: RefusalReason;
      readonly rule: string | undefined;
      /** Alternatives, each in plain words: "group admins", for the denial page. */
      readonly missing: readonly string[];
      readonly identity: Caller | undefined;
    };
