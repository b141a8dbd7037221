/**
 * How a request to Cognito's token endpoint failed. `invalid_grant` alone means "sign in again"; `throttled`,
 * `unavailable` and `timeout` pass by themselves.
 */
export type FailureCode =
  | 'invalid_grant'
  | 'invalid_client'
  | 'throttled'
  | 'unavailable'
  | 'timeout'
  | 'bad_token'
  | 'misconfigured';
