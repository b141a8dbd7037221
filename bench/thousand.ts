import { routeId } from '../src/translate/route-id.ts';
import type { KubeClient } from '../src/kubernetes/client.ts';
import { resources } from '../src/kubernetes/resources.ts';

/** Ingresses of the bench are spread over this many namespaces, each with a Service of the one app. */
export const namespaces = Array.from({ length: 20 }, (_, index) => `team-${String(index).padStart(2, '0')}`);

export interface Place {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  readonly routeId: string;
}

export function placeOf(kind: string, index: number): Place {
  const namespace = namespaces[index % namespaces.length] ?? '';
  const name = `${kind}-${String(index).padStart(4, '0')}`;
  return { namespace, name, host: `${name}.bench.localhost`, routeId: routeId(namespace, name) };
}

/** Annotations make it a protected one. */
export function ingress({ namespace, name, host }: Place, port: number, annotations: Record<string, string>): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace, name, annotations },
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: [host] }],
      rules: [
        {
          host,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'app', port: { number: port } } } }],
          },
        },
      ],
    },
  };
}

/** As people write them, with a public path that the bench moves. */
export function policy({ namespace, name }: Place, publicPath: string, targetRefs: boolean): object {
  return {
    apiVersion: 'cognito-gate.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { namespace, name },
    spec: {
      ...(targetRefs ? { targetRefs: [{ group: 'networking.k8s.io', kind: 'Ingress', name }] } : {}),
      deny: [{ groups: ['suspended'] }],
      rules: [
        { name: 'public', match: { paths: [{ type: 'Exact', value: publicPath }] }, access: 'Public' },
        { name: 'admin', match: { paths: [{ type: 'PathPrefix', value: '/admin' }] }, allow: [{ groups: ['admins'] }] },
        { name: 'everyone-else', allow: [{ groups: ['staff', 'admins'] }] },
      ],
    },
  };
}

export async function apply(
  client: KubeClient,
  kind: 'ingresses' | 'accessPolicies',
  { namespace, name }: Place,
  object: object,
): Promise<void> {
  await client.apply({ resource: resources[kind], namespace, name }, object, { fieldManager: 'bench', force: true });
}

/** Some at once, in order. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const work = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: width }, work));
}
