import type { Caller } from '../model/identity.ts';
import type { Request } from '../model/request.ts';
import type { AllowReason, RefusalReason, Verdict } from '../model/verdict.ts';
import type { CompiledPolicy } from './compile.ts';
import { judge } from './judge.ts';
import { matchForm } from './match.ts';
import { readPath, someReadingUnder, type PathForm } from './paths.ts';

export interface DecideOptions {
  /** Whether ACME's HTTP challenges pass. */
  readonly acme: boolean;
  /** Of the sign-in paths, for instance `/_cognito-gate`. */
  readonly prefix: string;
  /** Seconds; how old a sign-in is. Asked only by rules that want to know. */
  readonly now: () => number;
}

/** The verdict on one request. Pure: the same input at the same time gives the same verdict, and nothing else is read. */
export function decide(
  request: Request,
  callers: readonly Caller[],
  policy: CompiledPolicy,
  options: DecideOptions,
): Verdict {
  const form = readPath(request.path);
  const early = withoutRule(request, form, policy, options);
  if (early !== undefined) return early;
  const match = matchForm(request, policy, form);
  if (match.kind === 'refuse') return refuse(match.reason);
  const verdict = judge(match.rule, callers, policy, options.now);
  return isForeign(request, policy, verdict) ? { ...refuse('foreign_origin'), rule: verdict.rule } : verdict;
}

/** Whether the verdict depends on who asks. Where it doesn't, cookies aren't even opened (flows.md "What it answers"). */
export function needsIdentity(request: Request, policy: CompiledPolicy, options: DecideOptions): boolean {
  const form = readPath(request.path);
  if (withoutRule(request, form, policy, options) !== undefined) return false;
  const match = matchForm(request, policy, form);
  return match.kind === 'rule' && match.rule.access !== 'Public';
}

/** RFC 8555 8.3: one segment of base64url. */
const acmeChallenge = /^\/\.well-known\/acme-challenge\/[A-Za-z0-9_-]+$/;

function withoutRule(
  request: Request,
  form: PathForm,
  policy: CompiledPolicy,
  options: DecideOptions,
): Verdict | undefined {
  if (form.kind === 'malformed') return refuse('path_malformed');
  if (someReadingUnder(form, options.prefix)) return refuse('sign_in_not_routed');
  if (options.acme && request.method === 'GET' && acmeChallenge.test(request.path)) return pass('acme');
  return request.preflight && policy.policy.corsPreflight === 'Pass' ? pass('preflight') : undefined;
}

/**
 * SameSite cookies ride along from sibling hosts, and no other check stops a page there from reading a WebSocket. A bearer
 * token is sent by whoever holds it only.
 */
function isForeign(request: Request, policy: CompiledPolicy, verdict: Verdict): boolean {
  if (!request.webSocket || verdict.kind !== 'allow' || verdict.identity === undefined) return false;
  if (verdict.identity.kind === 'machine' || verdict.identity.bearer === true) return false;
  return request.origin === undefined || !policy.allowsOrigin(request.origin);
}

function pass(reason: AllowReason): Verdict {
  return { kind: 'allow', reason, rule: undefined, identity: undefined };
}

function refuse(reason: RefusalReason): Verdict & { kind: 'refuse' } {
  return { kind: 'refuse', reason, rule: undefined, missing: [], identity: undefined };
}
