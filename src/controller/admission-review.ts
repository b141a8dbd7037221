import { isRecord } from '../kubernetes/object.ts';
import type { PatchOperation } from './annotation-patch.ts';

type Json = Readonly<Record<string, unknown>>;

/** What of an AdmissionReview (admission.k8s.io/v1) is read. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: string;
  readonly operation: string;
  readonly subResource: string;
  readonly namespace: string;
  /** Empty where the API server has yet to make one from generateName. */
  readonly name: string;
  readonly object: Json | undefined;
  readonly oldObject: Json | undefined;
}

/** The response of an AdmissionReview, as it is sent. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly warnings?: readonly string[];
  readonly patchType?: 'JSONPatch';
  /** Base64 of the patch's JSON. */
  readonly patch?: string;
}

/** Thrown while there is nothing to judge by: an HTTP error, so that the webhook's failure policy decides. */
export class NotLoadedError extends Error {
  constructor() {
    super('cognito-gate has not read the cluster yet: try again in a moment');
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function objectOf(value: unknown): Json | undefined {
  return isRecord(value) ? value : undefined;
}

export function metadataOf(object: Json | undefined): Json {
  return objectOf(object?.['metadata']) ?? {};
}

/** Undefined where it is no review of a request. */
export function readReview(review: unknown): AdmissionRequest | undefined {
  const request = objectOf(objectOf(review)?.['request']);
  const kind = text(objectOf(request?.['kind'])?.['kind']);
  if (request === undefined || kind === '') return undefined;
  const uid = text(request['uid']);
  const operation = text(request['operation']);
  if (uid === '' || operation === '') return undefined;
  const object = objectOf(request['object']);
  return {
    uid,
    kind,
    operation,
    subResource: text(request['subResource']),
    namespace: text(request['namespace']),
    name: text(request['name']) || text(metadataOf(object)['name']),
    object,
    oldObject: objectOf(request['oldObject']),
  };
}

/** The API server's own limit is 4 KiB for all; kubectl prints each on a line. */
const warningLimits = { count: 10, length: 250 };

function warningsOf(texts: readonly string[]): Pick<AdmissionResponse, 'warnings'> {
  const { count, length } = warningLimits;
  const shown = [...new Set(texts)].slice(0, count);
  if (shown.length === 0) return {};
  return { warnings: shown.map((line) => (line.length > length ? `${line.slice(0, length - 1)}…` : line)) };
}

export function allowed(
  uid: string,
  warnings: readonly string[] = [],
  patch: readonly PatchOperation[] = [],
): AdmissionResponse {
  const patched =
    patch.length === 0
      ? {}
      : { patchType: 'JSONPatch' as const, patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
  return { uid, allowed: true, ...warningsOf(warnings), ...patched };
}

export function denied(uid: string, message: string, warnings: readonly string[] = []): AdmissionResponse {
  return { uid, allowed: false, status: { code: 403, reason: 'Forbidden', message }, ...warningsOf(warnings) };
}

/** Whatever it was, nobody may take it for a yes. */
export function malformed(message: string): AdmissionResponse {
  return { uid: '', allowed: false, status: { code: 400, reason: 'BadRequest', message } };
}
