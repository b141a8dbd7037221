import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { IngressPlan } from '../../src/model/plan.ts';
import type { Installation } from '../../src/model/snapshot.ts';
import { routeId } from '../../src/translate/route-id.ts';
import { translate } from '../../src/translate/translate.ts';

const installation: Installation = {
  signInHost: 'auth.example.com',
  defaultPool: 'identity/staff',
  poolNamespaces: ['identity'],
  clientAddressKnown: true,
  prefix: '/_cognito-gate',
  controllerName: 'cognito-gate',
  decisionsUrl: 'http://decisions.gate.svc.cluster.local:8080/nginx/',
  releaseNamespace: 'gate',
  ingressControllers: ['k8s.io/ingress-nginx'],
  onPolicyGone: 'Refuse',
};

/** Everything that decides about one Ingress, as a user and the controller leave it. */
interface Scene {
  readonly mark: 'none' | 'policy' | 'access' | 'mistyped';
  readonly policy: 'none' | 'target' | 'broken' | 'audit' | 'untargeted';
  readonly cluster: 'none' | 'default' | 'required' | 'elsewhere' | 'broken';
  readonly unprotect: string | undefined;
  readonly wired: boolean;
  readonly status: string | undefined;
}

const own = 'cognito-gate.dev/';
const id = routeId('shop', 'shop');
const marks = {
  none: {},
  policy: { [`${own}policy`]: 'staff' },
  access: { [`${own}access`]: 'SignedIn' },
  mistyped: { [`${own}acess`]: 'SignedIn' },
};
const status = (began: string): string => JSON.stringify({ began, state: 'Enforced' });

function annotationsOf({ mark, unprotect, wired, status: text }: Scene): Readonly<Record<string, string>> {
  return {
    ...marks[mark],
    ...(unprotect === undefined ? {} : { [`${own}unprotect`]: unprotect }),
    ...(wired ? { 'nginx.ingress.kubernetes.io/auth-url': `${installation.decisionsUrl}${id}` } : {}),
    ...(text === undefined ? {} : { [`${own}status`]: text }),
  };
}

const rules = [{ name: 'all', access: 'SignedIn' }];
const targetRefs = [{ group: 'networking.k8s.io', kind: 'Ingress', name: 'shop' }];
const policies = {
  target: { targetRefs, rules },
  broken: { targetRefs, rules: [] },
  audit: { targetRefs, rules, mode: 'Audit' },
  untargeted: { rules },
};
const clusterPolicies = {
  default: { selector: { ingressClassNames: ['nginx'] }, default: { rules } },
  required: { required: { deny: [{ groups: ['suspended'] }] } },
  elsewhere: { selector: { ingressClassNames: ['other'] }, default: { rules } },
  broken: { selector: { ingressClassNames: ['nginx'] }, default: { rules: [] } },
};

function objectsOf(scene: Scene): readonly unknown[] {
  const ours = (kind: string, metadata: object, spec: object): unknown => ({
    apiVersion: 'cognito-gate.dev/v1alpha1',
    kind,
    metadata,
    spec,
  });
  const networking = { apiVersion: 'networking.k8s.io/v1' };
  return [
    { ...networking, kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    ours(
      'CognitoPool',
      { name: 'staff', namespace: 'identity' },
      { userPoolId: 'eu-west-1_AbCdEfGhI', clientId: '3n4b5example', allowedNamespaces: { from: 'All' } },
    ),
    ...(scene.policy === 'none'
      ? []
      : [ours('AccessPolicy', { name: 'staff', namespace: 'shop' }, policies[scene.policy])]),
    ...(scene.cluster === 'none'
      ? []
      : [ours('ClusterAccessPolicy', { name: 'internal' }, clusterPolicies[scene.cluster])]),
    {
      ...networking,
      kind: 'Ingress',
      metadata: { name: 'shop', namespace: 'shop', annotations: annotationsOf(scene) },
      spec: { ingressClassName: 'nginx', rules: [{ host: 'shop.example.com' }] },
    },
  ];
}

function outcome(scene: Scene, onPolicyGone: Installation['onPolicyGone'] = 'Refuse') {
  const objects = objectsOf(scene).map((value) => ({ value, origin: 'x' }));
  const { plans, table } = translate({ installation: { ...installation, onPolicyGone }, objects, secrets: new Map() });
  return { plan: plans[0], route: table.route(id) };
}

const isMarked = ({ mark }: Scene): boolean => mark !== 'none';
const isPointedAt = ({ policy }: Scene): boolean => policy !== 'none' && policy !== 'untargeted';
const isSelected = ({ cluster }: Scene): boolean => cluster !== 'none' && cluster !== 'elsewhere';
const isDefaulted = ({ cluster }: Scene): boolean => cluster === 'default' || cluster === 'broken';
const mustStay = (scene: Scene): boolean => isMarked(scene) || isPointedAt(scene) || isDefaulted(scene);

const scenes: fc.Arbitrary<Scene> = fc.record({
  mark: fc.constantFrom('none', 'policy', 'access', 'mistyped'),
  policy: fc.constantFrom('none', 'target', 'broken', 'audit', 'untargeted'),
  cluster: fc.constantFrom('none', 'default', 'required', 'elsewhere', 'broken'),
  unprotect: fc.constantFrom(undefined, 'true', 'false', 'yes', ''),
  wired: fc.boolean(),
  status: fc.constantFrom(undefined, status('mark'), status('target'), '{}', 'x', '{"began":"marked"}', '"mark"'),
});

test('P29 what is protected or wired is let go by an act on the Ingress only', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const { plan, route } = outcome(scene);
      const letGo = scene.unprotect === 'true' && !isMarked(scene) && !isSelected(scene);
      if (letGo) return assert.ok(plan === undefined || plan.act === 'Withdraw');
      if (mustStay(scene)) {
        assert.equal(plan?.act, 'Wire');
        assert.notEqual(plan.state, 'Unprotected');
        return assert.ok(route !== undefined);
      }
      if (scene.wired && scene.status !== status('mark')) {
        assert.equal(plan?.act, 'Wire');
        assert.equal(plan.reason, 'PolicyGone');
        return assert.ok(route !== undefined && route.policy === undefined, 'it refuses');
      }
      assert.ok(plan === undefined || plan.act === 'Withdraw');
      return assert.equal(plan === undefined, !scene.wired && scene.status === undefined);
    }),
    { numRuns: 3000 },
  );
});

test('P29 onPolicyGone: Open lets go of what no policy holds, and of nothing else', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const { plan } = outcome(scene, 'Open');
      const letGo = scene.unprotect === 'true' && !isMarked(scene) && !isSelected(scene);
      assert.equal(plan?.act === 'Wire', mustStay(scene) && !letGo);
    }),
  );
});

/** What the controller does with a plan. */
function applied(scene: Scene, plan: IngressPlan | undefined): Scene {
  if (plan === undefined || plan.act === 'Leave') return scene;
  if (plan.act === 'Withdraw') return { ...scene, wired: false, status: undefined };
  return { ...scene, wired: true, status: JSON.stringify({ began: plan.began, state: plan.state }) };
}

const events = fc.oneof(
  fc.record({ mark: fc.constantFrom<Scene['mark']>('none', 'policy', 'access', 'mistyped') }),
  fc.record({ policy: fc.constantFrom<Scene['policy']>('none', 'target', 'broken', 'audit', 'untargeted') }),
  fc.record({ cluster: fc.constantFrom<Scene['cluster']>('none', 'default', 'required', 'elsewhere', 'broken') }),
  fc.record({ unprotect: fc.constantFrom(undefined, 'true', 'no') }),
);

test('P29 P6 however policies come and go, only whoever may change the Ingress opens it', () => {
  const bare: Scene = {
    mark: 'none',
    policy: 'none',
    cluster: 'none',
    unprotect: undefined,
    wired: false,
    status: undefined,
  };
  fc.assert(
    fc.property(fc.array(events, { maxLength: 12 }), (changes) => {
      let scene = bare;
      for (const change of changes) {
        const before = scene;
        const changed = { ...scene, ...change };
        scene = applied(changed, outcome(changed).plan);
        assert.deepEqual(applied(scene, outcome(scene).plan), scene, 'once is enough');
        if (!before.wired || scene.wired) continue;
        const unmarked = isMarked(before) && !isMarked(changed);
        assert.ok(unmarked || changed.unprotect === 'true', `opened by ${JSON.stringify(change)}`);
      }
    }),
    { numRuns: 500 },
  );
});
