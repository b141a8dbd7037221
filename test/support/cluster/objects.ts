/** Objects that a test applies; the API server fills in the rest. */
export interface TestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): TestObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/** The controller's name is ingress-nginx's own: both of our ingress controllers answer to it. */
export function ingressClass(name: string, controller = 'k8s.io/ingress-nginx'): TestObject {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller } };
}

/** A Service whose backend is a program on this machine: nothing else has an address where there is no kubelet. */
export function localService(namespaceName: string, name: string, port: number): TestObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: namespaceName },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'http', port }] },
  };
}

export interface IngressPath {
  readonly path: string;
  readonly pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  readonly service: string;
  readonly port: number;
}

export interface TestIngress {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  /** A port number stands for `/` of the Service with the Ingress's own name. */
  readonly paths: readonly IngressPath[] | number;
  readonly className?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function ingress(input: TestIngress): TestObject {
  const root = (port: number): IngressPath => ({ path: '/', pathType: 'Prefix', service: input.name, port });
  const given = typeof input.paths === 'number' ? [root(input.paths)] : input.paths;
  const paths = given.map(({ path, pathType, service, port }) => ({
    path,
    pathType,
    backend: { service: { name: service, port: { number: port } } },
  }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: input.name, namespace: input.namespace, annotations: input.annotations ?? {} },
    spec: { ingressClassName: input.className ?? 'nginx', rules: [{ host: input.host, http: { paths } }] },
  };
}

/** What `kubectl apply -f -` takes. */
export function listOf(...items: readonly TestObject[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
