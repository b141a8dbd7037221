import type { RoutePath } from '../model/route.ts';
import { defaultController } from '../model/snapshot.ts';
import type { Installation } from '../model/snapshot.ts';
import { annotationPrefix } from '../schema/annotations.ts';
import { isReserved, placesOf, writtenPaths } from './hosts.ts';
import { readMarks } from './inline-policy.ts';
import type { Marks } from './inline-policy.ts';
import type { Labels } from './label-selector.ts';
import { asJson } from './objects.ts';
import type { Entry } from './objects.ts';
import { routeId } from './route-id.ts';
import { labelsOf } from './targets.ts';
import { readStatus } from './written-status.ts';
import type { WrittenStatus } from './written-status.ts';

export const nginxPrefix = 'nginx.ingress.kubernetes.io/';
const legacyClass = 'kubernetes.io/ingress.class';

export type Annotations = ReadonlyMap<string, string>;

/** What one Ingress says, before anybody asks who is to protect it. */
export interface IngressFacts {
  readonly ingress: Entry;
  readonly routeId: string;
  readonly marks: Marks;
  readonly labels: Labels;
  readonly annotations: Annotations;
  readonly hosts: readonly string[];
  readonly paths: readonly RoutePath[];
  /** Its `auth-url` is ours, or was until our address changed: nobody else has a reason to name its route id. */
  readonly wired: boolean;
  /** Its `auth-url`, where that is somebody else's. */
  readonly foreignAuthUrl: string | undefined;
  /** It says that it belongs to another installation. */
  readonly namesAnother: boolean;
  readonly status: WrittenStatus | undefined;
  /** Whether there is a status annotation, readable or not. */
  readonly hasStatus: boolean;
  readonly className: string | undefined;
  /** The class comes from the annotation that Kubernetes had before spec.ingressClassName. */
  readonly legacyClass: boolean;
  readonly deleting: boolean;
  /** It leads to our own pages: a companion, or the sign-in host's Ingress. Never a route. */
  readonly ours: boolean;
}

function annotationsOf(ingress: Entry): Annotations {
  const pairs = ingress.values.flatMap((value) => Object.entries(asJson(asJson(value['metadata'])['annotations'])));
  return new Map(pairs.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
}

function isDeleting(ingress: Entry): boolean {
  return ingress.values.some((value) => typeof asJson(value['metadata'])['deletionTimestamp'] === 'string');
}

function specClass(ingress: Entry): string | undefined {
  const names = ingress.values.map((value) => asJson(value['spec'])['ingressClassName']);
  return names.find((name) => typeof name === 'string');
}

/** Only in the release's namespace: a label is nothing that a tenant could leave protection with. */
function isOurs(facts: { ingress: Entry; marks: Marks; labels: Labels }, installation: Installation): boolean {
  const { ingress, marks, labels } = facts;
  const { releaseNamespace, signInHost, prefix } = installation;
  if (marks.marked || (releaseNamespace !== undefined && ingress.ref.namespace !== releaseNamespace)) return false;
  if (labels.get(`${annotationPrefix}companion`) === 'true') return true;
  const paths = writtenPaths(ingress);
  const toUs = (path: RoutePath): boolean => path.host === signInHost || isReserved(path, prefix);
  return releaseNamespace !== undefined && paths.length > 0 && paths.every(toUs);
}

/** What came with the text of another Ingress when somebody copied it is nobody's own. */
function isCopied(authUrl: string | undefined, { decisionsUrl }: Installation): boolean {
  return authUrl === '' || authUrl?.startsWith(decisionsUrl) === true;
}

export function wasProtected(status: WrittenStatus | undefined): boolean {
  return status?.state === 'Enforced' || status?.state === 'Refusing';
}

function controllerOf(annotations: Annotations): string {
  return annotations.get(`${annotationPrefix}controller`) ?? defaultController;
}

/** Whether an auth-url is ours, at an earlier address perhaps; and whether it is somebody else's. */
function wiringOf(
  authUrl: string | undefined,
  id: string,
  status: WrittenStatus | undefined,
  installation: Installation,
): { readonly wired: boolean; readonly isForeign: boolean } {
  const current = authUrl === `${installation.decisionsUrl}${id}`;
  const older = !current && authUrl?.endsWith(`/nginx/${id}`) === true;
  // A service of a tenant can have an address that ends so too, and would decide in our place: only a status tells them apart.
  const known = current || (older && wasProtected(status)) || isCopied(authUrl, installation);
  return { wired: current || older, isForeign: !known };
}

/** Objects of a snapshot are never edited, and mostly the same as in the last one: each is read once. */
const known = new WeakMap<object, { readonly installation: Installation; readonly facts: IngressFacts }>();

export function readFacts(ingress: Entry, installation: Installation): IngressFacts {
  const [value, another] = ingress.values;
  if (value === undefined || another !== undefined) return factsOf(ingress, installation);
  const earlier = known.get(value);
  if (earlier?.installation === installation) return { ...earlier.facts, ingress };
  const reported = ingress.report.findings.length;
  const facts = factsOf(ingress, installation);
  // What has findings is read again: they belong into each report.
  if (ingress.report.findings.length === reported) known.set(value, { installation, facts });
  return facts;
}

function factsOf(ingress: Entry, installation: Installation): IngressFacts {
  const { namespace, name } = ingress.ref;
  const id = routeId(namespace, name);
  const marks = readMarks(ingress);
  const labels = labelsOf(ingress);
  const annotations = annotationsOf(ingress);
  const authUrl = annotations.get(`${nginxPrefix}auth-url`);
  const className = specClass(ingress);
  const written = annotations.get(`${annotationPrefix}status`);
  const status = readStatus(written);
  const { wired, isForeign } = wiringOf(authUrl, id, status, installation);
  return {
    ingress,
    routeId: id,
    marks,
    labels,
    annotations,
    ...placesOf(ingress, installation),
    wired,
    foreignAuthUrl: isForeign ? authUrl : undefined,
    namesAnother: controllerOf(annotations) !== installation.controllerName,
    status,
    hasStatus: written !== undefined,
    className: className ?? annotations.get(legacyClass),
    legacyClass: className === undefined && annotations.has(legacyClass),
    deleting: isDeleting(ingress),
    ours: isOurs({ ingress, marks, labels }, installation),
  };
}
