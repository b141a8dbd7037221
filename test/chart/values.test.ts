import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { valuesSchema } from '../../scripts/generated/values-schema.ts';
import { at, chart, tryHelm, valuesOf } from './render.ts';

async function complaint(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await tryHelm('template', 'cognito-gate', chart, ...args);
  return code === 0 ? '' : stderr;
}

const refused: readonly (readonly [string, string])[] = [
  ['signInHots=x', "at '': additional properties 'signInHots' not allowed"],
  ['pool.userPoolID=x', "at '/pool': additional properties 'userPoolID' not allowed"],
  ['pool.session.idel=1h', "at '/pool/session': additional properties 'idel' not allowed"],
  ['pool.userPoolId=staff', "at '/pool/userPoolId': 'staff' does not match pattern"],
  ['pool.clientSecretRef.nmae=x', "at '/pool/clientSecretRef': additional properties 'nmae' not allowed"],
  ['signIn.ingress.class=x', "at '/signIn/ingress': additional properties 'class' not allowed"],
  ['signIn.ingress.tls.secret=x', "at '/signIn/ingress/tls': additional properties 'secret' not allowed"],
  ['signIn.service.portt=1', "at '/signIn/service': additional properties 'portt' not allowed"],
  ['webhook.hostnetwork=true', "at '/webhook': additional properties 'hostnetwork' not allowed"],
  ['webhook.url=http://x', "at '/webhook/url': 'http://x' does not match pattern"],
  ['webhook.certManager.issuer=x', "at '/webhook/certManager': additional properties 'issuer' not allowed"],
  ['image.digest=sha256:1', "at '/image/digest': 'sha256:1' does not match pattern"],
  ['image.version=1', "at '/image': additional properties 'version' not allowed"],
  ['replicas=two', "at '/replicas': got string, want integer"],
  ['replicaCount=2', "at '': additional properties 'replicaCount' not allowed"],
  ['companions=auto', "at '/companions': value must be one of 'Auto', 'Manual'"],
  ['onPolicyGone=open', "at '/onPolicyGone': value must be one of 'Refuse', 'Open'"],
  ['sharedHosts=no', "at '/sharedHosts': value must be one of 'Refuse', 'Allow'"],
  ['prefix=/_a.b', "at '/prefix': '/_a.b' does not match pattern"],
  ['signInHost=https://a', "at '/signInHost': 'https://a' does not match pattern"],
  ['log.level=loud', "at '/log/level': value must be one of"],
  ['shutdownDelay=40', "at '/shutdownDelay': got number, want string"],
  ['keyRing.rotate.every=24h', "at '/keyRing': additional properties 'rotate' not allowed"],
  ['keyRing.rotation.every=30d', "at '/keyRing/rotation/every': '30d' does not match pattern"],
  ['store.redis.urls={redis:6379}', "at '/store/redis/urls/0': 'redis:6379' does not match pattern"],
  ['store.redis.password=x', "at '/store/redis': additional properties 'password' not allowed"],
  ['networkPolicy.from=x', "at '/networkPolicy': additional properties 'from' not allowed"],
  ['metrics.enabled=true', "at '/metrics': additional properties 'enabled' not allowed"],
  ['crds.instal=false', "at '/crds': additional properties 'instal' not allowed"],
  ['extraCa.file=x', "at '/extraCa': additional properties 'file' not allowed"],
  ['egressProxy.httpsProxy=x', "at '/egressProxy': additional properties 'httpsProxy' not allowed"],
];

for (const [set, message] of refused) {
  test(`--set ${set} is refused: ${message}`, async () => {
    const text = await complaint('--values', valuesOf('default'), '--set', set);
    assert.ok(text.includes(message), text || 'it rendered');
  });
}

const missing: readonly (readonly [string, string])[] = [
  ['', 'signInHost is missing: the host of the sign-in pages, for instance --set signInHost=auth.example.com'],
  ['signInHost=a.example', 'No pool: set pool.userPoolId and pool.clientId (and pool.domain), or name an existing'],
  ['signInHost=a.example,pool.userPoolId=eu-west-1_A', 'pool.clientId is missing: the id of the app client'],
  ['signInHost=a.example,pool.clientId=x', 'pool.userPoolId is missing: the id of the Cognito user pool'],
  [
    'signInHost=a.example,pool.clientId=x,pool.userPoolId=eu-west-1_A,pool.clientSecret=s,pool.clientSecretRef.name=n,pool.clientSecretRef.key=k',
    'pool.clientSecret and pool.clientSecretRef exclude each other',
  ],
  [
    'signInHost=a.example,defaultPool=a/b,extraCa.configMap=a,extraCa.secret=b',
    'extraCa.configMap and extraCa.secret exclude each other',
  ],
  [
    'signInHost=a.example,defaultPool=a/b,serviceAccount.create=false',
    'serviceAccount.name is missing: with serviceAccount.create=false it names the ServiceAccount to use',
  ],
  [
    'signInHost=a.example,defaultPool=a/b,ingressControllers={k8s.io/ingress-nginx,traefik.io/ingress-controller}',
    'ingressControllers: traefik.io/ingress-controller is the class of Traefik',
  ],
];

for (const [set, message] of missing) {
  test(`with "${set}" helm says: ${message}`, async () => {
    const text = await complaint(...(set === '' ? [] : ['--set', set]));
    assert.ok(text.includes(message), text || 'it rendered');
  });
}

test('a pool that exists is enough', async () => {
  assert.equal(await complaint('--set', 'signInHost=a.example,defaultPool=identity/staff'), '');
});

test('global and enabled, which umbrella charts hand down, are let through', async () => {
  const sets = ['global.imageRegistry=x', 'global.other.deep=1', 'enabled=true'].flatMap((set) => ['--set', set]);
  assert.equal(await complaint('--values', valuesOf('default'), ...sets), '');
});

/** Paths of objects that have fields. */
function paths(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = path === '' ? key : `${path}.${key}`;
    return [here, ...paths(inner, here)];
  });
}

test('values.yaml and its schema have the same names, and no object of the schema is open by accident', () => {
  const values = paths(parse(readFileSync(join(chart, 'values.yaml'), 'utf8')), '');
  const schema = valuesSchema();
  const free = ['resources.', 'affinity.', 'pool.'];
  for (const path of values.filter((name) => !free.some((start) => name.startsWith(start)))) {
    assert.ok(at(schema, `properties.${path.split('.').join('.properties.')}`) !== undefined, path);
  }
  const open = paths(schema, '').filter((path) => {
    const node = at(schema, path);
    return at(node, 'type') === 'object' && at(node, 'additionalProperties') === undefined;
  });
  assert.deepEqual(open.map((path) => path.replace(/^properties\./, '')).toSorted(), [
    'affinity',
    'env.items',
    'global',
    'image.properties.pullSecrets.items',
    'networkPolicy.properties.ingressControllers.items',
    'networkPolicy.properties.metrics.items',
    'resources',
    'tolerations.items',
    'topologySpreadConstraints.items',
  ]);
});

/** isCIDR, which the CRDs ask, can be written into objects since 1.31 (kubernetes/kubernetes#121912). */
test('Kubernetes 1.31 is the oldest that will do, for helm and in every manual', async () => {
  const values = ['--values', valuesOf('default')];
  assert.equal(await complaint(...values, '--kube-version', '1.31.0'), '');
  assert.ok((await complaint(...values, '--kube-version', '1.30.9')).includes('requires kubeVersion: >=1.31.0-0'));
  for (const page of ['README.md', 'charts/cognito-gate/README.md', 'docs/operating/install-ingress-nginx.md']) {
    const text = readFileSync(join(chart, '../..', page), 'utf8');
    assert.ok(text.includes('Kubernetes 1.31 or newer'), page);
  }
});
