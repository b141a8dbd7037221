import type { KubeObject } from '../../../src/kubernetes/object.ts';

/** What the program reads of each kind; the API server has checked it. */
export interface IngressObject {
  readonly metadata: KubeObject['metadata'];
  readonly spec: {
    readonly ingressClassName?: string;
    readonly rules?: readonly { readonly host?: string; readonly http?: { readonly paths: readonly PathObject[] } }[];
  };
}

export interface PathObject {
  readonly path?: string;
  readonly pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  readonly backend: { readonly service?: { readonly name: string; readonly port?: PortReference } };
}

export interface PortReference {
  readonly number?: number;
  readonly name?: string;
}

export interface ServiceObject {
  readonly metadata: KubeObject['metadata'];
  readonly spec: {
    readonly type?: string;
    readonly externalName?: string;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly targetPort?: number | string;
    }[];
  };
}

export interface IngressClassObject {
  readonly metadata: KubeObject['metadata'];
  readonly spec?: { readonly controller?: string };
}

export interface IngressState {
  readonly ingresses: readonly IngressObject[];
  readonly services: readonly ServiceObject[];
  readonly classes: readonly IngressClassObject[];
}

const controller = 'k8s.io/ingress-nginx';

/** Ingresses of this class, oldest first: where two want the same path, ingress-nginx gives it to the older. */
export function ingressesOf(state: IngressState, className: string): readonly IngressObject[] {
  const served = state.classes.some(
    ({ metadata, spec }) => metadata.name === className && spec?.controller === controller,
  );
  if (!served) return [];
  const key = ({ metadata: { creationTimestamp = '', namespace = '', name } }: IngressObject): string =>
    `${creationTimestamp} ${namespace}/${name}`;
  return state.ingresses
    .filter(({ metadata, spec }) => {
      const named = metadata.annotations?.['kubernetes.io/ingress.class'] ?? spec.ingressClassName;
      return named === className && metadata.deletionTimestamp === undefined;
    })
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/**
 * Where the Service leads, as `host:port`; undefined: nowhere, and ingress-nginx answers 503. Only an ExternalName that
 * is this machine leads anywhere: a name that can't be resolved would keep NGINX from loading the file.
 */
export function upstreamOf(
  services: readonly ServiceObject[],
  namespace: string | undefined,
  backend: PathObject['backend'],
): string | undefined {
  const wanted = backend.service;
  const service = services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === wanted?.name);
  const { type, ports = [], externalName } = service?.spec ?? {};
  if (type !== 'ExternalName' || externalName !== 'localhost' || wanted === undefined) return undefined;
  const port = ports.find((one) => one.port === wanted.port?.number || (one.name ?? '') === wanted.port?.name);
  // A Service without ports takes the Ingress's number as it is.
  const number = ports.length === 0 ? wanted.port?.number : Number(port?.targetPort ?? port?.port);
  if (number === undefined || !Number.isInteger(number) || number <= 0) return undefined;
  return `127.0.0.1:${number}`;
}
