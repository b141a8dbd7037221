import type { IngressPlan } from '../model/plan.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { identityHeaders } from '../planes/identity-headers.ts';
import { authSignIn, decisionsUrl, wiring } from '../planes/nginx-wiring.ts';
import type { Install } from '../planes/nginx-wiring.ts';
import { statusAnnotation, statusAnnotationName } from '../planes/status-annotation.ts';

type Annotations = Readonly<Record<string, string>>;

/**
 * One write on one Ingress. `force` takes our own keys from whoever owns them; `correct` is a merge of the status alone,
 * `amend` one that takes off our sign-in as well: it may have been written by a webhook, and nobody owns it then.
 */
export type IngressWrite =
  | { readonly verb: 'apply'; readonly body: object; readonly force: boolean }
  | { readonly verb: 'merge' | 'correct' | 'amend'; readonly patch: object };

const nginx = (name: string): string => `nginx.ingress.kubernetes.io/${name}`;

/** What would have to be written so that the Ingress is as the plan says; undefined: nothing. */
export function ingressWrite(plan: IngressPlan, current: KubeObject, install: Install): IngressWrite | undefined {
  if (plan.act === 'Wire') return wire(plan, current, install);
  return plan.act === 'Withdraw' ? withdraw(plan.routeId, current, install) : correct(plan, current, install);
}

/** Whether NGINX, as far as this Ingress says, asks us about every request of this route. */
export function isWired(plan: Wired, current: KubeObject, install: Install): boolean {
  const annotations = current.metadata.annotations ?? {};
  return Object.entries(wiring(plan.routeId, install, plan)).every(([key, value]) => annotations[key] === value);
}

type Wired = Pick<IngressPlan, 'routeId' | 'signIn'>;

/** Whether NGINX sends people to the sign-in paths of the host, for this route. */
export function sendsToSignIn(routeId: string, current: KubeObject): boolean {
  return isOurSignIn(routeId, current.metadata.annotations?.[authSignIn] ?? '');
}

function isOurSignIn(routeId: string, value: string): boolean {
  return value.includes(`/start/${routeId}?`);
}

/** Ours is what has our address and this route's id: managedFields can't tell, as a webhook's writes have no owner. */
export function hasOurAuthUrl(routeId: string, current: KubeObject, install: Install): boolean {
  const key = nginx('auth-url');
  return current.metadata.annotations?.[key] === wiring(routeId, install)[key];
}

function wire(plan: IngressPlan, current: KubeObject, install: Install): IngressWrite | undefined {
  const wanted: Annotations = {
    ...wiring(plan.routeId, install, plan),
    [statusAnnotationName]: statusAnnotation(plan),
  };
  const present = current.metadata.annotations ?? {};
  const different = Object.keys(wanted).filter((key) => present[key] !== wanted[key]);
  const leftover = plan.signIn === false && sendsToSignIn(plan.routeId, current);
  if (different.length === 0 && !leftover) return undefined;
  const { name, namespace, uid, resourceVersion } = current.metadata;
  if (leftover && mayReplace(present, wanted, install)) {
    const annotations = { ...wanted, [authSignIn]: null };
    return { verb: 'amend', patch: { metadata: { uid, resourceVersion, annotations } } };
  }
  // Whoever applied an empty map of annotations owns the map until something is in it, so there it takes force; the
  // version makes it a conflict again when somebody wrote after we looked.
  const isBare = Object.keys(present).length === 0;
  // The uid makes it a conflict when this Ingress was deleted, instead of making it again. Without force it is a
  // conflict too when somebody wrote one of the keys after we looked.
  return {
    verb: 'apply',
    body: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name, namespace, uid, ...(isBare ? { resourceVersion } : {}), annotations: wanted },
    },
    force: isBare || (mayReplace(present, wanted, install) && different.some((key) => present[key] !== undefined)),
  };
}

/** The object may be newer than the plan: an auth-url of somebody else that came between is not ours to replace. */
function mayReplace(present: Annotations, wanted: Annotations, install: Install): boolean {
  const url = present[nginx('auth-url')];
  if (url === undefined || url === wanted[nginx('auth-url')]) return true;
  // What names us belongs to nobody else: an empty one, or that of an Ingress it was copied from.
  if (url === '' || url.startsWith(decisionsUrl(install.decisionsAddress))) return true;
  const wiredBefore = /"state":"(Enforced|Refusing)"/.test(present[statusAnnotationName] ?? '');
  return wiredBefore || present['cognito-gate.dev/take-over'] === 'true';
}

/** Wiring stays on an Ingress that no proxy of ours serves any more, and must not go on saying that it protects. */
function correct(plan: IngressPlan, current: KubeObject, install: Install): IngressWrite | undefined {
  const present = current.metadata.annotations?.[statusAnnotationName];
  const wanted = statusAnnotation(plan);
  if (plan.state !== 'Unprotected' || plan.reason === 'Bypassed') return undefined;
  if (present === undefined || present === wanted || !hasOurAuthUrl(plan.routeId, current, install)) return undefined;
  const { uid, resourceVersion } = current.metadata;
  return {
    verb: 'correct',
    patch: { metadata: { uid, resourceVersion, annotations: { [statusAnnotationName]: wanted } } },
  };
}

/** Takes off what is ours by value. With the version that was looked at: a newer value may be somebody else's. */
export function withdraw(routeId: string, current: KubeObject, install: Install): IngressWrite | undefined {
  const present = current.metadata.annotations ?? {};
  const ours = hasOurAuthUrl(routeId, current, install) ? ownKeys(routeId, present, install) : [];
  const keys = statusAnnotationName in present ? [...ours, statusAnnotationName] : ours;
  if (keys.length === 0) return undefined;
  const { uid, resourceVersion } = current.metadata;
  const annotations = Object.fromEntries(keys.map((key) => [key, null]));
  return { verb: 'merge', patch: { metadata: { uid, resourceVersion, annotations } } };
}

/** Beside our auth-url, the other three are ours too when an older version or another port of ours wrote them. */
function ownKeys(routeId: string, present: Annotations, install: Install): readonly string[] {
  const known = new Set(identityHeaders);
  const older: Readonly<Record<string, (value: string) => boolean>> = {
    [authSignIn]: (value) => isOurSignIn(routeId, value),
    [nginx('auth-response-headers')]: (value) => value.split(',').every((header) => known.has(header)),
  };
  return Object.entries(wiring(routeId, install))
    .filter(([key, value]) => {
      const there = present[key];
      return there !== undefined && (there === value || older[key]?.(there) === true);
    })
    .map(([key]) => key);
}
