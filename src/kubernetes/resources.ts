/** A kind of object, as the API server's paths name it. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Where one object is. */
export interface Place {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name: string;
}

/** Objects of one kind: of a namespace, or of all where none is named. */
export interface Collection {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

type Row = readonly [group: string, version: string, plural: string, kind: string];

function namespaced([group, version, plural, kind]: Row): Resource {
  return { group, version, plural, kind, namespaced: true };
}

function clusterWide([group, version, plural, kind]: Row): Resource {
  return { group, version, plural, kind, namespaced: false };
}

/** Every kind that is read or written. */
export const resources = {
  ingresses: namespaced(['networking.k8s.io', 'v1', 'ingresses', 'Ingress']),
  ingressClasses: clusterWide(['networking.k8s.io', 'v1', 'ingressclasses', 'IngressClass']),
  namespaces: clusterWide(['', 'v1', 'namespaces', 'Namespace']),
  secrets: namespaced(['', 'v1', 'secrets', 'Secret']),
  configMaps: namespaced(['', 'v1', 'configmaps', 'ConfigMap']),
  services: namespaced(['', 'v1', 'services', 'Service']),
  leases: namespaced(['coordination.k8s.io', 'v1', 'leases', 'Lease']),
  events: namespaced(['events.k8s.io', 'v1', 'events', 'Event']),
  accessPolicies: namespaced(['cognito-gate.dev', 'v1alpha1', 'accesspolicies', 'AccessPolicy']),
  clusterAccessPolicies: clusterWide(['cognito-gate.dev', 'v1alpha1', 'clusteraccesspolicies', 'ClusterAccessPolicy']),
  cognitoPools: namespaced(['cognito-gate.dev', 'v1alpha1', 'cognitopools', 'CognitoPool']),
  sessionRevocations: namespaced(['cognito-gate.dev', 'v1alpha1', 'sessionrevocations', 'SessionRevocation']),
  customResourceDefinitions: clusterWide([
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
  ]),
  mutatingWebhookConfigurations: clusterWide([
    'admissionregistration.k8s.io',
    'v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
  ]),
  validatingWebhookConfigurations: clusterWide([
    'admissionregistration.k8s.io',
    'v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
  ]),
} as const satisfies Record<string, Resource>;

export function apiVersion({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The path of a collection, without its selectors. */
export function collectionPath({ resource, namespace }: Pick<Collection, 'resource' | 'namespace'>): string {
  const root = `${resource.group === '' ? '/api' : '/apis'}/${apiVersion(resource)}`;
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${within}/${resource.plural}`;
}

export function placePath(place: Place): string {
  if (place.resource.namespaced !== (place.namespace !== undefined))
    throw new Error(
      `${place.resource.kind} ${place.name}: ${place.resource.namespaced ? 'a' : 'no'} namespace is needed`,
    );
  return `${collectionPath(place)}/${encodeURIComponent(place.name)}`;
}
