import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { defaultCognitoPort, hosts, inRoot, policies } from '../settings.ts';
import type { Ports } from '../settings.ts';

/** Values of the chart: the pool of `demo/policies`, and what an installation would say about itself. */
export const chartValues = {
  pool: {},
  defaultPool: 'identity/demo',
  poolNamespaces: ['identity'],
  contact: 'Ask the demo desk: desk@example.com',
  log: { level: 'info' },
} as const;

/** The chart makes a Role in each of the pool namespaces. */
export function identityObjects(clientSecret: string): string {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'identity' } };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'demo-client', namespace: 'identity' },
    stringData: { clientSecret },
  };
  return `${stringify(namespace)}---\n${stringify(secret)}`;
}

/** The files of `demo/policies`, as a reader would apply them; where the stand-in's port was moved, with that port. */
export async function policyFiles(ports: Ports): Promise<string> {
  const names = ['pool.yaml', 'shop.yaml', 'wiki.yaml'];
  const texts = await Promise.all(names.map(async (name) => await readFile(inRoot(`${policies}/${name}`), 'utf8')));
  return texts.join('\n---\n').replaceAll(`:${defaultCognitoPort}`, `:${ports.cognito.port}`);
}

/** An app that nobody protects, to try an annotation on. */
export const openIngress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: news, namespace: news }
spec:
  ingressClassName: nginx
  tls: [{ hosts: [${hosts.news}] }]
  rules:
    - host: ${hosts.news}
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: news, port: { name: http } } } }] }
`;
