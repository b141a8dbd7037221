import { isRecord } from '../kubernetes/object.ts';
import { wiring } from '../planes/nginx-wiring.ts';
import type { Install } from '../planes/nginx-wiring.ts';
import { statusAnnotationName } from '../planes/status-annotation.ts';
import { metadataOf } from './admission-review.ts';
import type { AdmissionRequest } from './admission-review.ts';

export type Annotations = Readonly<Record<string, string>>;
type Json = Readonly<Record<string, unknown>>;

const authUrl = 'nginx.ingress.kubernetes.io/auth-url';

/** Undefined where there is no map at all, which a patch must know. */
export function annotationsOf(object: Json | undefined): Annotations | undefined {
  const annotations = metadataOf(object)['annotations'];
  if (!isRecord(annotations)) return undefined;
  return Object.fromEntries(
    Object.entries(annotations).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Whether it asks our decisions, of whatever route: a copied Ingress carries the id of the one it was copied from. */
export function asksUs(annotations: Annotations, ours: Annotations): boolean {
  const own = ours[authUrl] ?? '';
  return (annotations[authUrl] ?? '').startsWith(own.slice(0, own.lastIndexOf('/') + 1));
}

/** An auth-url of somebody else; an empty one is none (ingress-nginx leaves the route open, then). */
export function asksOthers(annotations: Annotations, ours: Annotations): boolean {
  return (annotations[authUrl] ?? '') !== '' && !asksUs(annotations, ours);
}

/** A status is ours to write: what a client writes into it is never read; a copy with its wiring (a restored backup) is. */
function carriedStatus(now: Annotations, before: Annotations | undefined, ours: Annotations): string | undefined {
  if (before !== undefined) return before[statusAnnotationName];
  return asksUs(now, ours) ? now[statusAnnotationName] : undefined;
}

/**
 * The Ingress of a request as translation must see it: wiring and status stand on it as long as nobody but us may take
 * them off, so `kubectl replace` without annotations doesn't end what is sticky, nor does an auth-url of somebody else (case
 * P29). On an Ingress that wasn't wired such an auth-url stays: that is judged, not hidden.
 */
export function presentedIngress(request: AdmissionRequest, routeId: string, install: Install): Json {
  const ours = wiring(routeId, install);
  const now = annotationsOf(request.object) ?? {};
  const before = request.operation === 'UPDATE' ? (annotationsOf(request.oldObject) ?? {}) : undefined;
  const wasWired = before !== undefined && asksUs(before, ours);
  const wired = asksUs(now, ours) || wasWired;
  const status = carriedStatus(now, before, ours);
  const { [statusAnnotationName]: _written, ...others } = now;
  const annotations = {
    ...others,
    ...(wired && ours),
    ...(status !== undefined && { [statusAnnotationName]: status }),
  };
  const metadata = {
    ...metadataOf(request.object),
    namespace: request.namespace,
    name: request.name,
    annotations,
  };
  return { ...request.object, apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata };
}
