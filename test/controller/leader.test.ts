import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IngressPlan } from '../../src/model/plan.ts';
import type { KubeClient } from '../../src/kubernetes/client.ts';
import type { KubeObject } from '../../src/kubernetes/object.ts';
import { collectionPath, resources } from '../../src/kubernetes/resources.ts';
import { unwireAll } from '../../src/controller/unwire.ts';
import { wiring } from '../../src/planes/nginx-wiring.ts';
import { startCluster } from '../support/cluster/cluster.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { quiet, startLab, until } from './leader-world.ts';
import type { Lab } from './leader-world.ts';
import { finding, plan, routeId, settings, standing } from './samples.ts';

let cluster: Cluster;
let client: KubeClient;
let lab: Lab;

before(async () => {
  cluster = await startCluster();
  client = cluster.client();
  await cluster.kubectl('apply', '--server-side', '-f', 'crds/');
  await cluster.kubectl('create', 'namespace', 'gate');
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all');
});
after(async () => await cluster.stop());
beforeEach(async () => {
  await cluster.kubectl('create', 'namespace', 'shop').catch(() => undefined);
  lab = startLab({ client, settings });
});
afterEach(async () => {
  await lab.stop();
  const { ingresses, accessPolicies, cognitoPools, events: told } = resources;
  for (const resource of [ingresses, accessPolicies, cognitoPools, told]) {
    for (const namespace of ['shop', 'gate']) {
      await cluster.ask({ method: 'DELETE', path: collectionPath({ resource, namespace }) });
    }
  }
});

const shop = { resource: resources.ingresses, namespace: 'shop', name: 'shop' };
const get = async (): Promise<KubeObject | undefined> => await client.get(shop);
const annotations = async (): Promise<Readonly<Record<string, string>>> => (await get())?.metadata.annotations ?? {};

function ingress(name = 'shop', more: Record<string, string> = {}): object {
  const backend = { service: { name: 'app', port: { number: 80 } } };
  const rules = [{ host: `${name}.example.com`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'shop', annotations: more },
    spec: { ingressClassName: 'nginx', rules },
  };
}

async function create(name = 'shop', more: Record<string, string> = {}): Promise<KubeObject> {
  return await client.create({ ...shop, name }, ingress(name, more));
}

/** Of the name alone: a list that was read before the last Ingress came must not give others another id. */
function idOf(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32);
}

/** One plan for each Ingress of the namespace. */
function planned(change: Partial<IngressPlan> = {}) {
  return (ingresses: readonly KubeObject[]): { plans: readonly IngressPlan[] } => ({
    plans: ingresses
      .filter(({ metadata }) => metadata.namespace === 'shop')
      .map(({ metadata: { name } }) =>
        plan({
          name,
          hosts: [`${name}.example.com`],
          routeId: name === 'shop' ? routeId : idOf(name),
          ...change,
        }),
      ),
  });
}

async function companions(): Promise<readonly KubeObject[]> {
  return (await client.list({ resource: resources.ingresses, namespace: 'gate' })).items;
}

async function events(): Promise<readonly (readonly [unknown, unknown, unknown])[]> {
  const { items } = await client.list({ resource: resources.events, namespace: 'shop' });
  return items.map((event) => [event['type'], event['reason'], event['note']]);
}

const wired = async (): Promise<boolean> => {
  const present = await annotations();
  return Object.entries(standing()).every(([key, value]) => present[key] === value);
};

test('an Ingress is wired, its host gets a companion, one event tells it, and then nothing is written any more', async () => {
  await create('shop', { mine: 'stays' });
  await lab.set(planned());
  await until('it is wired', wired);
  await until('it is told', async () => (await events()).length > 0);
  assert.deepEqual(await events(), [['Normal', 'Protected', 'protected by the policy shop/staff']]);
  assert.equal((await annotations())['mine'], 'stays');
  assert.deepEqual(
    (await companions()).map(({ spec }) => (spec as { rules: { host: string }[] }).rules[0]?.host),
    ['shop.example.com'],
  );
  assert.deepEqual(lab.writes.toSorted(), ['Companion done', 'Event done', 'Ingress done']);
  assert.deepEqual(await quiet(lab), []);
});

test('a new leader writes nothing and tells nothing again', async () => {
  await create();
  await lab.set(planned());
  await until('it is told', async () => (await events()).length > 0);
  await lab.stop();
  lab = startLab({ client, settings });
  await lab.set(planned());
  assert.deepEqual(await quiet(lab), []);
});

test('nothing is written by one that does not lead, and everything once it does', async () => {
  await create();
  lab.lead(false);
  await lab.set(planned());
  assert.deepEqual(await quiet(lab), []);
  lab.lead(true);
  await until('it is wired', wired);
});

test('withdrawal takes off what is ours, then the companion', async () => {
  await create('shop', { mine: 'stays' });
  await lab.set(planned());
  await until('it is wired', wired);
  await until('there is a companion', async () => (await companions()).length === 1);
  await lab.set(planned({ act: 'Withdraw' }));
  await until('the companion is gone', async () => (await companions()).length === 0);
  assert.deepEqual(await annotations(), { mine: 'stays' });
  await until('it is told', async () => (await events()).some(([, reason]) => reason === 'Withdrawn'));
  assert.deepEqual(await quiet(lab), []);
});

test('a bypassed namespace is left alone', async () => {
  await create();
  await lab.set((all) => ({ ...planned()(all), bypassed: new Set(['shop']) }));
  assert.deepEqual(await quiet(lab), []);
});

test('P19: what somebody takes off is put back and told', async () => {
  await create();
  await lab.set(planned());
  await until('it is wired', wired);
  await cluster.kubectl('replace', '-f', '-', { input: JSON.stringify(ingress()) });
  await until('it is wired again', wired);
  await until('it is told', async () =>
    (await events()).some(([type, reason]) => type === 'Warning' && reason === 'WiringPutBack'),
  );
  assert.deepEqual(lab.findings(), []);
});

test('who keeps changing it is named, and it is written once a minute from then on, wherever the clock jumps', async () => {
  await create();
  // managedFields have whole seconds: the rival is who wrote last.
  await sleep(1_100);
  await lab.set(planned());
  for (let fights = 0; fights < 5; fights += 1) {
    await until(`it is wired ${String(fights)} times`, wired);
    await client.merge(
      shop,
      { metadata: { annotations: { 'nginx.ingress.kubernetes.io/auth-url': null, sync: String(fights) } } },
      { fieldManager: 'argocd' },
    );
  }
  const [contested] = await until('it is contested', () => lab.findings().length > 0 && lab.findings());
  assert.equal(contested?.reason, 'Contested');
  assert.ok(contested.message.startsWith('"argocd" (so managedFields say) keeps changing'));
  await until('it is told', async () => (await events()).some(([, reason]) => reason === 'Contested'));
  await quiet(lab);
  assert.equal(await wired(), false);
  lab.jump(-3_600);
  lab.wait(61);
  await until('it is wired after a minute', wired);
  lab.wait(122);
  await until('the fight is over', () => lab.findings().length === 0);
});

test('an Ingress that was deleted and made again is another one', async () => {
  await create();
  const [old] = (await client.list({ resource: resources.ingresses, namespace: 'shop' })).items;
  assert.ok(old !== undefined);
  await client.remove(shop);
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'shop', uid: old.metadata.uid, annotations: standing() },
  };
  await assert.rejects(client.apply(shop, body, { fieldManager: 'x' }), /uid/i);
  await lab.set(planned());
  await create();
  await until('it is wired', wired);
});

test('an auth-url of somebody else is never overwritten by a plan that did not know of it, only taken over', async () => {
  await create('shop', { 'nginx.ingress.kubernetes.io/auth-url': 'http://other/' });
  await lab.set(planned());
  await until('it was tried', () => lab.writes.includes('Ingress conflict'));
  assert.equal((await annotations())['nginx.ingress.kubernetes.io/auth-url'], 'http://other/');
  await client.merge(
    shop,
    { metadata: { annotations: { 'cognito-gate.dev/take-over': 'true' } } },
    { fieldManager: 'kubectl' },
  );
  await until('it is taken over', wired);
});

/** Stands for the webhook of ingress-nginx, which judges the whole object again. */
const refusing = (expression: string, message: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: 'refuses' },
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: {
            resourceRules: [
              {
                apiGroups: ['networking.k8s.io'],
                apiVersions: ['v1'],
                operations: ['CREATE', 'UPDATE'],
                resources: ['ingresses'],
              },
            ],
          },
          validations: [{ expression, message }],
        },
      },
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: 'refuses' },
        spec: { policyName: 'refuses', validationActions: ['Deny'] },
      },
    ],
  });

async function refuse(expression: string, message: string): Promise<() => Promise<unknown>> {
  const input = refusing(expression, message);
  await cluster.kubectl('apply', '-f', '-', { input });
  const probe = { metadata: { name: 'probe', namespace: 'gate', annotations: standing() }, spec: {} };
  const passes = async (): Promise<boolean> => {
    const doomed = {
      ...ingress('probe'),
      metadata: { ...probe.metadata, labels: { 'cognito-gate.dev/companion': 'true' } },
    };
    const answer = await cluster.tryKubectl('create', '--dry-run=server', '-f', '-', { input: JSON.stringify(doomed) });
    return answer.code === 0;
  };
  await until('it refuses', async () => !(await passes()));
  return async () => {
    await cluster.kubectl('delete', '-f', '-', { input });
    await until('it passes', passes);
  };
}

test('T17.1: what another webhook refuses is said with its words, and holds up no other Ingress', async () => {
  const allow = await refuse(
    "object.metadata.name != 'shop' && object.metadata.name != 'probe' || !has(object.metadata.annotations) || !('cognito-gate.dev/status' in object.metadata.annotations)",
    'snippets are off here',
  );
  await create();
  await create('other');
  await lab.set(planned());
  const [refused] = await until('it is said', () => lab.findings().length > 0 && lab.findings());
  assert.deepEqual([refused?.reason, refused?.object.name], ['WriteRefused', 'shop']);
  assert.ok(refused?.message.includes('snippets are off here'));
  await until(
    'the other is wired',
    async () =>
      'cognito-gate.dev/status' in ((await client.get({ ...shop, name: 'other' }))?.metadata.annotations ?? {}),
  );
  await until('it is told', async () => (await events()).some(([, reason]) => reason === 'WriteRefused'));
  await allow();
  lab.wait(61);
  await until('it is wired', wired);
  await until('nothing is said any more', () => lab.findings().length === 0);
});

test('N32: a companion that is refused is told at the Ingress', async () => {
  const allow = await refuse(
    "!has(object.metadata.labels) || !('cognito-gate.dev/companion' in object.metadata.labels)",
    'host shop.example.com is taken',
  );
  await create();
  await lab.set(planned());
  await until('it is wired', wired);
  const [refused] = await until('it is said', () => lab.findings().length > 0 && lab.findings());
  assert.equal(refused?.reason, 'SignInShadowed');
  assert.ok(refused.message.includes('host shop.example.com is taken'));
  await allow();
  lab.wait(61);
  await until('there is a companion', async () => (await companions()).length === 1);
});

test('many Ingresses at once are each written once', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `app-${String(index)}`);
  await Promise.all(names.map(async (name) => await create(name)));
  await lab.set(planned());
  await until('all are told', async () => (await events()).length === 60);
  const count = (what: string): number => lab.writes.filter((one) => one === what).length;
  assert.deepEqual(
    [count('Ingress done'), count('Companion done'), count('Event done'), lab.writes.length],
    [60, 60, 60, 180],
  );
  assert.deepEqual(await quiet(lab), []);
});

test('a lease that is lost while many are written ends it at once, and the next leader does the rest', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `app-${String(index)}`);
  await Promise.all(names.map(async (name) => await create(name)));
  await lab.set(planned());
  await until('some are written', () => lab.writes.length > 0);
  lab.lead(false);
  const late = await quiet(lab);
  assert.ok(late.length <= 8, 'those that were in flight');
  await lab.stop();
  lab = startLab({ client, settings });
  await lab.set(planned());
  await until('all are wired', async () => {
    const { items } = await client.list({ resource: resources.ingresses, namespace: 'shop' });
    return items.every(({ metadata }) => metadata.annotations?.['cognito-gate.dev/status'] !== undefined);
  });
  await until('all have companions', async () => (await companions()).length === 40);
  await until('nothing is to be done', async () => (await quiet(lab)).length === 0);
  assert.deepEqual(await quiet(lab), []);
});

test('an API server that restarts holds nothing up for good, and nothing is written twice', async () => {
  await create();
  await lab.set(planned());
  await until('it is told', async () => (await events()).length === 1);
  await cluster.stopApi('SIGKILL');
  await lab.set(planned({ state: 'Refusing', reason: 'PolicyGone', policy: undefined, began: 'target' }));
  await until('it was tried', () => lab.writes.includes('Ingress failed'));
  await cluster.startApi();
  await until('it says so', async () => /PolicyGone/.test((await annotations())['cognito-gate.dev/status'] ?? ''));
  await until('it is told', async () => (await events()).length === 2);
  assert.deepEqual(await quiet(lab), []);
});

const policy = {
  apiVersion: 'cognito-gate.dev/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { name: 'staff', namespace: 'shop' },
  spec: {
    targetRefs: [{ group: 'networking.k8s.io', kind: 'Ingress', name: 'shop' }],
    rules: [{ name: 'all', access: 'SignedIn' }],
  },
};
const policyPlace = { resource: resources.accessPolicies, namespace: 'shop', name: 'staff' };
const ref = { kind: 'AccessPolicy', namespace: 'shop', name: 'staff' };
const target = {
  ref: { kind: 'Ingress', namespace: 'shop', name: 'shop' },
  state: 'Enforced',
  reason: undefined,
  message: 'decides',
} as const;

interface Said {
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly lastTransitionTime: string;
    readonly message: string;
  }[];
}

async function said(): Promise<Said | undefined> {
  return (await client.get(policyPlace))?.['status'] as Said | undefined;
}

const isSaid = async (type: string, reason: string): Promise<Said | undefined> => {
  const status = await said();
  return status?.conditions.some((one) => one.type === type && one.reason === reason) === true ? status : undefined;
};

test('a policy says what it came to, in columns too, and is written only when that changes', async () => {
  await create();
  await client.create(policyPlace, policy);
  const report = { ref, mode: 'Enforce', pools: ['gate/default'], targets: [target] } as const;
  await lab.set((all) => ({ ...planned()(all), policies: [report], everywhere: false }));
  const before = await until('it is not everywhere', async () => await isSaid('Protected', 'Reconciling'));
  await lab.set((all) => ({ ...planned()(all), policies: [report] }));
  const after = await until('it is programmed', async () => await isSaid('Protected', 'Protected'));
  assert.deepEqual(
    after.conditions.map(({ type, status }) => `${type} ${status}`),
    ['Accepted True', 'ResolvedRefs True', 'Programmed True', 'Protected True'],
  );
  assert.equal(after.conditions[0]?.lastTransitionTime, before.conditions[0]?.lastTransitionTime);
  assert.ok(/may take some seconds more/.test(after.conditions[2]?.message ?? ''));
  assert.deepEqual(await quiet(lab), []);
  // Another policy's change is on its way to the other replicas: of this one nothing else is to be said.
  await lab.set((all) => ({ ...planned()(all), policies: [report], everywhere: false, unchanged: () => true }));
  assert.deepEqual(await quiet(lab), []);
  const row = (await cluster.kubectl('get', 'accesspolicy', '-n', 'shop', 'staff', '--no-headers')).split(/\s+/);
  assert.deepEqual(row.slice(0, 3), ['staff', 'True', 'Protected']);
});

test('P1: a broken policy names the field and the fix, on itself and on its Ingress', async () => {
  await create();
  await client.create(policyPlace, policy);
  const report = {
    ref,
    mode: 'Enforce',
    pools: [],
    targets: [{ ...target, state: 'Broken', reason: 'AudienceMissing' }],
  } as const;
  const broken = planned({ state: 'Refusing', reason: 'AudienceMissing', policy: undefined });
  await lab.set((all) => ({ ...broken(all), policies: [report], findings: [finding()] }));
  await until('it is said', async () => await isSaid('Protected', 'AudienceMissing'));
  await until('both are told', async () => (await events()).length >= 2);
  const told = (await events()).toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
  assert.deepEqual(told, [
    [
      'Warning',
      'AudienceMissing',
      'every request is refused: AccessPolicy shop/staff: spec.rules[0].allow: names nobody: write a group',
    ],
    ['Warning', 'AudienceMissing', 'spec.rules[0].allow: names nobody: write a group'],
  ]);
  await lab.stop();
  lab = startLab({ client, settings });
  await lab.set((all) => ({ ...broken(all), policies: [report], findings: [finding()] }));
  assert.deepEqual(await quiet(lab), []);
  const described = await cluster.kubectl('describe', 'accesspolicy', '-n', 'shop', 'staff');
  assert.ok(/spec\.rules\[0\]\.allow: names nobody: write a group; every request is refused/.test(described));
});

test('a ClusterAccessPolicy is told in the default namespace, and says so itself', async () => {
  const place = { resource: resources.clusterAccessPolicies, name: 'internal' };
  const body = {
    apiVersion: 'cognito-gate.dev/v1alpha1',
    kind: 'ClusterAccessPolicy',
    metadata: { name: 'internal' },
    spec: { required: { deny: [{ groups: ['suspended'] }] } },
  };
  await client.create(place, body);
  const clusterRef = { kind: 'ClusterAccessPolicy', namespace: '', name: 'internal' };
  const report = { ref: clusterRef, mode: 'Enforce', pools: [], targets: [target] } as const;
  const warning = finding({
    object: clusterRef,
    severity: 'warning',
    reason: 'MarkAdvised',
    field: '',
    message: 'mark it',
  });
  await create();
  await lab.set((all) => ({ ...planned()(all), policies: [report], findings: [warning] }));
  const status = await until('it is said', async () => (await client.get(place))?.['status'] as Said | undefined);
  assert.equal(status.conditions[0]?.message, 'in force, but: mark it');
  await until('it is told', async () => {
    const { items } = await client.list({ resource: resources.events, namespace: 'default' });
    return items.some((event) => event['reason'] === 'MarkAdvised' && event['note'] === 'mark it');
  });
  await until('nothing is to be done', async () => (await quiet(lab)).length === 0);
  await client.remove(place);
});

test('a pool says what to register and what Cognito answered', async () => {
  const place = { resource: resources.cognitoPools, namespace: 'gate', name: 'staff' };
  const spec = { userPoolId: 'eu-west-1_AbCdEfGhI', clientId: '3n4b5example', allowedNamespaces: { from: 'All' } };
  await client.create(place, {
    apiVersion: 'cognito-gate.dev/v1alpha1',
    kind: 'CognitoPool',
    metadata: { name: 'staff', namespace: 'gate' },
    spec,
  });
  const ok = { ok: true, reason: 'Answered', message: 'it answered' };
  const state = {
    askedAt: 1,
    issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI',
    discovery: ok,
    keys: ok,
    authorize: { ok: false, reason: 'RedirectMismatch', message: 'register https://auth.example.com/oauth2/callback' },
    logout: ok,
    loginPages: 'Managed',
  } as const;
  const pools = [{ ref: { kind: 'CognitoPool', namespace: 'gate', name: 'staff' }, id: 'a'.repeat(64) }];
  await lab.set(() => ({ pools, poolStates: new Map([['gate/staff', state]]) }));
  const status = await until(
    'it is said',
    async () => (await client.get(place))?.['status'] as Record<string, unknown> | undefined,
  );
  assert.deepEqual(status['register'], {
    callbackUrls: ['https://auth.example.com/oauth2/callback'],
    signOutUrls: ['https://auth.example.com/oauth2/signed-out'],
    grant: 'code',
    scopes: ['openid', 'profile', 'email'],
  });
  assert.equal(status['issuer'], state.issuer);
  assert.deepEqual(
    (status as unknown as Said).conditions.map(({ type, status: is, reason }) => [type, is, reason]),
    [
      ['Accepted', 'True', 'Accepted'],
      ['ResolvedRefs', 'True', 'ResolvedRefs'],
      ['Reachable', 'True', 'Answered'],
      ['Registered', 'False', 'RedirectMismatch'],
    ],
  );
  await lab.set(() => ({ pools }));
  assert.deepEqual(await quiet(lab), []);
});

test('unwire --all takes off every wiring of ours, then the companions, and says so', async () => {
  await create('shop', { mine: 'stays' });
  await create('foreign', {
    'nginx.ingress.kubernetes.io/auth-url': 'http://other/nginx/0123456789abcdef0123456789abcdef',
  });
  await lab.set((all) => ({ plans: planned()(all).plans.filter(({ name }) => name === 'shop') }));
  await until('it is wired', wired);
  await until('there is a companion', async () => (await companions()).length === 1);
  await lab.stop();
  const [companion] = await companions();
  const done = await unwireAll(client, settings);
  assert.deepEqual(done, {
    unwired: ['shop/shop'],
    companions: [`gate/${companion?.metadata.name ?? ''}`],
    failed: [],
  });
  assert.deepEqual(await annotations(), { mine: 'stays' });
  assert.deepEqual(await unwireAll(client, settings), { unwired: [], companions: [], failed: [] });
  assert.ok(Object.keys(wiring(routeId, settings.install)).length === 4);
  lab = startLab({ client, settings });
});
