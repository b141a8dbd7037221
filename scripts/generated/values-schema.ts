import { cognitoPoolSpec } from '../../src/schema/cognito-pool.ts';
import { logLevels } from '../../src/telemetry/logger.ts';
import { jsonSchema } from './json-schema.ts';

type Node = Readonly<Record<string, unknown>>;

const text: Node = { type: 'string' };
const truth: Node = { type: 'boolean' };
const port: Node = { type: 'integer', minimum: 1, maximum: 65_535 };
const texts: Node = { type: 'array', items: text };
const textMap: Node = { type: 'object', additionalProperties: text };
/** What goes into a Pod or an object as it is; the API server knows its fields. */
const asItIs: Node = { type: 'object' };
const listAsItIs: Node = { type: 'array', items: asItIs };

/** Nothing but these fields: a typo is an error. */
const fields = (properties: Readonly<Record<string, Node>>): Node => ({
  type: 'object',
  additionalProperties: false,
  properties,
});
const oneOf = (...values: readonly string[]): Node => ({ type: 'string', enum: values });
const like = (pattern: string): Node => ({ type: 'string', pattern });
const whole = (minimum: number, maximum: number): Node => ({ type: 'integer', minimum, maximum });
const share: Node = { anyOf: [whole(0, 100), like('^[0-9]{1,3}%$')] };

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const hostName = `${label}(\\.${label})*`;
const optionalReference = like('^([a-z0-9-]{1,63}/[a-z0-9.-]{1,253})?$');
const namespaces: Node = { type: 'array', maxItems: 32, items: like(`^${label}$`) };

const simpleRule = /^self\.matches\(r'(.*)'\)$/;

/** A rule of CEL that is one regular expression is a pattern here; others wait for the program's own answer. */
function patternOf(rules: unknown): string | undefined {
  const list: readonly unknown[] = Array.isArray(rules) ? rules : [];
  const only = list.length === 1 ? list[0] : undefined;
  if (typeof only !== 'object' || only === null || !('rule' in only)) return undefined;
  return simpleRule.exec(String(only.rule))?.[1];
}

/** A structural schema as helm is to read it: no keywords of Kubernetes, every object of known fields closed. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !key.startsWith('x-kubernetes-') && key !== 'default');
  const inner = Object.fromEntries(kept.map(([key, part]) => [key, closed(part)] as const));
  const pattern = 'x-kubernetes-validations' in value ? patternOf(value['x-kubernetes-validations']) : undefined;
  return {
    ...inner,
    ...(pattern === undefined ? {} : { pattern }),
    ...('properties' in value && typeof value.properties === 'object' ? { additionalProperties: false } : {}),
  };
}

/** The values have the field, empty, so that `helm show values` lists it; templates say which are missing. */
function orEmpty(node: Node | undefined): Node {
  const pattern = node?.['pattern'];
  return { ...node, minLength: 0, ...(typeof pattern === 'string' ? { pattern: `^$|${pattern}` } : {}) };
}

/** A CognitoPool's spec, with a name and a secret. */
function pool(): Node {
  const spec = Object.fromEntries(
    Object.entries(jsonSchema(cognitoPoolSpec).properties ?? {}).map(([name, node]) => [name, closed(node) as Node]),
  );
  return fields({
    ...spec,
    userPoolId: orEmpty(spec['userPoolId']),
    domain: orEmpty(spec['domain']),
    clientId: orEmpty(spec['clientId']),
    name: like(`^${hostName}$`),
    clientSecret: text,
  });
}

const image = fields({
  repository: like('^[^@\\s]+$'),
  tag: text,
  digest: like('^(sha256:[0-9a-f]{64})?$'),
  pullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
  pullSecrets: listAsItIs,
});

const signIn = fields({
  service: fields({ port, externalName: text, annotations: textMap }),
  ingress: fields({
    enabled: truth,
    className: text,
    tls: fields({ enabled: truth, secretName: text }),
    annotations: textMap,
  }),
});

const webhook = fields({
  enabled: truth,
  port,
  hostNetwork: truth,
  url: like('^(https://[^/?#]+/?)?$'),
  failurePolicy: oneOf('Fail', 'Ignore'),
  timeoutSeconds: whole(1, 30),
  certManager: fields({ enabled: truth, issuerRef: fields({ name: text, kind: text, group: text }) }),
});

const redis = fields({
  urls: { type: 'array', maxItems: 32, items: like('^rediss?://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.-]+):[0-9]{1,5}$') },
  cluster: truth,
  username: text,
  existingSecret: like(`^(${hostName})?$`),
  passwordKey: like('^[-._a-zA-Z0-9]+$'),
  caSecret: like(`^(${hostName})?$`),
  database: whole(0, 15),
  keyPrefix: like('^[A-Za-z0-9._:-]{0,59}:$'),
  unreachableFor: like('^[0-9]{1,6}(s|m|h)$'),
});

const configuration = {
  signInHost: like(`^(${hostName})?$`),
  pool: pool(),
  defaultPool: optionalReference,
  poolNamespaces: namespaces,
  namespaces,
  ingressControllers: { ...texts, minItems: 1 },
  controllerName: like(`^${label}$`),
  companions: oneOf('Auto', 'Manual'),
  onPolicyGone: oneOf('Refuse', 'Open'),
  sharedHosts: oneOf('Refuse', 'Allow'),
  probeApps: like('^([A-Za-z0-9.:-]{1,253}:[0-9]{1,5})?$'),
  prefix: like('^/[A-Za-z0-9_-]{1,40}$'),
  publicPort: port,
  clientAddress: oneOf('XRealIp', 'Unknown'),
  acmeChallenges: truth,
  contact: { type: 'string', maxLength: 300 },
  log: fields({ level: oneOf(...logLevels) }),
  shutdownDelay: like('^[0-9]{1,6}(s|m|h)$'),
  keyRingSecret: like(`^(${hostName})?$`),
  keyRing: fields({
    rotation: fields({ every: like('^([0-9]{1,6}(m|h))?$'), keep: like('^[0-9]{1,6}(m|h)$') }),
  }),
  store: fields({ redis }),
  decisions: fields({ address: like('^((https?://)?[A-Za-z0-9.:\\[\\]-]{1,253})?$') }),
  signIn,
  webhook,
  guard: fields({ enabled: truth, companionMakers: texts }),
  egressProxy: fields({ url: like('^(https?://\\S+)?$'), noProxy: text }),
  extraCa: fields({ configMap: text, secret: text, key: like('^[-._a-zA-Z0-9]+$') }),
  listenAddress: text,
  clusterDomain: like(`^${hostName}$`),
};

const release = {
  replicas: whole(0, 100),
  unwire: truth,
  image,
  crds: fields({ install: truth, keep: truth }),
  rbac: fields({ aggregate: truth }),
  serviceAccount: fields({ create: truth, name: text, annotations: textMap }),
  podDisruptionBudget: fields({ enabled: truth, maxUnavailable: share }),
  autoscaling: fields({
    enabled: truth,
    minReplicas: whole(1, 100),
    maxReplicas: whole(1, 100),
    targetCpuPercent: whole(1, 100),
  }),
  networkPolicy: fields({ enabled: truth, ingressControllers: listAsItIs, metrics: listAsItIs }),
  metrics: fields({ serviceMonitor: fields({ enabled: truth, interval: text, labels: textMap }) }),
  resources: asItIs,
  podAnnotations: textMap,
  podLabels: textMap,
  nodeSelector: textMap,
  tolerations: listAsItIs,
  affinity: asItIs,
  topologySpreadConstraints: listAsItIs,
  priorityClassName: text,
  env: listAsItIs,
  fullnameOverride: like(`^(${label})?$`),
};

/** The schema of the chart's values. `global` and `enabled` come from charts that have this one as a dependency. */
export function valuesSchema(): Node {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...fields({ global: asItIs, enabled: truth, ...configuration, ...release }),
  };
}
