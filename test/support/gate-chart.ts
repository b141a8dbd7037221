import { parseAllDocuments, parseDocument, stringify } from 'yaml';
import type { Cluster } from './cluster/cluster.ts';
import type { Cognito, CognitoClient } from './cognito/types.ts';

/** Of the namespace, of helm and of what the chart makes. */
export const release = 'cognito-gate';

/** Values that replace what a machine without Pods lacks. */
export function chartValues(input: {
  hosts: { readonly signIn: string; readonly cognito: string };
  port: number;
  ports: { readonly decisions: number; readonly signIn: number; readonly webhook: number };
  cognito: Cognito;
  client: CognitoClient;
}): Readonly<Record<string, unknown>> & { readonly pool: object } {
  const { hosts, port, ports, cognito, client } = input;
  const domain = `https://${hosts.cognito}:${cognito.port}`;
  const direct = `https://127.0.0.1:${cognito.port}`;
  return {
    signInHost: hosts.signIn,
    publicPort: port,
    clientAddress: 'XRealIp',
    pool: {
      name: 'default',
      userPoolId: 'eu-west-1_AbCdEfGhI',
      clientId: client.clientId,
      clientSecret: client.clientSecret,
      endpoints: {
        issuer: cognito.issuer,
        token: `${direct}/oauth2/token`,
        revocation: `${direct}/oauth2/revoke`,
        jwks: `${cognito.issuer}/.well-known/jwks.json`,
        authorization: `${domain}/oauth2/authorize`,
        logout: `${domain}/logout`,
      },
    },
    decisions: { address: `127.0.0.1:${ports.decisions}` },
    signIn: {
      service: { externalName: 'localhost', port: ports.signIn },
      ingress: { className: 'nginx' },
    },
    webhook: { url: `https://127.0.0.1:${ports.webhook}` },
    log: { level: 'trace' },
  };
}

/** `helm template | kubectl apply`, and the configuration file that came with it. */
export async function installChart(cluster: Cluster, valuesFile: string): Promise<Readonly<Record<string, unknown>>> {
  await cluster.kubectl('create', 'namespace', release);
  // The Pod of `helm test` is no part of it: nothing would ever run it here.
  const args = ['template', release, 'charts/cognito-gate', '-n', release, '-f', valuesFile, '--no-hooks'];
  const rendered = await cluster.helm(...args);
  const documents = parseAllDocuments(rendered).map((document) => document.toJS() as Record<string, unknown>);
  const isCrd = (document: Record<string, unknown>): boolean => document?.['kind'] === 'CustomResourceDefinition';
  const crds = documents.filter(isCrd).map((document) => stringify(document));
  await cluster.kubectl('apply', '--server-side', '-f', '-', { input: crds.join('---\n') });
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
  await cluster.kubectl('apply', '--server-side', '-f', '-', { input: ingressClass });
  await cluster.kubectl('apply', '--server-side', '-f', '-', { input: rendered });
  const map = documents.find((document) => document?.['kind'] === 'ConfigMap') as { data?: Record<string, string> };
  return parseDocument(map.data?.['config.yaml'] ?? '').toJS() as Record<string, unknown>;
}

const ingressClass = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: nginx }
spec: { controller: k8s.io/ingress-nginx }
`;
