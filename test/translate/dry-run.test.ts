import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { Finding } from '../../src/model/finding.ts';
import { Secret } from '../../src/model/secret.ts';
import type { Installation, Snapshot } from '../../src/model/snapshot.ts';
import { translate } from '../../src/translate/translate.ts';

interface Meta {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const usual: Installation = {
  signInHost: 'auth.example.com',
  defaultPool: 'identity/staff',
  poolNamespaces: ['identity'],
  clientAddressKnown: true,
  prefix: '/_cognito-gate',
  controllerName: 'cognito-gate',
  decisionsUrl: 'http://cognito-gate-decisions.cognito-gate.svc.cluster.local:8080/nginx/',
  releaseNamespace: undefined,
  ingressControllers: ['k8s.io/ingress-nginx'],
  onPolicyGone: 'Refuse',
};

function snapshot(objects: readonly unknown[], installation: Partial<Installation> = {}): Snapshot {
  const secret = new Map([['clientSecret', new Secret('x')]]);
  return {
    installation: { ...usual, ...installation },
    objects: objects.map((value) => ({ value, origin: 'x' })),
    secrets: new Map([['identity/staff-client', secret]]),
  };
}

function isObject(value: unknown): value is Meta {
  if (typeof value !== 'object' || value === null) return false;
  const metadata: unknown = Reflect.get(value, 'metadata');
  return typeof metadata === 'object' && metadata !== null && typeof Reflect.get(metadata, 'name') === 'string';
}

function keyOf({ kind, metadata }: Meta): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

function about(findings: readonly Finding[], { kind, metadata }: Meta): readonly Finding[] {
  return findings.filter(
    ({ object }) =>
      object.kind === kind && object.name === metadata.name && object.namespace === (metadata.namespace ?? ''),
  );
}

const folder = new URL('goldens/', import.meta.url);
const asked = ['Ingress', 'AccessPolicy', 'CognitoPool'];

test('what one object would come to is what it comes to', () => {
  let compared = 0;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.in.yaml'))) {
    const [head, ...objects] = parseAllDocuments(readFileSync(new URL(name, folder), 'utf8')).map(
      (document) => document.toJS() as unknown,
    );
    const { installation = {} } = head as { installation?: Partial<Installation> };
    const { plans, findings, dryRun } = translate(snapshot(objects, installation));
    const readable = objects.filter(isObject);
    const keys = readable.map(keyOf);
    for (const object of readable) {
      if (!asked.includes(object.kind) || keys.filter((key) => key === keyOf(object)).length > 1) continue;
      const dry = dryRun(structuredClone(object));
      const plan = plans.find(
        (one) => one.name === object.metadata.name && one.namespace === object.metadata.namespace,
      );
      assert.deepEqual(dry.plan, object.kind === 'Ingress' ? plan : undefined, `${name} ${keyOf(object)}`);
      assert.deepEqual(dry.findings, about(findings, object), `${name} ${keyOf(object)}`);
      compared += 1;
    }
  }
  assert.ok(compared > 200);
});

const ingress = (name: string, annotations: Readonly<Record<string, string>> = {}): unknown => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name, namespace: 'shop', annotations },
  spec: { rules: [{ host: 'shop.example.com' }] },
});

const pool = {
  apiVersion: 'cognito-gate.dev/v1alpha1',
  kind: 'CognitoPool',
  metadata: { name: 'staff', namespace: 'identity' },
  spec: { userPoolId: 'eu-west-1_AbCdEfGhI', clientId: '3n4b5example', allowedNamespaces: { from: 'All' } },
};

const policy = (name: string, target: string): unknown => ({
  apiVersion: 'cognito-gate.dev/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { name, namespace: 'shop' },
  spec: {
    targetRefs: [{ group: 'networking.k8s.io', kind: 'Ingress', name: target }],
    rules: [{ name: 'all', access: 'SignedIn' }],
  },
});

test('an Ingress that is not there yet is planned with the policy that waits for it', () => {
  const { dryRun } = translate(snapshot([pool, policy('staff', 'shop')]));
  const { plan } = dryRun(ingress('shop'));
  assert.equal(plan?.act, 'Wire');
  assert.equal(plan.policy, 'shop/staff');
  assert.equal(dryRun(ingress('other')).plan, undefined);
});

test('P5 a second policy for one Ingress learns so before it is stored, and nothing else remembers the question', () => {
  const before = translate(snapshot([pool, policy('staff', 'shop'), ingress('shop')]));
  const asked = before.dryRun(policy('second', 'shop'));
  assert.deepEqual(
    asked.findings.map(({ reason }) => reason),
    ['Conflicted'],
  );
  assert.deepEqual(before.dryRun(policy('staff', 'shop')).findings, []);
  const [plan] = before.plans;
  assert.deepEqual(before.dryRun(ingress('shop')).plan, plan);
});

test('P29 a foreign auth-url in an admission request: only who owns it counts', () => {
  const { dryRun } = translate(snapshot([pool]));
  const name = 'nginx.ingress.kubernetes.io/auth-url';
  const fields = (key: string): unknown => ({ 'f:metadata': { 'f:annotations': { [`f:${key}`]: {} } } });
  const asked = (manager: string, key: string): string | undefined => {
    const annotations = {
      [name]: 'https://oauth.example.com/auth',
      'cognito-gate.dev/take-over': 'true',
      'cognito-gate.dev/access': 'SignedIn',
    };
    const object = ingress('shop', annotations) as { metadata: object };
    const managedFields = [{ manager, operation: 'Update', fieldsV1: fields(key) }];
    return dryRun({ ...object, metadata: { ...object.metadata, managedFields } }).plan?.act;
  };
  assert.equal(asked('helm', name), 'Leave');
  assert.equal(asked('helm', 'nginx.ingress.kubernetes.io/proxy-body-size'), 'Wire');
  assert.equal(asked('kubectl-edit', name), 'Wire');
});

test('nothing that is asked makes it throw', () => {
  const { dryRun } = translate(snapshot([pool]));
  for (const value of [undefined, null, 1, 'x', [], {}, { kind: 'Ingress' }, { kind: 'List', items: [null] }]) {
    assert.equal(dryRun(value).plan, undefined);
  }
});
