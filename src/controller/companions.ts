import { createHash } from 'node:crypto';
import type { IngressPlan } from '../model/plan.ts';
import { isRecord } from '../kubernetes/object.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { sameJson } from './same-json.ts';
import { hasOurAuthUrl, sendsToSignIn } from './wanted-ingress.ts';
import { objectKey } from './world.ts';
import type { ControllerSettings } from './world.ts';

/** The Ingress of ours that leads the sign-in paths of one host to us. */
export interface Companion {
  readonly name: string;
  readonly host: string;
  readonly body: CompanionBody;
  /** Route ids that need it. */
  readonly routes: readonly string[];
  /** Which of the hosts of an Ingress it is for, the lowest counts. */
  readonly rank: number;
}

interface CompanionBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec: { readonly ingressClassName?: string; readonly rules: readonly unknown[] };
}

export interface CompanionChanges {
  readonly write: readonly Companion[];
  readonly remove: readonly KubeObject[];
}

export const companionLabel = 'cognito-gate.dev/companion';
const controllerLabel = 'cognito-gate.dev/controller-name';

/**
 * NGINX buffers our largest answers (cookies, flows.md "Signing in"), doesn't ask us about our own paths, and shows our
 * pages instead of its own; external-dns makes no second record for the host.
 */
const annotations = {
  'nginx.ingress.kubernetes.io/proxy-buffer-size': '16k',
  'nginx.ingress.kubernetes.io/enable-global-auth': 'false',
  'nginx.ingress.kubernetes.io/disable-proxy-intercept-errors': 'true',
  'external-dns.alpha.kubernetes.io/controller': 'cognito-gate',
  'external-dns.alpha.kubernetes.io/ingress-hostname-source': 'annotation-only',
} as const;

export function companionName(host: string, className: string | undefined): string {
  const hash = createHash('sha256').update(`${host}\0${className ?? ''}`);
  return `cognito-gate-companion-${hash.digest('hex').slice(0, 12)}`;
}

/** One for each host and class of the plans where people sign in. */
export function wantedCompanions(plans: readonly IngressPlan[], settings: ControllerSettings): readonly Companion[] {
  const all = new Map<string, Companion>();
  for (const plan of plans.filter(({ signIn }) => signIn !== false)) {
    for (const [place, host] of plan.hosts.entries()) {
      const name = companionName(host, plan.className);
      const known = all.get(name);
      const routes = [...(known?.routes ?? []), plan.routeId];
      const rank = Math.min(known?.rank ?? Infinity, place);
      all.set(name, { name, host, body: companionBody(name, host, plan.className, settings), routes, rank });
    }
  }
  return [...all.values()];
}

function companionBody(
  name: string,
  host: string,
  className: string | undefined,
  settings: ControllerSettings,
): CompanionBody {
  const { releaseNamespace, controllerName, owner, signInService, install } = settings;
  const service = { name: signInService.name, port: { number: signInService.port } };
  const paths = [{ path: install.prefix, pathType: 'Prefix', backend: { service } }];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: releaseNamespace,
      labels: {
        'app.kubernetes.io/managed-by': 'cognito-gate',
        [companionLabel]: 'true',
        [controllerLabel]: controllerName,
      },
      annotations,
      ...(owner === undefined ? {} : { ownerReferences: [{ ...owner }] }),
    },
    // No tls: the host's own Ingress has it, and a second entry without its Secret would break the first.
    spec: { ...(className === undefined ? {} : { ingressClassName: className }), rules: [{ host, http: { paths } }] },
  };
}

export function isCompanion({ metadata }: KubeObject, settings: ControllerSettings): boolean {
  const { labels, namespace } = metadata;
  return (
    namespace === settings.releaseNamespace &&
    labels?.[companionLabel] === 'true' &&
    labels[controllerLabel] === settings.controllerName
  );
}

/** Whether nothing of ours is missing on it. What others added stays, as server-side apply leaves it. */
export function isAsWanted(current: KubeObject, { body }: Companion): boolean {
  const { labels, annotations: present, ownerReferences = [] } = current.metadata;
  const spec = isRecord(current['spec']) ? current['spec'] : {};
  const owner = body.metadata.ownerReferences?.[0];
  return (
    includes(labels, body.metadata.labels) &&
    includes(present, body.metadata.annotations) &&
    (owner === undefined || ownerReferences.some(({ uid }) => uid === owner.uid)) &&
    (body.spec.ingressClassName === undefined || spec['ingressClassName'] === body.spec.ingressClassName) &&
    sameJson(spec['rules'], body.spec.rules)
  );
}

function includes(present: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => present[key] === value);
}

/** `ingresses`: the newest of all Ingresses, by their key; companions are among them. */
export function companionChanges(
  plans: readonly IngressPlan[],
  ingresses: ReadonlyMap<string, KubeObject>,
  bypassed: ReadonlySet<string>,
  settings: ControllerSettings,
): CompanionChanges {
  const stillWired = (plan: IngressPlan): boolean => {
    const ingress = ingresses.get(objectKey('Ingress', plan.namespace, plan.name));
    if (ingress === undefined || !hasOurAuthUrl(plan.routeId, ingress, settings.install)) return false;
    return plan.signIn !== false || sendsToSignIn(plan.routeId, ingress);
  };
  const wanted = wantedCompanions(
    plans.filter((plan) => plan.act === 'Wire' && !bypassed.has(plan.namespace)),
    settings,
  );
  const current = (name: string): KubeObject | undefined =>
    ingresses.get(objectKey('Ingress', settings.releaseNamespace, name));
  const names = new Set(wanted.map(({ name }) => name));
  const unwanted = [...ingresses.values()].filter(
    (ingress) => isCompanion(ingress, settings) && !names.has(ingress.metadata.name),
  );
  // While NGINX may still ask us about a host, its sign-in paths must lead to us.
  const kept =
    unwanted.length === 0
      ? new Set()
      : namesOf(plans.filter((plan) => bypassed.has(plan.namespace) || stillWired(plan)));
  return {
    write: wanted.filter((companion) => {
      const there = current(companion.name);
      return there === undefined || !isAsWanted(there, companion);
    }),
    remove: unwanted.filter(({ metadata }) => !kept.has(metadata.name)),
  };
}

function namesOf(plans: readonly IngressPlan[]): ReadonlySet<string> {
  return new Set(plans.flatMap(({ hosts, className }) => hosts.map((host) => companionName(host, className))));
}
