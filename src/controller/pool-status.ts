import type { Finding } from '../model/finding.ts';
import type { PoolReport } from '../model/plan.ts';
import type { PoolState, ProbeAnswer } from '../model/pool-state.ts';
import { isRecord } from '../kubernetes/object.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { claim, conditionOf, conditions } from './conditions.ts';
import type { Claim, Condition } from './conditions.ts';
import { isAboutRefs, refsClaim, told } from './target-claims.ts';

export interface PoolStatus {
  readonly observedGeneration: number;
  readonly issuer?: string;
  readonly loginPages: PoolState['loginPages'];
  /** To paste into the app client of the user pool. */
  readonly register: {
    readonly callbackUrls: readonly string[];
    readonly signOutUrls: readonly string[];
    readonly grant: 'code';
    readonly scopes: readonly string[];
  };
  readonly conditions: readonly Condition[];
}

export interface PoolInput {
  readonly report: PoolReport;
  readonly object: KubeObject;
  /** About the pool. */
  readonly findings: readonly Finding[];
  readonly state: PoolState | undefined;
  /** It answers a refresh with another refresh token, and the cookies of apps can't keep that. */
  readonly rotating: boolean;
  readonly signInHost: string;
  readonly publicPort: number;
  /** RFC 3339 */
  readonly now: string;
}

type Json = Readonly<Record<string, unknown>>;

export function poolStatus(input: PoolInput): PoolStatus {
  const { object, state, now } = input;
  const before = isRecord(object['status']) ? object['status'] : {};
  const generation = object.metadata.generation ?? 0;
  const known = before['observedGeneration'] === generation ? before : {};
  const issuer = state?.issuer ?? textOf(known['issuer']);
  return {
    observedGeneration: generation,
    ...(issuer !== undefined && { issuer }),
    loginPages: state?.loginPages ?? pagesOf(known['loginPages']),
    register: register(input),
    conditions: conditions([...claims(input, known), ...rotationClaim(input)], before['conditions'], {
      generation,
      now,
    }),
  };
}

function register({ object, signInHost, publicPort }: PoolInput): PoolStatus['register'] {
  const origin = `https://${signInHost}${publicPort === 443 ? '' : `:${String(publicPort)}`}`;
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const scopes = Array.isArray(spec['scopes']) ? spec['scopes'].filter((scope) => typeof scope === 'string') : [];
  return {
    callbackUrls: [`${origin}/oauth2/callback`],
    signOutUrls: [`${origin}/oauth2/signed-out`],
    grant: 'code',
    scopes: scopes.length === 0 ? ['openid', 'profile', 'email'] : scopes,
  };
}

function claims({ report, findings, state }: PoolInput, before: Json): Claim[] {
  // What other objects say of a pool that can't be read is no reference here.
  const refs = refsClaim(findings.filter(({ reason }) => reason !== 'PoolInvalid'));
  const accepted = acceptedClaim(report, findings, refs);
  const hindrance = [accepted, refs].find(({ status }) => status !== 'True');
  const asked = (type: string, answers: readonly ProbeAnswer[] | undefined): Claim => {
    if (hindrance !== undefined) return claim(type, 'Unknown', hindrance.reason, `not asked: ${hindrance.message}`);
    return answers === undefined ? lastAnswer(type, before) : answered(type, answers);
  };
  return [accepted, refs, asked('Reachable', state && reachable(state)), registered(state, asked)];
}

/** Without discovery nothing more was asked: that would only be said twice. */
function reachable({ discovery, keys }: PoolState): readonly ProbeAnswer[] {
  return discovery.ok ? [discovery, keys] : [discovery];
}

/** Its reason is the one that `kubectl get` shows, so it is the cause also where it was not asked. */
function registered(
  state: PoolState | undefined,
  asked: (type: string, answers: readonly ProbeAnswer[] | undefined) => Claim,
): Claim {
  const answer = asked('Registered', state && [state.authorize, state.logout]);
  if (state === undefined || state.discovery.ok || answer.status === 'Unknown') return answer;
  return claim('Registered', 'Unknown', state.discovery.reason, `not asked: ${state.discovery.message}`);
}

function rotationClaim({ rotating }: PoolInput): readonly Claim[] {
  const text =
    'the app client rotates refresh tokens, which cookies of apps can not keep: groups are read again through the sign-in host only, so later; use the Redis store, or turn rotation off in Cognito';
  return rotating ? [claim('RotationNeedsRedis', true, 'RefreshTokenRotated', text)] : [];
}

function acceptedClaim({ id }: PoolReport, findings: readonly Finding[], refs: Claim): Claim {
  const first = findings.find(
    (finding) => finding.severity === 'error' && (finding.reason === 'PoolInvalid' || !isAboutRefs(finding)),
  );
  if (first !== undefined) return claim('Accepted', false, first.reason, told(findings));
  if (id === undefined && refs.status === 'True') return claim('Accepted', false, 'Invalid', 'it can not be read');
  const warnings = told(findings.filter(({ severity }) => severity === 'warning'));
  return claim(
    'Accepted',
    true,
    'Accepted',
    warnings === '' ? 'the spec can be read' : `the spec can be read, but: ${warnings}`,
  );
}

function answered(type: string, answers: readonly ProbeAnswer[]): Claim {
  const failed = answers.filter(({ ok }) => !ok);
  const shown = failed.length === 0 ? answers : failed;
  const message = [...new Set(shown.map((answer) => answer.message))].join('; ');
  return claim(type, failed.length === 0, shown[0]?.reason ?? 'Answered', message);
}

/** A replica that just started has asked nothing yet: what is known stays until it has. */
function lastAnswer(type: string, before: Json): Claim {
  const { status, reason, message } = conditionOf(before['conditions'], type) ?? {};
  if ((status === 'True' || status === 'False') && typeof reason === 'string' && typeof message === 'string')
    return claim(type, status === 'True', reason, message);
  return claim(type, 'Unknown', 'NotAsked', 'it was not asked yet');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function pagesOf(value: unknown): PoolState['loginPages'] {
  return value === 'Classic' || value === 'Managed' ? value : 'Unknown';
}
