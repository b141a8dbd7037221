import type { Finding } from '../../src/model/finding.ts';
import type { IngressPlan } from '../../src/model/plan.ts';
import type { KubeObject, ObjectMeta } from '../../src/kubernetes/object.ts';
import { wiring } from '../../src/planes/nginx-wiring.ts';
import { statusAnnotation, statusAnnotationName } from '../../src/planes/status-annotation.ts';
import type { ControllerSettings } from '../../src/controller/world.ts';

export const routeId = '0123456789abcdef'.repeat(2);
export const now = '2026-11-25T12:00:00Z';

export const settings: ControllerSettings = {
  controllerName: 'cognito-gate',
  releaseNamespace: 'gate',
  releaseName: 'gate',
  owner: undefined,
  signInService: { name: 'gate-sign-in', port: 8081 },
  companions: 'Auto',
  install: { decisionsAddress: 'gate-decisions.gate.svc:8080', publicPort: 443, prefix: '/_cognito-gate' },
  signInHost: 'auth.example.com',
  publicPort: 443,
};

export function plan(change: Partial<IngressPlan> = {}): IngressPlan {
  return {
    namespace: 'shop',
    name: 'shop',
    routeId,
    hosts: ['shop.example.com'],
    className: 'nginx',
    act: 'Wire',
    began: 'mark',
    state: 'Enforced',
    reason: undefined,
    policy: 'shop/staff',
    ...change,
  };
}

export function object(kind: string, meta: Partial<ObjectMeta> = {}, rest: Record<string, unknown> = {}): KubeObject {
  const group = kind === 'Ingress' ? 'networking.k8s.io/v1' : 'cognito-gate.dev/v1alpha1';
  const metadata = { name: 'shop', namespace: 'shop', uid: 'uid-1', resourceVersion: '100', generation: 3, ...meta };
  return { apiVersion: group, kind, metadata, ...rest };
}

/** Everything that stands on a wired Ingress. */
export function standing(of: IngressPlan = plan()): Record<string, string> {
  return { ...wiring(of.routeId, settings.install), [statusAnnotationName]: statusAnnotation(of) };
}

export function finding(change: Partial<Finding> = {}): Finding {
  return {
    object: { kind: 'AccessPolicy', namespace: 'shop', name: 'staff' },
    severity: 'error',
    reason: 'AudienceMissing',
    field: 'spec.rules[0].allow',
    message: 'names nobody: write a group',
    ...change,
  };
}
