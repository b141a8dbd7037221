import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { NotLoadedError } from '../../src/controller/admission-review.ts';
import { annotationPatch } from '../../src/controller/annotation-patch.ts';
import { wiring } from '../../src/planes/nginx-wiring.ts';
import { routeId } from '../../src/translate/route-id.ts';
import { namespace } from '../support/cluster/objects.ts';
import type { TestObject } from '../support/cluster/objects.ts';
import {
  admissionBeside,
  annotationsOf,
  app,
  install,
  patched,
  policy,
  review,
  shopTarget,
} from './admission-world.ts';

const ours = wiring(routeId('shop', 'shop'), install);
const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const signedIn = { 'cognito-gate.dev/access': 'SignedIn' };
const target = policy('shop', shopTarget);

function statusOf(object: TestObject): Record<string, unknown> | undefined {
  const text = annotationsOf(object)['cognito-gate.dev/status'];
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
}

function isWired(object: TestObject): boolean {
  return Object.entries(ours).every(([name, value]) => annotationsOf(object)[name] === value);
}

/** As it is stored after `mutate`, beside these other objects. */
function stored(object: TestObject, beside: readonly TestObject[], before?: TestObject): TestObject {
  return patched(object, admissionBeside(beside).mutate(review(object, before)));
}

function refusal(object: TestObject, beside: readonly TestObject[], before?: TestObject): string {
  const response = admissionBeside(beside).mutate(review(object, before));
  assert.equal(response.allowed, false);
  assert.equal(response.patch, undefined);
  return response.status?.message ?? '';
}

suite('an Ingress that is to be protected is wired in the very request', () => {
  test('a mark: four annotations and the status', () => {
    const object = stored(app(signedIn), []);
    assert.ok(isWired(object));
    assert.deepEqual(statusOf(object), { began: 'mark', state: 'Enforced', policy: 'shop/ingress/shop' });
    assert.equal(annotationsOf(object)['cognito-gate.dev/access'], 'SignedIn');
  });

  test('a policy that comes later: wired, refuses, and says so', () => {
    const response = admissionBeside([]).mutate(review(app({ 'cognito-gate.dev/policy': 'later' })));
    const object = patched(app({ 'cognito-gate.dev/policy': 'later' }), response);
    assert.ok(isWired(object));
    assert.deepEqual(statusOf(object), { began: 'mark', state: 'Refusing', reason: 'PolicyNotFound' });
    assert.ok(response.warnings?.some((text) => /policy.*\(PolicyNotFound\)/.test(text)));
  });

  test('a policy that points at it', () => {
    const object = stored(app(), [target]);
    assert.ok(isWired(object));
    assert.equal(statusOf(object)?.['began'], 'target');
  });

  test('without annotations at all', () => {
    const { annotations: _none, ...metadata } = app().metadata;
    assert.ok(isWired(stored({ ...app(), metadata }, [target])));
  });

  test('nothing that concerns us: untouched', () => {
    const response = admissionBeside([]).mutate(review(app({ a: 'b' })));
    assert.deepEqual(response, { uid: 'u1', allowed: true });
  });

  test('what is wired already is patched no further', () => {
    const object = stored(app(signedIn), []);
    assert.equal(admissionBeside([]).mutate(review(object, object)).patch, undefined);
  });

  test('a copy of another Ingress gets wiring of its own', () => {
    const copied = { ...signedIn, ...ours, [authUrl]: `http://127.0.0.1:8080/nginx/${'0'.repeat(32)}` };
    assert.ok(isWired(stored(app(copied), [])));
  });

  test('another installation is not ours to touch', () => {
    const other = app({ ...signedIn, 'cognito-gate.dev/controller': 'other', 'cognito-gate.dev/status': '{}' });
    const response = admissionBeside([]).mutate(review(other));
    assert.equal(response.patch, undefined);
    assert.match(response.warnings?.[0] ?? '', /controller\]: the Ingress is left .* \(this one: cognito-gate\)$/);
    assert.equal(admissionBeside([]).mutate(review(other, other)).warnings, undefined);
  });

  test('nor one that is being deleted, nor one under the bypass label', () => {
    const going = {
      ...app(signedIn),
      metadata: { ...app(signedIn).metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    assert.equal(admissionBeside([]).mutate(review(going, app(signedIn))).patch, undefined);
    const bypass = admissionBeside([], { 'cognito-gate.dev/bypass': 'incident' });
    assert.deepEqual(bypass.mutate(review(app(), stored(app(signedIn), []))), { uid: 'u1', allowed: true });
  });

  test('before anything was read there is no answer, and no yes', () => {
    for (const verb of ['mutate', 'validate'] as const)
      assert.throws(() => admissionBeside(undefined)[verb](review(app(signedIn))), NotLoadedError);
  });
});

suite('P29 marks and stickiness', () => {
  const marked = stored(app(signedIn), []);
  const targeted = stored(app(), [target]);

  test('kubectl replace without annotations: what a policy began stays wired, policy or not', () => {
    for (const beside of [[target], []]) {
      const object = stored(app(), beside, targeted);
      assert.ok(isWired(object));
      assert.equal(statusOf(object)?.['began'], 'target');
    }
    assert.equal(statusOf(stored(app(), [], targeted))?.['reason'], 'PolicyGone');
  });

  test('the mark alone is removed: withdrawn', () => {
    const { 'cognito-gate.dev/access': _mark, ...rest } = annotationsOf(marked);
    assert.deepEqual(annotationsOf(stored(app(rest), [], marked)), {});
  });

  test('everything is removed from what a mark began: withdrawn', () => {
    assert.deepEqual(annotationsOf(stored(app(), [], marked)), {});
  });

  test('a mark that is removed while a policy points at it: stays', () => {
    const object = stored(app(), [target], marked);
    assert.ok(isWired(object));
    assert.equal(statusOf(object)?.['began'], 'target');
  });

  test('a forged status ends nothing', () => {
    const forged = { ...annotationsOf(targeted), 'cognito-gate.dev/status': '{"began":"mark"}' };
    const object = stored(app(forged), [], targeted);
    assert.ok(isWired(object));
    assert.equal(statusOf(object)?.['began'], 'target');
  });

  test('status alone on an Ingress is taken off', () => {
    const alone = { 'cognito-gate.dev/status': '{"began":"target","state":"Enforced"}', a: 'b' };
    assert.deepEqual(annotationsOf(stored(app(alone), [])), { a: 'b' });
    assert.deepEqual(annotationsOf(stored(app(alone), [], app())), { a: 'b' });
  });

  test('wiring that comes without its policy (a restored backup) stays and refuses', () => {
    const object = stored(app(annotationsOf(targeted)), []);
    assert.ok(isWired(object));
    assert.equal(statusOf(object)?.['reason'], 'PolicyGone');
  });

  test('wiring that is taken off or changed comes back', () => {
    for (const name of Object.keys(ours)) {
      const { [name]: _gone, ...without } = annotationsOf(marked);
      assert.ok(isWired(stored(app(without), [], marked)), name);
    }
    const changed = { ...annotationsOf(marked), 'nginx.ingress.kubernetes.io/auth-signin': 'https://evil.example/' };
    assert.ok(isWired(stored(app(changed), [], marked)));
  });

  test('unprotect lets go of what a policy began, and has no effect beside a mark', () => {
    const unprotect = { 'cognito-gate.dev/unprotect': 'true' };
    assert.deepEqual(annotationsOf(stored(app(unprotect), [], targeted)), unprotect);
    const response = admissionBeside([]).mutate(review(app({ ...annotationsOf(marked), ...unprotect }), marked));
    assert.ok(response.allowed && response.warnings?.some((text) => /UnprotectRefused/.test(text)));
  });

  test('a foreign auth-url: refused, but with take-over', () => {
    const foreign = { ...signedIn, [authUrl]: 'http://oauth2-proxy/auth' };
    assert.ok(/shop\/shop: metadata\.annotations.*auth-url.*\(ForeignAuthUrl\)/.test(refusal(app(foreign), [])));
    assert.ok(isWired(stored(app({ ...foreign, 'cognito-gate.dev/take-over': 'true' }), [])));
  });

  test('a foreign auth-url on what is wired is put back, policy or not, and said', () => {
    const foreign = app({ ...annotationsOf(targeted), [authUrl]: 'http://oauth2-proxy/auth' });
    for (const beside of [[target], []]) {
      const response = admissionBeside(beside).mutate(review(foreign, targeted));
      assert.ok(isWired(patched(foreign, response)));
      assert.ok(response.warnings?.some((text) => /was put back/.test(text)));
    }
  });

  test('moving away: marks removed and another auth-url in one request', () => {
    const away = { [authUrl]: 'http://oauth2-proxy/auth' };
    assert.deepEqual(annotationsOf(stored(app(away), [], marked)), away);
  });

  test('naming another installation is no way out', () => {
    const other = stored(app({ 'cognito-gate.dev/controller': 'nobody' }), [target], targeted);
    assert.ok(isWired(other));
  });
});

suite('P29 what a ClusterAccessPolicy protects is left by no annotation', () => {
  const platform: TestObject = {
    apiVersion: 'cognito-gate.dev/v1alpha1',
    kind: 'ClusterAccessPolicy',
    metadata: { name: 'platform' },
    spec: { default: { rules: [{ name: 'all', access: 'SignedIn' }] } },
  };
  const beside = [platform, namespace('shop')];
  const nginx = (name: string, value: string): TestObject => app({ [`nginx.ingress.kubernetes.io/${name}`]: value });
  const rows: readonly (readonly [what: string, object: TestObject])[] = [
    ['another installation', app({ 'cognito-gate.dev/controller': 'nobody' })],
    ['another installation, and a mark', app({ ...signedIn, 'cognito-gate.dev/controller': 'nobody' })],
    ['an auth-url of its own', nginx('auth-url', 'http://yes.shop.svc/')],
    ['one that ends as ours', nginx('auth-url', `http://yes.shop.svc/nginx/${routeId('shop', 'shop')}`)],
    ['ssl-passthrough', nginx('ssl-passthrough', 'true')],
    ['aliases', nginx('server-alias', 'b.example.com')],
    ['satisfy', nginx('satisfy', 'any')],
    ['no host', { ...app(), spec: { ingressClassName: 'nginx', rules: [{}] } }],
    ['a class that we do not serve', app({}, { className: 'alb' })],
  ];
  for (const [what, object] of rows) {
    test(`${what}: refused, at a creation and at a change`, () => {
      for (const before of [undefined, app(), stored(app(), beside)]) {
        const mutated = admissionBeside(beside).mutate(review(object, before));
        // What is wired already is put back where that is enough.
        if (mutated.allowed) {
          assert.ok(before !== undefined && isWired(patched(object, mutated)), JSON.stringify(mutated));
          continue;
        }
        const text = mutated.status?.message ?? '';
        assert.ok(/platform selects the Ingress/.test(text) || (before && isWired(before)), text);
        assert.equal(admissionBeside(beside).validate(review(object, before)).allowed, false);
      }
    });
  }

  test('what was there before the policy is not refused for an ordinary deploy', () => {
    const alb = app({}, { className: 'alb' });
    const deployed = { ...alb, metadata: { ...alb.metadata, labels: { build: '7' } } };
    assert.ok(admissionBeside(beside).mutate(review(deployed, alb)).allowed);
  });

  test('where it selects nothing, another installation is not ours to touch', () => {
    const elsewhere = {
      ...platform,
      spec: { ...(platform['spec'] as object), selector: { ingressClassNames: ['x'] } },
    };
    const other = app({ ...signedIn, 'cognito-gate.dev/controller': 'other' });
    assert.equal(admissionBeside([elsewhere, namespace('shop')]).mutate(review(other)).patch, undefined);
  });
});

suite('P27 nobody takes the sign-in paths of an app of another namespace', () => {
  const theirs = stored(app(signedIn), []);
  const at = (path: string, annotations = {}): TestObject =>
    app(annotations, {
      namespace: 'thief',
      name: 'thief',
      paths: [{ path, pathType: 'ImplementationSpecific', service: 'thief', port: 80 }],
    });
  const regex = { 'nginx.ingress.kubernetes.io/use-regex': 'true' };

  test('by a regular expression: refused, though nothing on it concerns us', () => {
    for (const verb of ['mutate', 'validate'] as const) {
      const response = admissionBeside([theirs])[verb](review(at('/.+-gate/(start|complete).*', regex)));
      assert.equal(response.allowed, false);
      assert.ok(/takes the sign-in paths .* \(PathReserved\)/.test(response.status?.message ?? ''));
      assert.ok(!/shop\/shop/.test(JSON.stringify(response)), 'P24: whose app it is stays untold');
    }
  });

  test('other paths, and other hosts, are their business', () => {
    assert.ok(admissionBeside([theirs]).mutate(review(at('/images/(small|large)/.*', regex))).allowed);
    assert.ok(admissionBeside([]).mutate(review(at('/.+-gate/(start|complete).*', regex))).allowed);
  });
});

suite('P27 a host is for one namespace where one of two Ingresses is protected', () => {
  const theirs = stored(app(signedIn), []);
  const tries = (annotations = {}, host = 'shop.example.com'): TestObject =>
    app(annotations, { namespace: 'thief', name: 'thief', host });
  const alias = (name: string) => ({ 'nginx.ingress.kubernetes.io/server-alias': name });
  const beside = (objects: readonly TestObject[]) => admissionBeside(objects, {}, { sharedHosts: 'Refuse' });
  const other = { 'cognito-gate.dev/controller': 'other' };

  for (const [what, object] of [
    ['open', tries()],
    ['protected', tries(signedIn)],
    ['for another installation', tries(other)],
    ['by an alias', tries(alias('a.example.com, SHOP.example.com'), 'thief.example.com')],
    ['by a pattern', tries(alias('~^shop.*'), 'thief.example.com')],
  ] as const) {
    test(`${what}: refused, and whose the host is stays untold`, () => {
      for (const verb of ['mutate', 'validate'] as const) {
        const response = beside([theirs])[verb](review(object));
        assert.equal(response.allowed, false, verb);
        assert.match(response.status?.message ?? '', /^Ingress thief\/thief: .*sharedHosts: Allow.*\(HostShared\)/);
        assert.ok(!/shop\/shop/.test(JSON.stringify(response)), 'P24');
      }
    });
  }

  test('protected where another namespace stands open: refused too, it would share its sessions', () => {
    assert.equal(beside([tries()]).mutate(review(app(signedIn))).allowed, false);
  });

  test('what stands there already goes on being written, in its own namespace too', () => {
    const there = tries();
    const marked = tries(signedIn);
    assert.ok(beside([theirs, there]).mutate(review(marked, there)).allowed);
    assert.ok(beside([theirs]).mutate(review(app({}, { name: 'more' }))).allowed);
    assert.ok(beside([app()]).mutate(review(tries())).allowed, 'neither is protected');
  });
});

suite('P28 what is marked and cannot be protected is refused', () => {
  const rows: readonly (readonly [what: string, object: TestObject, message: RegExp])[] = [
    [
      'another class',
      app(signedIn, { className: 'alb' }),
      /^Ingress shop\/shop: spec\.ingressClassName: .*\(PlaneUnsupported\)/,
    ],
    [
      'ssl-passthrough',
      app({ ...signedIn, 'nginx.ingress.kubernetes.io/ssl-passthrough': 'true' }),
      /ssl-passthrough.*\(PlaneUnsupported\)/,
    ],
    ['aliases', app({ ...signedIn, 'nginx.ingress.kubernetes.io/server-alias': 'b.example.com' }), /server-alias/],
    [
      'no host',
      { ...app(signedIn), spec: { ingressClassName: 'nginx', rules: [{}] } },
      /spec\.rules\[0\]\.host: .*\(NoHost\)/,
    ],
    ['satisfy', app({ ...signedIn, 'nginx.ingress.kubernetes.io/satisfy': 'any' }), /satisfy.*\(AuthDropped\)/],
    [
      'a typing error',
      app({ 'cognito-gate.dev/alowed-groups': 'x' }),
      /did you mean .*allowed-groups\?.*\(UnknownAnnotation\)/,
    ],
    ['empty groups', app({ 'cognito-gate.dev/allowed-groups': '' }), /allowed-groups.*/],
    [
      'annotations that exclude each other',
      app({ ...signedIn, 'cognito-gate.dev/policy': 'x' }),
      /AnnotationsExclusive/,
    ],
  ];
  for (const [what, object, message] of rows) {
    test(what, () => {
      const text = refusal(object, []);
      assert.ok(message.test(text), text);
      assert.equal(admissionBeside([]).validate(review(object)).allowed, false);
    });
  }

  test('what was there before is not refused for an ordinary deploy, only said', () => {
    const alb = app(signedIn, { className: 'alb' });
    const deployed = { ...alb, metadata: { ...alb.metadata, labels: { build: '7' } } };
    const response = admissionBeside([]).mutate(review(deployed, alb));
    assert.ok(response.allowed && response.warnings?.some((text) => /PlaneUnsupported/.test(text)));
  });

  test('what only a policy points at is warned about', () => {
    const response = admissionBeside([target]).mutate(review(app({}, { className: 'alb' })));
    assert.ok(response.allowed && response.patch === undefined);
    assert.ok(response.warnings?.some((text) => /PlaneUnsupported/.test(text)));
  });

  test('a name that is yet to be made', () => {
    const object = { ...app(signedIn), metadata: { ...app(signedIn).metadata, name: '', generateName: 'shop-' } };
    assert.ok(/metadata\.generateName/.test(refusal(object, [])));
    const bare = {
      ...app(),
      metadata: { ...app().metadata, name: '', generateName: 'shop-', labels: { app: 'shop' } },
    };
    const selecting = policy('shop', { targetSelector: { matchLabels: { app: 'shop' } } });
    assert.ok(/metadata\.generateName/.test(refusal(bare, [selecting])));
    assert.equal(admissionBeside([policy('shop', shopTarget)]).mutate(review(bare)).allowed, true);
  });
});

suite('the last word', () => {
  test('what another webhook took off is not stored', () => {
    const { [authUrl]: _gone, ...rest } = annotationsOf(stored(app(signedIn), []));
    const response = admissionBeside([]).validate(review(app(rest)));
    assert.ok(!response.allowed && /another admission webhook/.test(response.status?.message ?? ''));
    assert.equal(admissionBeside([]).validate(review(stored(app(signedIn), []))).allowed, true);
  });
});

suite('policies and pools', () => {
  const answer = (object: TestObject, before?: TestObject, beside: readonly TestObject[] = []) =>
    admissionBeside(beside).validate(review(object, before));
  const regex = (value: string): object => ({
    rules: [{ name: 'a', match: { paths: [{ type: 'RegularExpression', value }] }, access: 'SignedIn' }],
    ...shopTarget,
  });

  test('what is certainly wrong is refused: a regular expression', () => {
    const { allowed, status } = answer(policy('shop', regex('/(x')));
    assert.equal(allowed, false);
    assert.ok(
      /^AccessPolicy shop\/shop: spec\.rules\[0\]\.match\.paths\[0\]\.value: .*\(Invalid\)/.test(status?.message ?? ''),
    );
  });

  test('what another object may mend is a warning', () => {
    const { allowed, warnings } = answer(
      policy('shop', { ...shopTarget, poolRefs: [{ name: 'none', namespace: 'identity' }] }),
    );
    assert.equal(allowed, true);
    for (const reason of ['TargetNotFound', 'PoolNotFound'])
      assert.ok(
        warnings?.some((text) => text.includes(reason)),
        reason,
      );
  });

  test('a target without a mark is advised one', () => {
    const { warnings } = admissionBeside([target]).mutate(review(app()));
    assert.ok(
      warnings?.some((text) => /MarkAdvised/.test(text)),
      JSON.stringify(warnings),
    );
  });

  test('an unchanged spec is not refused again: finalizers stay writable', () => {
    const broken = policy('shop', regex('/(x'));
    const { allowed, warnings } = answer({ ...broken, metadata: { ...broken.metadata, labels: {} } }, broken);
    assert.ok(allowed && warnings?.some((text) => /Invalid/.test(text)));
  });

  test('mutate leaves them alone', () => {
    assert.deepEqual(admissionBeside([]).mutate(review(policy('shop', regex('/(x')))), { uid: 'u1', allowed: true });
  });
});

suite('reviews and patches', () => {
  test('a malformed review is denied', () => {
    for (const bad of [
      undefined,
      null,
      1,
      'x',
      [],
      {},
      { request: {} },
      { request: { uid: 'a' } },
      { request: { uid: 1, kind: 2 } },
    ]) {
      const response = admissionBeside([]).mutate(bad);
      assert.deepEqual([response.allowed, response.status?.code], [false, 400]);
    }
  });

  test('other kinds, deletions and subresources pass', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'b' } };
    assert.equal(admissionBeside([]).mutate(review(pod)).allowed, true);
    const gone = review(app(signedIn), undefined, { operation: 'DELETE', object: null });
    assert.equal(admissionBeside([]).mutate(gone).allowed, true);
    assert.equal(admissionBeside([]).mutate(review(app(signedIn), app(), { subResource: 'status' })).patch, undefined);
  });

  test('names are escaped (RFC 6901)', () => {
    assert.deepEqual(annotationPatch({ 'a/b~c': '1' }, { 'a/b~c': null, d: '2' }), [
      { op: 'remove', path: '/metadata/annotations/a~1b~0c' },
      { op: 'add', path: '/metadata/annotations/d', value: '2' },
    ]);
  });

  test('without annotations the map comes with them; what is so already is left', () => {
    assert.deepEqual(annotationPatch(undefined, { a: '1', b: null }), [
      { op: 'add', path: '/metadata/annotations', value: { a: '1' } },
    ]);
    assert.deepEqual(annotationPatch({ a: '1' }, { a: '1', b: null }), []);
  });
});
