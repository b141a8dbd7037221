import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { startBalancer } from './balancer.ts';
import type { Balancer } from './balancer.ts';
import { createAuthority } from './certificates.ts';
import type { Certificate } from './certificates.ts';
import { startCluster } from './cluster/cluster.ts';
import type { Cluster } from './cluster/cluster.ts';
import { startCognito } from './cognito/cognito.ts';
import type { Cognito, CognitoClient, CognitoOptions } from './cognito/types.ts';
import { chartValues, installChart, release } from './gate-chart.ts';
import { podAccess } from './pod-access.ts';
import { assertNoSecrets } from './log-secrets.ts';
import { freePort } from './ports.ts';
import { startReplica } from './replica.ts';
import type { Replica, ReplicaInput } from './replica.ts';
import { people, until } from './stack.ts';
import { Visitor } from './visitor.ts';

export const gateHosts = {
  shop: 'shop.acme.localhost',
  wiki: 'wiki.example.localhost',
  /** Protected by nobody, to begin with. */
  news: 'news.example.localhost',
  signIn: 'auth.gate.localhost',
  cognito: 'cognito.localhost',
};

export interface GateClusterOptions {
  readonly replicas?: number;
  /** More values for the chart. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Fields that replace those of the configuration that the chart rendered. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Base URL of what stands between the replicas and the API server. */
  readonly apiThrough?: (cluster: Cluster) => Promise<string>;
  /** What runs the program; default: from source. */
  readonly program?: { readonly command: string; readonly args: readonly string[] };
  /** More that the certificate vouches for. */
  readonly hosts?: readonly string[];
  /** How long the program's token is good; default: an hour. */
  readonly tokenSeconds?: number;
  /** The program finds the API server as in a Pod, in files that any user may read. */
  readonly asPod?: boolean;
  /** More of the program's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: a temporary one, removed at the end. One that is named stays. */
  readonly folder?: string;
  /** Default: free ones. */
  readonly ports?: { readonly public: number; readonly decisions: number; readonly signIn: number };
  /** A stand-in that runs already and is closed by whoever started it; `values` must name its pool. */
  readonly cognito?: Cognito;
  /**
   * The decision ports of all replicas have this number, each at an address of its own (127.0.0.2 and on), as Pods
   * behind a headless Service; `address` is what the wiring names.
   */
  readonly headless?: { readonly address: string; readonly port: number };
  /** Of the stand-in that is started here. */
  readonly standIn?: Pick<CognitoOptions, 'ttl' | 'users'>;
  /** More fields of the chart's value `pool`. */
  readonly pool?: Readonly<Record<string, unknown>>;
  /** YAML of what is there before the chart. */
  readonly objectsBefore?: string;
}

/**
 * The product on a real API server: the chart as helm renders it, its ServiceAccount's token, replicas of the
 * program, the stand-in for Cognito. A proxy in front is started by the test, and asks on `port`.
 */
export interface GateCluster {
  readonly cluster: Cluster;
  readonly folder: string;
  readonly tls: Certificate;
  /** PEM text of the CA that vouches for every host. */
  readonly ca: string;
  /** Port of https, as browsers see it; free for a proxy. */
  readonly port: number;
  readonly cognito: Cognito;
  /** Those that were started, in order; `another` adds to them. */
  readonly replicas: readonly Replica[];
  readonly ports: { readonly decisions: number; readonly signIn: number; readonly webhook: number };
  /** One more replica, with its sign-in port behind the same Service. */
  another(): Promise<Replica>;
  /** A namespace with an app behind a Service and, unless `ingress` is false, an Ingress. */
  app(name: string, ingress?: IngressInput): Promise<App>;
  apply(yaml: string): Promise<void>;
  url(host: string): string;
  visitor(): Visitor;
  /** Nobody answers the API server's reviews until the function that it gives is called. */
  cutWebhook(): Promise<() => Promise<void>>;
  /** Values that the chart was installed with, as a file. */
  readonly valuesFile: string;
  /** Fails where a log of the program holds a secret. */
  stop(): Promise<void>;
}

export interface IngressInput {
  readonly host: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly className?: string;
  readonly paths?: readonly string[];
}

export async function startGateCluster(options: GateClusterOptions = {}): Promise<GateCluster> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    return await startAll(options, (step) => void undo.unshift(step));
  } catch (error) {
    for (const step of undo) await step();
    throw error;
  }
}

async function startAll(
  options: GateClusterOptions,
  onFailure: (step: () => Promise<unknown>) => void,
): Promise<GateCluster> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'cognito-gate-cluster-')));
  const cluster = await startCluster(options.folder === undefined ? {} : { folder: join(folder, 'cluster') });
  onFailure(() => cluster.stop());
  const authority = await createAuthority(join(folder, 'certificates'));
  const tls = await authority.issue('all', [
    ...Object.values(gateHosts),
    ...(options.hosts ?? []),
    'localhost',
    '127.0.0.1',
  ]);
  const ca = await readFile(authority.cert, 'utf8');
  const port = options.ports?.public ?? (await freePort());
  const ports = {
    decisions: options.ports?.decisions ?? (await freePort()),
    signIn: options.ports?.signIn ?? (await freePort()),
    webhook: await freePort(),
  };
  const url = (host: string): string => `https://${host}:${port}`;
  const client = clientOf(url(gateHosts.signIn));
  const cognito = options.cognito ?? (await startStandIn(client, tls, options.standIn));
  const closeCognito = async (): Promise<void> => {
    if (options.cognito === undefined) await cognito.close();
  };
  onFailure(closeCognito);
  const { headless } = options;
  const base = chartValues({ hosts: gateHosts, port, ports, cognito, client });
  const values = {
    ...base,
    pool: { ...base.pool, ...options.pool },
    ...(headless === undefined ? {} : { decisions: { address: `${headless.address}:${headless.port}` } }),
    ...options.values,
  };
  const valuesFile = join(folder, 'values.yaml');
  await writeFile(valuesFile, stringify(values), { mode: 0o600 });
  if (options.objectsBefore !== undefined) await apply(cluster, options.objectsBefore);
  const configuration = await installChart(cluster, valuesFile);
  const token = await cluster.serviceAccountToken(release, 'cognito-gate', options.tokenSeconds);
  const found = await access({ cluster, folder, token, configuration, extraCa: authority.cert }, options);
  const replicas = await startReplicas(options, found, onFailure);
  const balancers = [
    await balance(ports.decisions, replicas, 'decisions'),
    await balance(ports.signIn, replicas, 'signIn'),
    await balance(ports.webhook, replicas, 'webhook'),
  ];
  onFailure(async () => await Promise.all(balancers.map((balancer) => balancer.close())));
  await until(
    async () => (await Promise.all(replicas.map((replica) => replica.ready()))).every(Boolean),
    'replicas',
    30,
  );
  const apps: App[] = [];
  const visitors: Visitor[] = [];
  return {
    cluster,
    folder,
    tls,
    ca,
    port,
    cognito,
    replicas,
    ports,
    valuesFile,
    url,
    apply: async (yaml) => await apply(cluster, yaml),
    another: async () => {
      const replica = await startOne(replicas.length, options, found);
      replicas.push(replica);
      return replica;
    },
    visitor: () => {
      const visitor = new Visitor(ca);
      visitors.push(visitor);
      return visitor;
    },
    cutWebhook: async () => {
      const [cut] = balancers.splice(2, 1);
      await cut?.close();
      return async () => void balancers.push(await balance(ports.webhook, replicas, 'webhook'));
    },
    app: async (name, ingress) => {
      const app = await startApp(name);
      apps.push(app);
      await apply(cluster, appYaml(name, app.port));
      if (ingress !== undefined) await apply(cluster, ingressYaml(name, app.port, ingress));
      return app;
    },
    stop: async () => {
      await Promise.all(replicas.map((replica) => replica.stop()));
      await Promise.all(balancers.map((balancer) => balancer.close()));
      await Promise.all([closeCognito(), ...apps.map((app) => app.close())]);
      await cluster.stop();
      if (options.folder !== undefined) return;
      await assertNoSecrets(folder, { visitors, users: people, clientSecret: client.clientSecret ?? '' });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Access = Pick<ReplicaInput, 'folder' | 'kubeconfig' | 'config' | 'env'>;

/** How the program finds the API server, in what is configured. */
async function access(
  given: { cluster: Cluster; folder: string; token: string; configuration: object; extraCa: string },
  { asPod, config, env, apiThrough }: GateClusterOptions,
): Promise<Access> {
  const { cluster, folder, token, configuration, extraCa } = given;
  const common = { ...configuration, extraCaFile: extraCa, shutdownDelay: '0s' };
  if (asPod === true) {
    const pod = await podAccess(cluster, { folder, token, extraCa });
    return {
      folder,
      kubeconfig: undefined,
      config: { ...common, ...pod.config, ...config },
      env: { ...pod.env, ...env },
    };
  }
  const kubeconfig = await cluster.kubeconfigFor(token, await apiThrough?.(cluster));
  return { folder, kubeconfig, config: { ...common, ...config }, ...(env !== undefined && { env }) };
}

async function startReplicas(
  options: GateClusterOptions,
  input: Access,
  onFailure: (step: () => Promise<unknown>) => void,
): Promise<Replica[]> {
  const started: Replica[] = [];
  for (let index = 0; index < (options.replicas ?? 2); index += 1) {
    const replica = await startOne(index, options, input);
    started.push(replica);
    onFailure(() => replica.stop());
  }
  return started;
}

async function startOne(index: number, { program, headless }: GateClusterOptions, input: Access): Promise<Replica> {
  return await startReplica({
    ...input,
    name: `replica-${index}`,
    ...(program === undefined ? {} : { program }),
    ...(headless === undefined ? {} : { decisions: { host: addressOf(index), port: headless.port } }),
  });
}

/** Of the replica behind a headless Service. */
export function addressOf(index: number): string {
  return `127.0.0.${index + 2}`;
}

async function balance(port: number, replicas: readonly Replica[], which: keyof Replica['ports']): Promise<Balancer> {
  return await startBalancer(port, () => replicas.map(({ ports }) => ports[which]));
}

async function apply(cluster: Cluster, yaml: string): Promise<void> {
  await cluster.kubectl('apply', '--server-side', '-f', '-', { input: yaml });
}

function clientOf(signIn: string): CognitoClient {
  return {
    clientId: '1example23456789',
    clientSecret: 'secret-of-the-app-client',
    redirectUris: [`${signIn}/oauth2/callback`],
    logoutUris: [`${signIn}/oauth2/signed-out`],
  };
}

async function startStandIn(
  client: CognitoClient,
  tls: Certificate,
  standIn: GateClusterOptions['standIn'],
): Promise<Cognito> {
  return await startCognito({
    clients: [client],
    users: people,
    ...standIn,
    port: await freePort(),
    host: gateHosts.cognito,
    issuerHost: '127.0.0.1',
    tls: { cert: await readFile(tls.cert, 'utf8'), key: await readFile(tls.key, 'utf8') },
  });
}

function appYaml(name: string, port: number): string {
  return `
apiVersion: v1
kind: Namespace
metadata: { name: ${name} }
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${name} }
spec: { type: ExternalName, externalName: localhost, ports: [{ name: http, port: ${port} }] }
`;
}

export function ingressYaml(name: string, port: number, input: IngressInput): string {
  const paths = (input.paths ?? ['/']).map(
    (path) => `{ path: ${path}, pathType: Prefix, backend: { service: { name: ${name}, port: { number: ${port} } } } }`,
  );
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  namespace: ${name}
  annotations: ${JSON.stringify(input.annotations ?? {})}
spec:
  ingressClassName: ${input.className ?? 'nginx'}
  tls: [{ hosts: [${input.host}] }]
  rules: [{ host: ${JSON.stringify(input.host)}, http: { paths: [${paths.join(', ')}] } }]
`;
}
