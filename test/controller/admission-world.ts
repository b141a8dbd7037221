import { createAdmission } from '../../src/controller/admission.ts';
import type { Admission } from '../../src/controller/admission.ts';
import type { AdmissionResponse } from '../../src/controller/admission-review.ts';
import type { PatchOperation } from '../../src/controller/annotation-patch.ts';
import type { Installation, Snapshot } from '../../src/model/snapshot.ts';
import { routeId } from '../../src/translate/route-id.ts';
import { translate } from '../../src/translate/translate.ts';
import { ingress, ingressClass } from '../support/cluster/objects.ts';
import type { TestObject } from '../support/cluster/objects.ts';

export const install = { decisionsAddress: '127.0.0.1:8080', publicPort: 443, prefix: '/_cognito-gate' };

type Annotations = Readonly<Record<string, string>>;

export function app(annotations: Annotations = {}, more: Partial<Parameters<typeof ingress>[0]> = {}): TestObject {
  return ingress({ namespace: 'shop', name: 'shop', host: 'shop.example.com', paths: 80, annotations, ...more });
}

export const pool: TestObject = {
  apiVersion: 'cognito-gate.dev/v1alpha1',
  kind: 'CognitoPool',
  metadata: { name: 'staff', namespace: 'identity' },
  spec: {
    userPoolId: 'eu-west-1_AbCdEfGhI',
    domain: 'acme',
    clientId: '3n4b5example',
    allowedNamespaces: { from: 'All' },
  },
};

export function policy(name: string, spec: object): TestObject {
  const rules = [{ name: 'staff', allow: [{ groups: ['staff'] }] }];
  return {
    apiVersion: 'cognito-gate.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name, namespace: 'shop' },
    spec: { rules, ...spec },
  };
}

export const shopTarget = { targetRefs: [{ group: 'networking.k8s.io', kind: 'Ingress', name: 'shop' }] };

export function snapshotOf(objects: readonly TestObject[], more: Partial<Installation> = {}): Snapshot {
  return {
    installation: {
      signInHost: 'auth.localhost',
      defaultPool: 'identity/staff',
      poolNamespaces: ['identity'],
      clientAddressKnown: false,
      prefix: '/_cognito-gate',
      controllerName: 'cognito-gate',
      decisionsUrl: 'http://127.0.0.1:8080/nginx/',
      releaseNamespace: 'cognito-gate',
      ingressControllers: ['k8s.io/ingress-nginx'],
      onPolicyGone: 'Refuse',
      ...more,
    },
    objects: [pool, ingressClass('nginx'), ingressClass('alb', 'ingress.k8s.aws/alb'), ...objects].map(
      (value, index) => ({ value, origin: `${index}` }),
    ),
    secrets: new Map(),
  };
}

/** Beside these objects; undefined: nothing was read yet. */
export function admissionBeside(
  objects: readonly TestObject[] | undefined,
  labels: Annotations = {},
  installation: Partial<Installation> = {},
): Admission {
  const translation = objects === undefined ? undefined : translate(snapshotOf(objects, installation));
  return createAdmission({
    dryRun: () => translation && ((value) => translation.dryRun(value)),
    install,
    controllerName: 'cognito-gate',
    routeId,
    namespaceLabels: () => labels,
  });
}

export function review(object: TestObject, oldObject?: TestObject, more: object = {}): unknown {
  const { kind, metadata } = object;
  const operation = oldObject === undefined ? 'CREATE' : 'UPDATE';
  const { name, namespace = '' } = metadata;
  const request = { uid: 'u1', kind: { kind }, operation, namespace, name, object, oldObject: oldObject ?? null };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { ...request, ...more } };
}

export function annotationsOf(object: TestObject): Annotations {
  return (object.metadata['annotations'] ?? {}) as Annotations;
}

/** The object as the API server would have it after the answer; fails where it was denied. */
export function patched(object: TestObject, response: AdmissionResponse): TestObject {
  if (!response.allowed) throw new Error(response.status?.message ?? 'denied');
  const text = Buffer.from(response.patch ?? '', 'base64').toString();
  const operations = text === '' ? [] : (JSON.parse(text) as readonly PatchOperation[]);
  let annotations: Record<string, unknown> = { ...annotationsOf(object) };
  for (const operation of operations) {
    if (operation.op === 'add' && operation.path === '/metadata/annotations') {
      annotations = { ...(operation.value as object) };
      continue;
    }
    const name = operation.path.slice('/metadata/annotations/'.length).replaceAll('~1', '/').replaceAll('~0', '~');
    if (operation.op === 'add') annotations[name] = operation.value;
    else delete annotations[name];
  }
  return { ...object, metadata: { ...object.metadata, annotations } };
}
