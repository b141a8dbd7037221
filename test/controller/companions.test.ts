import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { KubeObject } from '../../src/kubernetes/object.ts';
import { createApplied } from '../../src/controller/applied.ts';
import { companionJobs } from '../../src/controller/companion-jobs.ts';
import type { CompanionWriting } from '../../src/controller/companion-jobs.ts';
import { companionChanges, companionName, wantedCompanions } from '../../src/controller/companions.ts';
import type { Companion } from '../../src/controller/companions.ts';
import type { Round } from '../../src/controller/round.ts';
import { objectKey } from '../../src/controller/world.ts';
import { object, plan, settings, standing } from './samples.ts';

const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gate', uid: 'owner-1' };
const owned = { ...settings, owner };
const none = new Set<string>();

function made({ body }: Companion, change: Record<string, unknown> = {}): KubeObject {
  return {
    ...structuredClone(body),
    metadata: { ...body.metadata, uid: 'c', resourceVersion: '5' },
    ...change,
  } as unknown as KubeObject;
}

function byKey(...objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  return new Map(objects.map((one) => [objectKey('Ingress', one.metadata.namespace, one.metadata.name), one]));
}

function only<T>(list: readonly T[]): T {
  const [first] = list;
  assert.ok(first !== undefined && list.length === 1);
  return first;
}

test('a companion leads the sign-in paths of one host to us, without tls or any label of helm (N8)', () => {
  const companion = only(wantedCompanions([plan()], owned));
  const hash = createHash('sha256').update('shop.example.com\0nginx').digest('hex');
  assert.equal(companion.name, `cognito-gate-companion-${hash.slice(0, 12)}`);
  assert.deepEqual(companion.body, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: companion.name,
      namespace: 'gate',
      labels: {
        'app.kubernetes.io/managed-by': 'cognito-gate',
        'cognito-gate.dev/companion': 'true',
        'cognito-gate.dev/controller-name': 'cognito-gate',
      },
      annotations: {
        'nginx.ingress.kubernetes.io/proxy-buffer-size': '16k',
        'nginx.ingress.kubernetes.io/enable-global-auth': 'false',
        'nginx.ingress.kubernetes.io/disable-proxy-intercept-errors': 'true',
        'external-dns.alpha.kubernetes.io/controller': 'cognito-gate',
        'external-dns.alpha.kubernetes.io/ingress-hostname-source': 'annotation-only',
      },
      ownerReferences: [owner],
    },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [
              {
                path: '/_cognito-gate',
                pathType: 'Prefix',
                backend: { service: { name: 'gate-sign-in', port: { number: 8081 } } },
              },
            ],
          },
        },
      ],
    },
  });
});

test('one for each host and class, wildcards and classless ones too', () => {
  const plans = [
    plan({ hosts: ['a.example.com', '*.example.com'] }),
    plan({ name: 'again', routeId: '1'.repeat(32), hosts: ['a.example.com'] }),
    plan({ name: 'other', hosts: ['a.example.com'], className: undefined }),
  ];
  const all = wantedCompanions(plans, settings);
  assert.deepEqual(
    all.map(({ host, routes, body }) => [host, routes.length, body.spec.ingressClassName]),
    [
      ['a.example.com', 2, 'nginx'],
      ['*.example.com', 1, 'nginx'],
      ['a.example.com', 1, undefined],
    ],
  );
  assert.notEqual(companionName('a', undefined), companionName('a', 'nginx'));
});

const companion = only(wantedCompanions([plan()], owned));
const rules = structuredClone(companion.body.spec.rules);
const good = made(companion);
const { metadata } = companion.body;
const wrong: Readonly<Record<string, KubeObject>> = {
  'a label is missing': made(companion, {
    metadata: { ...good.metadata, labels: { ...metadata.labels, 'cognito-gate.dev/companion': '' } },
  }),
  'an annotation differs': made(companion, {
    metadata: {
      ...good.metadata,
      annotations: { ...metadata.annotations, 'nginx.ingress.kubernetes.io/proxy-buffer-size': '4k' },
    },
  }),
  'the owner is another': made(companion, {
    metadata: { ...good.metadata, ownerReferences: [{ ...owner, uid: 'x' }] },
  }),
  'the class is another': made(companion, { spec: { ingressClassName: 'x', rules } }),
  'a rule was added': made(companion, { spec: { ingressClassName: 'nginx', rules: [...rules, ...rules] } }),
};

for (const [name, there] of Object.entries(wrong)) {
  test(`it is written again where ${name}`, () => {
    assert.equal(companionChanges([plan()], byKey(there), none, owned).write.length, 1);
  });
}

test('it is left alone where all of it stands, whatever others added', () => {
  const spec = { ingressClassName: 'nginx', rules, tls: [{}] };
  const there = made(companion, {
    spec,
    metadata: { ...good.metadata, annotations: { ...metadata.annotations, x: 'y' } },
  });
  assert.deepEqual(companionChanges([plan()], byKey(there), none, owned), { write: [], remove: [] });
});

test('it goes when no plan needs it, but not while the wiring stands or the namespace is bypassed', () => {
  const wired = object('Ingress', { annotations: standing() });
  const bare = object('Ingress');
  const removed = (...args: Parameters<typeof companionChanges>): number => companionChanges(...args).remove.length;
  const withdrawn = [plan({ act: 'Withdraw' })];
  assert.equal(removed([], byKey(good), none, owned), 1);
  assert.equal(removed(withdrawn, byKey(good, bare), none, owned), 1);
  assert.equal(removed(withdrawn, byKey(good, wired), none, owned), 0);
  assert.equal(removed([plan({ act: 'Leave' })], byKey(good, bare), new Set(['shop']), owned), 0);
  assert.equal(removed([], byKey(good), none, { ...owned, controllerName: 'other' }), 0);
  assert.equal(removed([], byKey(good), none, { ...owned, releaseNamespace: 'elsewhere' }), 0);
});

test('none is made for a bypassed namespace', () => {
  assert.deepEqual(companionChanges([plan()], byKey(), new Set(['shop']), owned).write, []);
});

test('an Ingress with thousands of hosts has its companions after everybody else', () => {
  const many = plan({ hosts: Array.from({ length: 3_000 }, (_none, index) => `h${index}.example.com`) });
  const another = plan({ namespace: 'wiki', name: 'wiki', hosts: ['wiki.example.com', 'h2999.example.com'] });
  const world = { plans: [many, another], bypassed: none } as unknown as Round['world'];
  const round = { world, ingresses: byKey() } as unknown as Round;
  const writing = { settings: owned, applied: createApplied() } as unknown as CompanionWriting;
  const { jobs, later, missing } = companionJobs(round, writing);
  const keys = jobs.map(({ key }) => key.split(' ').at(-1));
  const inTime = ['h0.example.com', 'wiki.example.com', 'h2999.example.com'].map((host) =>
    companionName(host, 'nginx'),
  );
  for (const name of inTime)
    assert.ok(
      keys.some((key) => key?.endsWith(name)),
      name,
    );
  assert.deepEqual([jobs.length, jobs.length + later.length, missing.size], [22, 3_001, 3_001]);
});

test('a host that only machines use needs none, and keeps one while NGINX may send people there', () => {
  const machines = plan({ signIn: false });
  assert.deepEqual(wantedCompanions([machines], settings), []);
  assert.equal(wantedCompanions([machines, plan({ routeId: '1'.repeat(32) })], settings).length, 1);
  const changes = (annotations: Record<string, string>) =>
    companionChanges([machines], byKey(object('Ingress', { annotations }), good), new Set(), owned).remove.length;
  assert.equal(changes(standing()), 0);
  const { 'nginx.ingress.kubernetes.io/auth-signin': _signIn, ...withoutSignIn } = standing();
  assert.equal(changes(withoutSignIn), 1);
});
