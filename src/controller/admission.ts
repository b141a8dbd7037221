import { isRecord } from '../kubernetes/object.ts';
import { defaultController } from '../model/snapshot.ts';
import type { Install } from '../planes/nginx-wiring.ts';
import { handedOver, isHeld, mutateIngress, takenElsewhere, validateIngress } from './admission-ingress.ts';
import type { DryRunLike, IngressAdmission } from './admission-ingress.ts';
import { allowed, denied, malformed, metadataOf, NotLoadedError, readReview } from './admission-review.ts';
import type { AdmissionRequest, AdmissionResponse } from './admission-review.ts';
import { isCertainlyWrong, sentence, sentences } from './admission-words.ts';
import { annotationsOf } from './presented-ingress.ts';

export interface AdmissionDeps {
  /** Undefined until everything has been read once. */
  dryRun(): ((value: unknown) => DryRunLike) | undefined;
  readonly install: Install;
  readonly controllerName: string;
  routeId(namespace: string, name: string): string;
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined;
}

export interface Admission {
  /** Both throw NotLoadedError while there is nothing to judge by: only the webhook's failure policy knows what that means. */
  mutate(review: unknown): AdmissionResponse;
  validate(review: unknown): AdmissionResponse;
}

const ownKinds: ReadonlySet<string> = new Set([
  'AccessPolicy',
  'ClusterAccessPolicy',
  'CognitoPool',
  'SessionRevocation',
]);

/**
 * The answers to the API server's admission reviews, from memory. Pure: the same question beside the same objects has
 * the same answer, also in a dry run (`sideEffects: None`).
 */
export function createAdmission(deps: AdmissionDeps): Admission {
  const ingresses = (judge: typeof mutateIngress, request: AdmissionRequest): AdmissionResponse => {
    if (deps.namespaceLabels(request.namespace)?.['cognito-gate.dev/bypass'] !== undefined) return allowed(request.uid);
    return judge(request, ingressAdmission(deps));
  };
  const elsewhere = (judge: typeof mutateIngress, request: AdmissionRequest): AdmissionResponse => {
    if (request.kind !== 'Ingress') return allowed(request.uid);
    if (isHeld(request, loaded(deps))) return ingresses(judge, request);
    const taken = takenElsewhere(request, loaded(deps));
    if (taken !== undefined) return denied(request.uid, taken);
    if (judge !== mutateIngress) return allowed(request.uid);
    if (request.operation === 'CREATE') return allowed(request.uid, [leftToOthers(deps)]);
    const wasOurs = controllerOf(request.oldObject) === deps.controllerName;
    return wasOurs ? handedOver(request, deps) : allowed(request.uid);
  };
  const answer = (review: unknown, judge: typeof mutateIngress): AdmissionResponse => {
    const request = readReview(review);
    if (request === undefined) return malformed('this is no AdmissionReview with a request');
    if (!isChange(request)) return allowed(request.uid);
    if (controllerOf(request.object) !== deps.controllerName) return elsewhere(judge, request);
    if (request.kind === 'Ingress') return ingresses(judge, request);
    return ownKinds.has(request.kind) && judge === validateIngress
      ? validateOwn(request, loaded(deps))
      : allowed(request.uid);
  };
  return {
    mutate: (review) => answer(review, mutateIngress),
    validate: (review) => answer(review, validateIngress),
  };
}

function loaded(deps: AdmissionDeps): (value: unknown) => DryRunLike {
  const dryRun = deps.dryRun();
  if (dryRun === undefined) throw new NotLoadedError();
  return dryRun;
}

function ingressAdmission(deps: AdmissionDeps): IngressAdmission {
  return { dryRun: loaded(deps), routeId: deps.routeId, install: deps.install };
}

/** The match conditions say the same, where the chart's are in force. */
function isChange({ operation, subResource, object }: AdmissionRequest): boolean {
  if (subResource !== '' || object === undefined || !['CREATE', 'UPDATE'].includes(operation)) return false;
  return metadataOf(object)['deletionTimestamp'] === undefined;
}

function controllerOf(object: AdmissionRequest['object']): string {
  return annotationsOf(object)?.['cognito-gate.dev/controller'] ?? defaultController;
}

/** Nobody looks after an installation that is mistyped: the Ingress would be open without a word. */
function leftToOthers({ controllerName }: AdmissionDeps): string {
  const field = 'metadata.annotations[cognito-gate.dev/controller]';
  return `${field}: the Ingress is left to the installation of this name, and open if there is none (this one: ${controllerName})`;
}

/** What the spec says already is not refused again: finalizers and labels must stay writable. */
function isSameSpec({ operation, object, oldObject }: AdmissionRequest): boolean {
  return operation === 'UPDATE' && JSON.stringify(object?.['spec']) === JSON.stringify(oldObject?.['spec']);
}

function validateOwn(request: AdmissionRequest, dryRun: (value: unknown) => DryRunLike): AdmissionResponse {
  const { uid, kind, namespace, name, object } = request;
  const metadata = { ...metadataOf(object), name, ...(namespace !== '' && { namespace }) };
  const { findings } = dryRun(isRecord(object) ? { ...object, metadata } : object);
  const refused = isSameSpec(request) ? [] : findings.filter(isCertainlyWrong);
  const warnings = findings.filter((finding) => !refused.includes(finding)).map(sentence);
  if (refused.length === 0) return allowed(uid, warnings);
  return denied(uid, sentences(`${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`, refused), warnings);
}
