import type { KubeObject } from '../kubernetes/object.ts';
import type { Finding, FindingReason } from '../model/finding.ts';
import type { IngressPlan } from '../model/plan.ts';
import { wiring } from '../planes/nginx-wiring.ts';
import type { Install } from '../planes/nginx-wiring.ts';
import { statusAnnotationName } from '../planes/status-annotation.ts';
import { allowed, denied, metadataOf } from './admission-review.ts';
import type { AdmissionRequest, AdmissionResponse } from './admission-review.ts';
import { certainlyWrong, isMarked, sentence, sentences } from './admission-words.ts';
import { annotationPatch } from './annotation-patch.ts';
import type { AnnotationChanges } from './annotation-patch.ts';
import { annotationsOf, asksOthers, asksUs, presentedIngress } from './presented-ingress.ts';
import type { Annotations } from './presented-ingress.ts';
import { claimsHosts, leavesProtection } from './protection-change.ts';
import { ingressWrite, isWired } from './wanted-ingress.ts';

/** What one object would come to beside everything else (translate's DryRun). */
export interface DryRunLike {
  readonly plan: IngressPlan | undefined;
  readonly findings: readonly Finding[];
}

export interface IngressAdmission {
  readonly dryRun: (value: unknown) => DryRunLike;
  readonly routeId: (namespace: string, name: string) => string;
  readonly install: Install;
}

type HandOver = Pick<IngressAdmission, 'routeId' | 'install'>;

/** What makes a marked Ingress open in spite of its mark: it must not come into being. */
const opens: ReadonlySet<FindingReason> = new Set([
  'NoHost',
  'SignInHostIsApp',
  'PathReserved',
  'PlaneUnsupported',
  'ForeignAuthUrl',
  'AuthDropped',
]);

const keptText =
  'metadata.annotations: the auth-url was put back to ours, because the Ingress is protected: remove its marks, or set cognito-gate.dev/unprotect: "true"';

interface Judged {
  readonly presented: Readonly<Record<string, unknown>>;
  readonly plan: IngressPlan | undefined;
  /** Undefined: nothing speaks against it. */
  readonly refusal: string | undefined;
  readonly warnings: readonly string[];
}

/** What nobody may bring about, marked or not: it would be open against the platform's will, or take others' sign-in paths. */
const never: ReadonlySet<FindingReason> = new Set(['UnprotectRefused', 'PathReserved', 'HostShared']);

function isNever({ severity, reason }: Finding): boolean {
  return severity === 'error' && never.has(reason);
}

function isClaim({ severity, reason }: Finding): boolean {
  return severity === 'error' && reason === 'HostShared';
}

/** A host that it has already is not refused again: its owner must be able to mend it. */
function withoutOldClaims(request: AdmissionRequest, findings: readonly Finding[]): readonly Finding[] {
  return claimsHosts(request) ? findings : findings.filter((finding) => !isClaim(finding));
}

/** What an Ingress that names another installation would take of ours: one host, in fact. */
export function takenElsewhere(request: AdmissionRequest, dryRun: IngressAdmission['dryRun']): string | undefined {
  if (!claimsHosts(request)) return undefined;
  const { object, namespace, name } = request;
  const { findings } = dryRun({ ...object, metadata: { ...metadataOf(object), namespace, name } });
  const claims = findings.filter(isClaim);
  return claims.length === 0 ? undefined : sentences(`Ingress ${namespace}/${name}`, claims);
}

/** A ClusterAccessPolicy keeps an Ingress here that names another installation. */
export function isHeld(request: AdmissionRequest, dryRun: IngressAdmission['dryRun']): boolean {
  const { object, namespace, name } = request;
  const presented = { ...object, metadata: { ...metadataOf(object), namespace, name } };
  return dryRun(presented).plan !== undefined;
}

/** The findings for which the request is refused; all others are said. */
function refusedFor(findings: readonly Finding[], plan: IngressPlan | undefined, bound: boolean): readonly Finding[] {
  const unprotected = plan?.state === 'Unprotected';
  return findings.filter((finding) => {
    const { severity, reason } = finding;
    if (severity !== 'error') return false;
    return unprotected || isNever(finding) || (bound && (certainlyWrong.has(reason) || opens.has(reason)));
  });
}

function refusalOf(about: string, refused: readonly Finding[], plan: IngressPlan | undefined): string | undefined {
  if (refused.length > 0) return sentences(about, refused);
  if (plan?.state !== 'Unprotected') return undefined;
  return `${about} cannot be protected${plan.reason === undefined ? '' : ` (${plan.reason})`}`;
}

interface Standing {
  /** Whether it must not be open from now on, whoever wrote the request. */
  readonly bound: boolean;
  /** Whether an auth-url of somebody else would take the place of ours. */
  readonly displaced: boolean;
}

function standingOf(request: AdmissionRequest, ours: Annotations): Standing {
  const now = annotationsOf(request.object) ?? {};
  const before = request.operation === 'UPDATE' ? (annotationsOf(request.oldObject) ?? {}) : {};
  const wasWired = asksUs(before, ours);
  return {
    bound: (isMarked(now) || wasWired) && !leavesProtection(request),
    displaced: wasWired && asksOthers(now, ours),
  };
}

function judge(request: AdmissionRequest, { dryRun, routeId, install }: IngressAdmission): Judged {
  const id = routeId(request.namespace, request.name);
  const presented = presentedIngress(request, id, install);
  const { plan, findings: all } = dryRun(presented);
  const findings = withoutOldClaims(request, all);
  const { bound, displaced } = standingOf(request, wiring(id, install));
  const binds = (bound || (!leavesProtection(request) && findings.some(isNever))) && plan?.act !== 'Withdraw';
  const refused = binds ? refusedFor(findings, plan, bound) : [];
  const said = findings.filter((finding) => !refused.includes(finding)).map(sentence);
  return {
    presented,
    plan,
    refusal: binds ? refusalOf(`Ingress ${request.namespace}/${request.name}`, refused, plan) : undefined,
    warnings: displaced && plan?.act === 'Wire' ? [keptText, ...said] : said,
  };
}

/** What is to become of the annotations as they are in the request. */
function changesFor({ plan, presented }: Judged, object: KubeObject, install: Install): AnnotationChanges {
  const write = plan === undefined ? undefined : ingressWrite(plan, object, install);
  if (write !== undefined) {
    const body = write.verb === 'apply' ? write.body : write.patch;
    return (body as { readonly metadata: { readonly annotations: AnnotationChanges } }).metadata.annotations;
  }
  if (plan !== undefined && plan.act !== 'Leave') return {};
  // Nothing of ours is to be written; what a client wrote into the status is taken back.
  const status = annotationsOf(presented)?.[statusAnnotationName];
  return { [statusAnnotationName]: plan === undefined ? null : (status ?? null) };
}

/** The object of the request as the writing part knows objects; uid and version may be missing at a creation. */
function kubeObjectOf({ object, namespace, name }: AdmissionRequest): KubeObject {
  const annotations = annotationsOf(object);
  return {
    metadata: { name, namespace, uid: '', resourceVersion: '', ...(annotations !== undefined && { annotations }) },
  };
}

/** Wires, or takes off, or refuses, in the very request. */
export function mutateIngress(request: AdmissionRequest, admission: IngressAdmission): AdmissionResponse {
  if (request.name === '') return unnamed(request, admission);
  const judged = judge(request, admission);
  if (judged.refusal !== undefined) return denied(request.uid, judged.refusal, judged.warnings);
  const changes = changesFor(judged, kubeObjectOf(request), admission.install);
  return allowed(request.uid, judged.warnings, annotationPatch(annotationsOf(request.object), changes));
}

/** The last word, after every mutating webhook: others may have changed what we looked at, or wrote. */
export function validateIngress(request: AdmissionRequest, admission: IngressAdmission): AdmissionResponse {
  const { plan, refusal } = judge(request, admission);
  if (refusal !== undefined) return denied(request.uid, refusal);
  if (plan?.act === 'Wire' && !isWired(plan, kubeObjectOf(request), admission.install)) {
    const names = Object.keys(wiring(plan.routeId, admission.install, plan)).join(', ');
    const text = `Ingress ${request.namespace}/${request.name} would be open: another admission webhook changed or removed an annotation of its protection (${names}); let that webhook leave them alone`;
    return denied(request.uid, text);
  }
  return allowed(request.uid);
}

/**
 * An Ingress that names another installation from now on keeps our wiring until that one writes its own: naming one that
 * doesn't exist is no way out of protection.
 */
export function handedOver(request: AdmissionRequest, { routeId, install }: HandOver): AdmissionResponse {
  const id = routeId(request.namespace, request.name);
  const ours = wiring(id, install);
  const present = annotationsOf(request.object);
  const wasWired = asksUs(annotationsOf(request.oldObject) ?? {}, ours);
  if (!wasWired || asksUs(present ?? {}, ours) || asksOthers(present ?? {}, ours)) return allowed(request.uid);
  return allowed(request.uid, [], annotationPatch(present, ours));
}

/** The route id hangs on the name, which the API server makes after us; what selects it by labels or namespace doesn't. */
function unnamed(request: AdmissionRequest, { dryRun, routeId, install }: IngressAdmission): AdmissionResponse {
  const { uid, namespace, object } = request;
  const name = 'not-named-yet';
  const { plan, findings } = dryRun(presentedIngress({ ...request, name }, routeId(namespace, name), install));
  const claims = findings.filter(isClaim);
  if (claims.length > 0) return denied(uid, sentences(`Ingress ${namespace}/ without a name`, claims));
  if (!isMarked(annotationsOf(object) ?? {}) && plan?.act !== 'Wire') return allowed(uid);
  return denied(
    uid,
    `Ingress ${namespace}/ without a name cannot be protected: metadata.generateName: give it metadata.name instead`,
  );
}
