import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ingressWrite, isWired } from '../../src/controller/wanted-ingress.ts';
import { statusAnnotation, statusAnnotationName } from '../../src/planes/status-annotation.ts';
import { object, plan, routeId, settings, standing } from './samples.ts';

const { install } = settings;
const key = (name: string): string => `nginx.ingress.kubernetes.io/${name}`;
const ingress = (annotations: Record<string, string>) => object('Ingress', { annotations });
const ours = standing()[key('auth-url')] ?? '';
const foreign = 'http://oauth2-proxy.auth.svc/oauth2/auth';

test('the status says how protection began, its state, policy and reason, in this order', () => {
  assert.equal(statusAnnotation(plan()), '{"began":"mark","state":"Enforced","policy":"shop/staff"}');
  const refusing = plan({ began: 'target', state: 'Refusing', reason: 'PolicyGone', policy: undefined });
  assert.equal(statusAnnotation(refusing), '{"began":"target","state":"Refusing","reason":"PolicyGone"}');
});

test('an Ingress without our annotations gets them, its uid and nothing else', () => {
  const write = ingressWrite(plan(), ingress({ 'cognito-gate.dev/policy': 'staff' }), install);
  assert.deepEqual(write, {
    verb: 'apply',
    force: false,
    body: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'shop', namespace: 'shop', uid: 'uid-1', annotations: standing() },
    },
  });
});

test('an Ingress without any annotation is wired whoever applied the empty map, unless it changed since', () => {
  const write = ingressWrite(plan(), ingress({}), install);
  assert.equal(write?.verb, 'apply');
  assert.equal(write.force, true);
  const { metadata } = write.body as { metadata: { resourceVersion?: string } };
  assert.equal(metadata.resourceVersion, ingress({}).metadata.resourceVersion);
});

test('nothing is written where everything stands', () => {
  assert.equal(ingressWrite(plan(), ingress({ ...standing(), other: 'x' }), install), undefined);
  assert.ok(isWired(plan(), ingress(standing()), install));
});

const takesOver: readonly (readonly [string, Record<string, string>, boolean])[] = [
  ['P19: a part is missing', { ...standing(), [key('auth-url')]: '' }, true],
  [
    'the auth-url is of somebody else, to be taken over',
    { [key('auth-url')]: foreign, 'cognito-gate.dev/take-over': 'true' },
    true,
  ],
  ['the auth-url is of somebody else, and the plan knew nothing of it', { [key('auth-url')]: foreign }, false],
  [
    'the auth-url came with the text of an Ingress of ours',
    { [key('auth-url')]: `${ours.slice(0, -32)}${'0'.repeat(32)}` },
    true,
  ],
  ['the auth-url is empty', { [key('auth-url')]: '' }, true],
  ['the status is an older one', { ...standing(), [statusAnnotationName]: '{}' }, true],
  ['only the status is missing', Object.fromEntries(Object.entries(standing()).slice(0, 4)), false],
];

for (const [name, annotations, force] of takesOver) {
  test(`all of ours are applied, by force only over other values: ${name}`, () => {
    const write = ingressWrite(plan(), ingress(annotations), install);
    assert.equal(write?.verb, 'apply');
    assert.equal(write.force, force);
  });
}

const left: readonly (readonly [string, Record<string, string>, readonly string[]])[] = [
  ['everything of ours', { ...standing(), other: 'x' }, Object.keys(standing())],
  [
    'only the status, beside an auth-url of somebody else',
    { ...standing(), [key('auth-url')]: foreign },
    [statusAnnotationName],
  ],
  [
    'not a method of somebody else',
    { ...standing(), [key('auth-method')]: 'POST' },
    Object.keys(standing()).filter((one) => one !== key('auth-method')),
  ],
  [
    'a sign-in address that another port of ours had',
    { ...standing(), [key('auth-signin')]: `https://$host:8443/_x/start/${routeId}?rd=$escaped_request_uri` },
    Object.keys(standing()),
  ],
  [
    'not a sign-in address of somebody else',
    { ...standing(), [key('auth-signin')]: 'https://auth/start' },
    Object.keys(standing()).filter((one) => one !== key('auth-signin')),
  ],
];

for (const [name, annotations, keys] of left) {
  test(`withdrawal takes off ${name}`, () => {
    const write = ingressWrite(plan({ act: 'Withdraw' }), ingress(annotations), install);
    const annotationsNow = Object.fromEntries(keys.map((one) => [one, null]));
    assert.deepEqual(write, {
      verb: 'merge',
      patch: { metadata: { uid: 'uid-1', resourceVersion: '100', annotations: annotationsNow } },
    });
  });
}

test('nothing is withdrawn where nothing of ours stands, and a plan that leaves touches nothing', () => {
  const other = { [key('auth-url')]: foreign, [key('auth-method')]: 'GET' };
  assert.equal(ingressWrite(plan({ act: 'Withdraw' }), ingress(other), install), undefined);
  assert.equal(
    ingressWrite(plan({ act: 'Withdraw', routeId: 'f'.repeat(32) }), ingress(wiringOnly()), install),
    undefined,
  );
  assert.equal(ingressWrite(plan({ act: 'Leave' }), ingress({}), install), undefined);
});

/** Of another route: an Ingress that was copied under another name. */
function wiringOnly(): Record<string, string> {
  const { [statusAnnotationName]: _, ...rest } = standing();
  return rest;
}

const unsupported = plan({ act: 'Leave', state: 'Unprotected', reason: 'PlaneUnsupported', policy: undefined });
const corrections: readonly (readonly [string, typeof unsupported, Record<string, string>, boolean])[] = [
  ['that says it protects', unsupported, standing(), true],
  [
    'that says so already',
    unsupported,
    { ...standing(), [statusAnnotationName]: statusAnnotation(unsupported) },
    false,
  ],
  ['of an Ingress that somebody else wired since', unsupported, { ...standing(), [key('auth-url')]: foreign }, false],
  ['of a bypassed namespace', { ...unsupported, reason: 'Bypassed' }, standing(), false],
  ['that is not there', unsupported, {}, false],
];

for (const [name, left, annotations, expected] of corrections) {
  test(`where nothing protects an Ingress any more, a status ${name} is ${expected ? 'corrected, alone' : 'left'}`, () => {
    const write = ingressWrite(left, ingress(annotations), install);
    assert.equal(write?.verb, expected ? 'correct' : undefined);
    if (write?.verb !== 'correct') return;
    const { metadata } = write.patch as { metadata: { annotations: object; resourceVersion: string } };
    assert.deepEqual(metadata.annotations, { [statusAnnotationName]: statusAnnotation(left) });
    assert.equal(metadata.resourceVersion, ingress({}).metadata.resourceVersion);
  });
}

const machines = plan({ signIn: false });
const { [key('auth-signin')]: _signIn, ...withoutSignIn } = standing();

test('B10: an Ingress that only machines use is wired without a sign-in, so that NGINX hands on the challenge', () => {
  const write = ingressWrite(machines, ingress({ a: 'b' }), install);
  const { metadata } = (write?.verb === 'apply' ? write.body : {}) as { metadata?: { annotations: object } };
  assert.deepEqual(metadata?.annotations, withoutSignIn);
  assert.equal(ingressWrite(machines, ingress(withoutSignIn), install), undefined);
  assert.ok(isWired(machines, ingress(withoutSignIn), install));
  assert.ok(!isWired(plan(), ingress(withoutSignIn), install));
});

test('our sign-in is taken off once only machines may come, whoever owns it; somebody else’s stays', () => {
  const { resourceVersion } = ingress({}).metadata;
  const annotations = { ...withoutSignIn, [key('auth-signin')]: null };
  assert.deepEqual(ingressWrite(machines, ingress(standing()), install), {
    verb: 'amend',
    patch: { metadata: { uid: 'uid-1', resourceVersion, annotations } },
  });
  const theirs = { ...withoutSignIn, [key('auth-signin')]: 'https://login.example.com/' };
  assert.equal(ingressWrite(machines, ingress(theirs), install), undefined);
});
